import Crypto
import FoundationEssentials

/// The initiating side of Noise_IKpsk2_25519_AESGCM_SHA256 (Noise revision 34, §7.5 and §9): it knows the responder's key beforehand.
///
/// ```
/// <- s
/// ...
/// -> e, es, s, ss
/// <- e, ee, se, psk
/// ```
/// Message 1 can be replayed by anyone who saw it, so its payload must not act. Held by `NoiseVectorTests`.
public struct NoiseInitiator: Sendable {
    /// Message 1 is this much longer than its payload: e (32), sealed s (48), tag (16).
    public static let message1Overhead = 96

    /// The bytes to send, and to send again unchanged when no answer comes.
    public let message1: [UInt8]
    private let state: NoiseSymmetricState
    private let staticKey: NoiseKeyPair
    private let ephemeral: NoiseKeyPair
    private let remoteStatic: [UInt8]
    private let psk: SymmetricKey

    /// - Parameters:
    ///   - ephemeral: a pair used for this handshake alone.
    ///   - psk: 32 bytes both sides know. All zeros where there is no shared secret.
    ///   - prologue: bytes both sides must agree on, such as the versions offered.
    public init(
        staticKey: NoiseKeyPair, ephemeral: NoiseKeyPair = NoiseKeyPair(), remoteStatic: [UInt8], psk: [UInt8], prologue: [UInt8],
        payload: [UInt8] = []
    ) throws(NoiseError) {
        guard psk.count == 32, remoteStatic.count == 32 else { throw .badKey }
        self.staticKey = staticKey
        self.ephemeral = ephemeral
        self.remoteStatic = remoteStatic
        self.psk = SymmetricKey(data: psk)
        var state = NoiseSymmetricState(prologue: prologue)
        state.mix(hash: remoteStatic)
        var message = ephemeral.publicKey
        state.mix(hash: ephemeral.publicKey)
        state.mix(key: ephemeral.publicKey)
        state.mix(key: try ephemeral.agree(with: remoteStatic))
        message += try state.encryptAndHash(staticKey.publicKey)
        state.mix(key: try staticKey.agree(with: remoteStatic))
        message += try state.encryptAndHash(payload)
        message1 = message
        self.state = state
    }

    /// Reads message 2. Does not change `self`, so that the true message can still be read after a forged one.
    public func read(message2: [UInt8]) throws(NoiseError) -> (payload: [UInt8], session: NoiseSession) {
        guard message2.count >= NoiseResponder.message2Overhead else { throw .malformed }
        let remoteEphemeral = Array(message2[..<32])
        var state = state
        state.mix(hash: remoteEphemeral)
        state.mix(key: remoteEphemeral)
        state.mix(key: try ephemeral.agree(with: remoteEphemeral))
        state.mix(key: try staticKey.agree(with: remoteEphemeral))
        state.mix(keyAndHash: psk)
        let payload = try state.decryptAndHash(message2[32...])
        let keys = state.split()
        return (
            payload,
            NoiseSession(
                sendKey: keys.initiatorToResponder, receiveKey: keys.responderToInitiator, handshakeHash: state.hash,
                remoteStatic: remoteStatic)
        )
    }
}
