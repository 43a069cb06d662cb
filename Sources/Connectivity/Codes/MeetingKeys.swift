import Crypto

/// The keys of one meeting: those that prove to each side that the other knows the code, and those that seal what they say then.
///
/// All are HKDF-SHA256 (RFC 5869) of the key of SPAKE2, with SHA-256 over the transcript as the salt and a label of their own. The transcript
/// is `chatty code 1`, the place, the guest's message and the host's, each behind its length in two bytes.
struct MeetingKeys {
    private static let tagSize = 16

    private let role: MeetingRole
    private let transcript: [UInt8]
    private let confirm: (host: SymmetricKey, guest: SymmetricKey)
    private let seal: (host: SymmetricKey, guest: SymmetricKey)

    /// - Parameters:
    ///   - secret: the key of SPAKE2.
    ///   - guest, host: the messages of SPAKE2.
    init(role: MeetingRole, secret: [UInt8], place: [UInt8], guest: [UInt8], host: [UInt8]) {
        var transcript: [UInt8] = []
        for part in [Array("chatty code 1".utf8), place, guest, host] {
            transcript.append(bigEndian: UInt16(part.count))
            transcript += part
        }
        let salt = Array(SHA256.hash(data: transcript))
        func derive(_ label: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: secret), salt: salt, info: Array("chatty code \(label)".utf8), outputByteCount: 32)
        }
        self.role = role
        self.transcript = transcript
        confirm = (derive("confirm host"), derive("confirm guest"))
        seal = (derive("seal host"), derive("seal guest"))
    }

    /// What proves that this side has the key: HMAC-SHA256 of the transcript, 32 bytes.
    var confirmation: [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: transcript, using: role == .host ? confirm.host : confirm.guest))
    }

    /// Whether it is the other side's confirmation. In constant time.
    func isConfirmation(_ code: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: transcript, using: role == .host ? confirm.guest : confirm.host)
    }

    /// Seals this side's text number `number` with AES-256-GCM; nonce and additional data are the number.
    func sealed(_ text: [UInt8], number: UInt8) -> [UInt8]? {
        guard let nonce = try? AES.GCM.Nonce(data: Self.nonce(number)) else { return nil }
        let key = role == .host ? seal.host : seal.guest
        guard let box = try? AES.GCM.seal(text, using: key, nonce: nonce, authenticating: [number]) else { return nil }
        return Array(box.ciphertext) + Array(box.tag)
    }

    /// Opens the other side's text number `number`; nil if it is not authentic.
    func opened(_ sealed: [UInt8], number: UInt8) -> [UInt8]? {
        guard sealed.count >= Self.tagSize, let nonce = try? AES.GCM.Nonce(data: Self.nonce(number)),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: sealed.dropLast(Self.tagSize), tag: sealed.suffix(Self.tagSize)),
            let text = try? AES.GCM.open(box, using: role == .host ? seal.guest : seal.host, authenticating: [number])
        else { return nil }
        return Array(text)
    }

    private static func nonce(_ number: UInt8) -> [UInt8] { [UInt8](repeating: 0, count: 11) + [number] }
}
