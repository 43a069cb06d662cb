import Crypto
import FoundationEssentials

/// The SymmetricState of Noise §5.2 with its CipherState (§5.1), for the one protocol name that chatty speaks.
struct NoiseSymmetricState: Sendable {
    /// The protocol name of Noise §5.2 (InitializeSymmetric), which pads shorter names to 32 bytes and hashes longer ones; this one is
    /// exactly 32 bytes.
    static let protocolName = Array("Noise_IKpsk2_25519_AESGCM_SHA256".utf8)

    private(set) var hash: [UInt8]
    private var chainingKey: SymmetricKey
    private var cipher: NoiseCipher?
    private var nonce: UInt64 = 0

    init(prologue: [UInt8]) {
        hash = Self.protocolName
        chainingKey = SymmetricKey(data: Self.protocolName)
        mix(hash: prologue)
    }

    mutating func mix(hash bytes: some DataProtocol) {
        var hasher = SHA256()
        hasher.update(data: hash)
        hasher.update(data: bytes)
        hash = Array(hasher.finalize())
    }

    mutating func mix(key material: some ContiguousBytes) {
        let keys = derive(material, count: 2)
        chainingKey = keys[0]
        start(keys[1])
    }

    /// The `psk` token, §9.2.
    mutating func mix(keyAndHash psk: some ContiguousBytes) {
        let keys = derive(psk, count: 3)
        chainingKey = keys[0]
        mix(hash: keys[1].withUnsafeBytes { Array($0) })
        start(keys[2])
    }

    /// Encrypts with the handshake hash as associated data. The pattern IKpsk2 has always mixed in a key before this is called.
    mutating func encryptAndHash(_ plaintext: [UInt8]) throws(NoiseError) -> [UInt8] {
        guard let cipher else { throw .badKey }
        let sealed = try cipher.seal(plaintext, nonce: nonce, authenticating: hash)
        nonce += 1
        mix(hash: sealed)
        return sealed
    }

    mutating func decryptAndHash(_ sealed: ArraySlice<UInt8>) throws(NoiseError) -> [UInt8] {
        guard let cipher else { throw .badKey }
        let plaintext = try cipher.open(sealed, nonce: nonce, authenticating: hash)
        nonce += 1
        mix(hash: sealed)
        return plaintext
    }

    /// The two transport keys, initiator's first (§5.2, Split).
    func split() -> (initiatorToResponder: SymmetricKey, responderToInitiator: SymmetricKey) {
        let keys = derive([UInt8](), count: 2)
        return (keys[0], keys[1])
    }

    private mutating func start(_ key: SymmetricKey) {
        cipher = NoiseCipher(key: key)
        nonce = 0
    }

    /// HKDF of §4.3: two or three outputs of 32 bytes.
    private func derive(_ material: some ContiguousBytes, count: Int) -> [SymmetricKey] {
        var extract = HMAC<SHA256>(key: chainingKey)
        material.withUnsafeBytes { extract.update(data: $0) }
        let temporary = SymmetricKey(data: extract.finalize())
        var outputs: [SymmetricKey] = []
        for index in 1...count {
            var expand = HMAC<SHA256>(key: temporary)
            outputs.last?.withUnsafeBytes { expand.update(data: $0) }
            expand.update(data: [UInt8(index)])
            outputs.append(SymmetricKey(data: expand.finalize()))
        }
        return outputs
    }
}
