import Crypto
import Foundation
import Testing

@testable import TransferProtocol

/// The published vectors of cacophony for Noise_IKpsk2_25519_AESGCM_SHA256, for both roles, and messages that must be rejected.
@Suite struct NoiseVectorTests {
    struct Vector: Decodable {
        struct Message: Decodable { let payload: String, ciphertext: String }
        let name, initPrologue, initPsk, initStatic, initEphemeral, initRemoteStatic: String
        let respPrologue, respPsk, respStatic, respEphemeral: String
        let messages: [Message]
    }

    static func vector() throws -> Vector {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Vectors/noise-ikpsk2.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Vector.self, from: Data(contentsOf: url))
    }

    static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0 }
    }

    struct Parties {
        let initiator: NoiseInitiator
        let responderStatic, responderEphemeral: NoiseKeyPair
        let initiatorPublic: [UInt8]
        let psk, prologue: [UInt8]
    }

    static func parties(_ vector: Vector) throws -> Parties {
        let initiatorStatic = try NoiseKeyPair(privateBytes: bytes(vector.initStatic))
        return Parties(
            initiator: try NoiseInitiator(
                staticKey: initiatorStatic, ephemeral: try NoiseKeyPair(privateBytes: bytes(vector.initEphemeral)),
                remoteStatic: bytes(vector.initRemoteStatic), psk: bytes(vector.initPsk), prologue: bytes(vector.initPrologue),
                payload: bytes(vector.messages[0].payload)),
            responderStatic: try NoiseKeyPair(privateBytes: bytes(vector.respStatic)),
            responderEphemeral: try NoiseKeyPair(privateBytes: bytes(vector.respEphemeral)),
            initiatorPublic: initiatorStatic.publicKey, psk: bytes(vector.respPsk), prologue: bytes(vector.respPrologue))
    }

    @Test func handshakeAndTransportMatchTheVector() throws {
        let vector = try Self.vector()
        #expect(vector.name == "Noise_IKpsk2_25519_AESGCM_SHA256")
        let parties = try Self.parties(vector)
        #expect(parties.initiator.message1 == Self.bytes(vector.messages[0].ciphertext))

        let responder = try NoiseResponder(
            reading: parties.initiator.message1, staticKey: parties.responderStatic, prologue: parties.prologue)
        #expect(responder.payload == Self.bytes(vector.messages[0].payload))
        #expect(responder.remoteStatic == parties.initiatorPublic)

        let answer = try responder.answer(
            ephemeral: parties.responderEphemeral, psk: parties.psk, payload: Self.bytes(vector.messages[1].payload))
        #expect(answer.message2 == Self.bytes(vector.messages[1].ciphertext))

        let read = try parties.initiator.read(message2: answer.message2)
        #expect(read.payload == Self.bytes(vector.messages[1].payload))
        #expect(read.session.handshakeHash == answer.session.handshakeHash)
        #expect(read.session.remoteStatic == parties.responderStatic.publicKey)

        for (index, message) in vector.messages.dropFirst(2).enumerated() {
            let sender = index.isMultiple(of: 2) ? read.session : answer.session
            let receiver = index.isMultiple(of: 2) ? answer.session : read.session
            let number = UInt64(index / 2)
            let sealed = try NoiseCipher(key: sender.sendKey).seal(Self.bytes(message.payload), nonce: number, authenticating: [UInt8]())
            #expect(sealed == Self.bytes(message.ciphertext))
            let opened = try NoiseCipher(key: receiver.receiveKey).open(sealed, nonce: number, authenticating: [UInt8]())
            #expect(opened == Self.bytes(message.payload))
        }
        #expect(read.session.sendKey(for: "a") == answer.session.receiveKey(for: "a"))
        #expect(read.session.sendKey(for: "a") != read.session.sendKey(for: "b"))
        #expect(read.session.sendKey(for: "a") != read.session.receiveKey(for: "a"))
    }

    @Test func everyDamagedByteOfMessage1IsRefused() throws {
        let parties = try Self.parties(try Self.vector())
        for index in parties.initiator.message1.indices {
            var damaged = parties.initiator.message1
            damaged[index] ^= 0x01
            #expect(throws: NoiseError.self) {
                try NoiseResponder(reading: damaged, staticKey: parties.responderStatic, prologue: parties.prologue)
            }
        }
        for length in 0..<parties.initiator.message1.count {
            #expect(throws: NoiseError.self) {
                try NoiseResponder(
                    reading: Array(parties.initiator.message1.prefix(length)), staticKey: parties.responderStatic,
                    prologue: parties.prologue)
            }
        }
    }

    @Test func everyDamagedByteOfMessage2IsRefusedAndTheTrueOneStillRead() throws {
        let parties = try Self.parties(try Self.vector())
        let responder = try NoiseResponder(
            reading: parties.initiator.message1, staticKey: parties.responderStatic, prologue: parties.prologue)
        let answer = try responder.answer(ephemeral: parties.responderEphemeral, psk: parties.psk)
        for index in answer.message2.indices {
            var damaged = answer.message2
            damaged[index] ^= 0x80
            // X25519 ignores the top bit of a public key (RFC 7748 §5), but the transcript hash does not.
            #expect(throws: NoiseError.self) { try parties.initiator.read(message2: damaged) }
        }
        #expect(throws: NoiseError.malformed) { try parties.initiator.read(message2: Array(answer.message2.prefix(47))) }
        #expect(try parties.initiator.read(message2: answer.message2).payload.isEmpty)
    }

    @Test func anotherKeySecretOrPrologueIsRefused() throws {
        let parties = try Self.parties(try Self.vector())
        #expect(throws: NoiseError.authentication) {
            try NoiseResponder(reading: parties.initiator.message1, staticKey: NoiseKeyPair(), prologue: parties.prologue)
        }
        #expect(throws: NoiseError.authentication) {
            try NoiseResponder(reading: parties.initiator.message1, staticKey: parties.responderStatic, prologue: [1])
        }
        let responder = try NoiseResponder(
            reading: parties.initiator.message1, staticKey: parties.responderStatic, prologue: parties.prologue)
        let wrong = try responder.answer(psk: [UInt8](repeating: 9, count: 32))
        #expect(throws: NoiseError.authentication) { try parties.initiator.read(message2: wrong.message2) }
        #expect(throws: NoiseError.badKey) { try responder.answer(psk: [1, 2, 3]) }
    }

    @Test func aPointOfLowOrderIsRefused() throws {
        let parties = try Self.parties(try Self.vector())
        for point in [[UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31)] {
            #expect(throws: NoiseError.badKey) {
                try NoiseInitiator(staticKey: NoiseKeyPair(), remoteStatic: point, psk: parties.psk, prologue: [])
            }
            #expect(throws: NoiseError.badKey) {
                try NoiseResponder(
                    reading: point + [UInt8](repeating: 7, count: 64), staticKey: parties.responderStatic, prologue: [])
            }
            let responder = try NoiseResponder(
                reading: parties.initiator.message1, staticKey: parties.responderStatic, prologue: parties.prologue)
            let answer = try responder.answer(psk: parties.psk)
            #expect(throws: NoiseError.badKey) { try parties.initiator.read(message2: point + answer.message2[32...]) }
        }
    }
}
