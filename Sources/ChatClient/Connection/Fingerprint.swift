import ChatProtocol
import Crypto

/// The SHA-256 digest of a certificate in DER form, by which a self-signed one is recognised.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    let bytes: [UInt8]

    /// - Parameter certificate: the certificate in DER.
    init(ofCertificate certificate: [UInt8]) { bytes = Array(SHA256.hash(data: certificate)) }

    /// Parses 64 hexadecimal digits, with or without colons between them and `SHA256:` or `sha256 Fingerprint=` before them; nil for
    /// anything else.
    public init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        for prefix in ["sha256 fingerprint=", "sha256:"] where rest.lazy.map(ServerIdentity.small).starts(with: prefix.utf8) {
            rest = rest.dropFirst(prefix.utf8.count)
        }
        let digits = rest.filter { $0 != UInt8(ascii: ":") }
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for pair in stride(from: 0, to: 64, by: 2) {
            guard let high = Fingerprint.value(digits[pair]), let low = Fingerprint.value(digits[pair + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    /// `SHA256:` and 32 pairs of hexadecimal digits, separated by colons.
    public var description: String { CertificateDigest.text(bytes) }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
