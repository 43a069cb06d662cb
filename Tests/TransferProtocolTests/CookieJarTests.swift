import Connectivity
import TestSupport
import Testing

@testable import TransferProtocol

/// A cookie proves an address only if nobody can make one without the key.
@Suite struct CookieJarTests {
    private static let address = NetworkAddress(ipv4: 0x0A00_0001, port: 9)
    private static let initiator = ConnectionID(7)
    private static let now = TransferInstant(nanoseconds: 5_000_000_000)

    private static func jar(_ seed: UInt64) -> CookieJar {
        var random: any RandomNumberGenerator = SeededGenerator(seed: seed)
        return CookieJar(random: &random)
    }

    @Test func itsOwnIsValidForAWhileAndForNobodyElse() {
        let jar = Self.jar(1)
        let cookie = jar.cookie(for: Self.address, Self.initiator, at: Self.now)
        #expect(jar.isValid(cookie, for: Self.address, Self.initiator, at: Self.now + .seconds(Int64(30))))
        #expect(!jar.isValid(cookie, for: Self.address, Self.initiator, at: Self.now + .seconds(Int64(31))))
        #expect(!jar.isValid(cookie, for: NetworkAddress(ipv4: 0x0A00_0002, port: 9), Self.initiator, at: Self.now))
        #expect(!jar.isValid(cookie, for: NetworkAddress(ipv4: 0x0A00_0001, port: 10), Self.initiator, at: Self.now))
        #expect(!jar.isValid(cookie, for: Self.address, ConnectionID(8), at: Self.now))
        #expect(!Self.jar(2).isValid(cookie, for: Self.address, Self.initiator, at: Self.now))
    }

    @Test func noBitCanBeChanged() {
        let jar = Self.jar(3)
        let cookie = jar.cookie(for: Self.address, Self.initiator, at: Self.now)
        for bit in 0..<cookie.count * 8 {
            var changed = cookie
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(!jar.isValid(changed, for: Self.address, Self.initiator, at: Self.now + .seconds(Int64(1))), "bit \(bit)")
        }
    }

    /// Codes of one byte again and again, with any last byte, and random ones.
    @Test func noCodeIsGuessed() {
        let jar = Self.jar(4)
        let time = Array(jar.cookie(for: Self.address, Self.initiator, at: Self.now)[..<8])
        var random = SeededGenerator(seed: 5)
        var guesses: [[UInt8]] = (0..<20_000).map { _ in random.bytes(16) }
        for byte in UInt8.min...UInt8.max {
            guesses.append([UInt8](repeating: byte, count: 16))
            guesses.append([UInt8](repeating: 0, count: 15) + [byte])
        }
        let accepted = guesses.count { jar.isValid(time + $0, for: Self.address, Self.initiator, at: Self.now) }
        #expect(accepted == 0)
    }
}
