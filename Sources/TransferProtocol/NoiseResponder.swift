import Crypto
import FoundationEssentials

/// The responding side of Noise_IKpsk2_25519_AESGCM_SHA256, once message 1 has been read and proven to come from `remoteStatic`.
///
/// Only the initiator's first sealed packet after message 2 proves that it knows the pre-shared key (Noise §9.3): before one opens, no
/// request of the initiator may be acted on.
public struct NoiseResponder: Sendable {
    /// Message 2 is this much longer than its payload: e (32), tag (16).
    public static let message2Overhead = 48

    /// The payload of message 1. It may be a replay.
    public let payload: [UInt8]
    /// The initiator's long-term public key, by which a pre-shared key may be chosen.
    public let remoteStatic: [UInt8]
    private let state: NoiseSymmetricState
    private let remoteEphemeral: [UInt8]

    /// Reads message 1. Throws `authentication` where it was made for another key or another prologue.
    public init(reading message1: [UInt8], staticKey: NoiseKeyPair, prologue: [UInt8]) throws(NoiseError) {
        guard message1.count >= NoiseInitiator.message1Overhead else { throw .malformed }
        remoteEphemeral = Array(message1[..<32])
        var state = NoiseSymmetricState(prologue: prologue)
        state.mix(hash: staticKey.publicKey)
        state.mix(hash: remoteEphemeral)
        state.mix(key: remoteEphemeral)
        state.mix(key: try staticKey.agree(with: remoteEphemeral))
        remoteStatic = try state.decryptAndHash(message1[32..<80])
        state.mix(key: try staticKey.agree(with: remoteStatic))
        payload = try state.decryptAndHash(message1[80...])
        self.state = state
    }

    /// Makes message 2 and the session. Retransmit a lost message 2 as the same bytes: the same `ephemeral` must never be used with another
    /// payload.
    public func answer(ephemeral: NoiseKeyPair = NoiseKeyPair(), psk: [UInt8], payload: [UInt8] = []) throws(NoiseError) -> (
        message2: [UInt8], session: NoiseSession
    ) {
        guard psk.count == 32 else { throw .badKey }
        var state = state
        state.mix(hash: ephemeral.publicKey)
        state.mix(key: ephemeral.publicKey)
        state.mix(key: try ephemeral.agree(with: remoteEphemeral))
        state.mix(key: try ephemeral.agree(with: remoteStatic))
        state.mix(keyAndHash: SymmetricKey(data: psk))
        let message = ephemeral.publicKey + (try state.encryptAndHash(payload))
        let keys = state.split()
        return (
            message,
            NoiseSession(
                sendKey: keys.responderToInitiator, receiveKey: keys.initiatorToResponder, handshakeHash: state.hash,
                remoteStatic: remoteStatic)
        )
    }
}
