/// The textual form of a certificate's SHA-256 digest, the same in servers and clients.
public enum CertificateDigest {
    /// `SHA256:` and 32 pairs of hexadecimal digits, separated by colons.
    public static func text(_ digest: some Sequence<UInt8>) -> String {
        "SHA256:" + digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: ":")
    }
}
