import Crypto
import Foundation
import Testing

@testable import TransferProtocol

@Suite struct PacketCipherTests {
    private let key = SymmetricKey(data: Array(0..<32 as Range<UInt8>))

    @Test(arguments: [0, 1, 16, 1000, 16_400]) func sealsAsTheLibraryDoes(count: Int) throws {
        let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let header: [UInt8] = [1, 2, 3]
        var nonce = [UInt8](repeating: 0, count: 12)
        nonce[10] = 0x12
        nonce[11] = 0x34
        let box = try AES.GCM.seal(plain, using: key, nonce: AES.GCM.Nonce(data: nonce), authenticating: header)
        var memory = plain + [UInt8](repeating: 0, count: 16)
        var cipher = PacketCipher(key: key, numbersPerKey: 1 << 22)
        let sealed = header.withUnsafeBytes { header in
            memory.withUnsafeMutableBytes { cipher.seal($0, count: count, number: 0x1234, authenticating: header) }
        }
        #expect(sealed)
        #expect(memory == Array(box.ciphertext) + Array(box.tag))
        var damaged = memory
        damaged[damaged.count - 1] ^= 1
        header.withUnsafeBytes { header in
            damaged.withUnsafeMutableBytes {
                #expect(cipher.open(UnsafeRawBufferPointer($0), number: 0x1234, authenticating: header, into: $0) == nil)
            }
            var other = memory
            other.withUnsafeMutableBytes {
                #expect(cipher.open(UnsafeRawBufferPointer($0), number: 0x1235, authenticating: header, into: $0) == nil)
            }
            memory.withUnsafeMutableBytes {
                #expect(cipher.open(UnsafeRawBufferPointer($0), number: 0x1234, authenticating: header, into: $0) == count)
            }
        }
        #expect(Array(memory.prefix(count)) == plain)
    }

    @Test func keysChangeWithTheNumbersOnBothSidesAlike() {
        var sender = PacketCipher(key: key, numbersPerKey: 4)
        var receiver = PacketCipher(key: key, numbersPerKey: 4)
        var sealed: [[UInt8]] = []
        for number in 0..<20 as Range<UInt64> {
            var memory = [UInt8](repeating: UInt8(number), count: 8) + [UInt8](repeating: 0, count: 16)
            #expect(memory.withUnsafeMutableBytes { sender.seal($0, count: 8, number: number) })
            sealed.append(memory)
        }
        // Numbers out of order, across key updates.
        for number in [1, 0, 2, 4, 3, 5, 6, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16] {
            var copy = sealed[number]
            let count = copy.withUnsafeMutableBytes { receiver.open(UnsafeRawBufferPointer($0), number: UInt64(number), into: $0) }
            #expect(count == 8, "\(number)")
            #expect(copy.prefix(8).allSatisfy { $0 == UInt8(number) })
        }
        // A number of a deleted key, and one too far ahead.
        var old = sealed[2]
        #expect(old.withUnsafeMutableBytes { receiver.open(UnsafeRawBufferPointer($0), number: 2, into: $0) } == nil)
        #expect(old.withUnsafeMutableBytes { receiver.open(UnsafeRawBufferPointer($0), number: 100, into: $0) } == nil)
    }
}
