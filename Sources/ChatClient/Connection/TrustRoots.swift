import Foundation
import X509

/// The certificates of the trusted authorities.
///
/// The system's roots are read when they are needed, from the places where distributions put them. The environment cannot choose another
/// file.
public struct TrustRoots: Sendable {
    /// Sources of certificates, each read only if those before it do not suffice.
    let sources: [@Sendable () -> [Certificate]]

    /// The system's roots: the bundle file, and the folder for those that are only there (`openssl rehash`).
    public static let system = TrustRoots(sources: [
        { files.lazy.compactMap { FileManager.default.contents(atPath: $0) }.first.map(certificates) ?? [] },
        { hashedFiles(in: folder).flatMap { FileManager.default.contents(atPath: $0).map(certificates) ?? [] } },
    ])

    static func only(_ certificates: [Certificate]) -> TrustRoots { TrustRoots(sources: [{ certificates }]) }

    private static let files = [
        "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch, Alpine
        "/etc/pki/tls/certs/ca-bundle.crt",  // Fedora
    ]

    private static let folder = "/etc/ssl/certs"

    /// The files named like `1a2b3c4d.0`, by which OpenSSL finds a certificate in a folder. It does not use the others.
    private static func hashedFiles(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().filter { name in
            let bytes = Array(name.utf8)
            return bytes.count > 9 && bytes[8] == UInt8(ascii: ".") && bytes[9...].allSatisfy { (0x30...0x39).contains($0) }
                && bytes[..<8].allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }.map { folder + "/" + $0 }
    }

    /// The certificates in a PEM file. One of an unknown kind is left out: no signature could be checked against it.
    static func certificates(inPEM file: Data) -> [Certificate] {
        let lines = file.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        var certificates: [Certificate] = []
        var body: Data?
        for line in lines {
            if line.elementsEqual("-----BEGIN CERTIFICATE-----".utf8) {
                body = Data()
            } else if line.elementsEqual("-----END CERTIFICATE-----".utf8) {
                if let body, let der = Data(base64Encoded: body), let certificate = try? Certificate(derEncoded: Array(der)) {
                    certificates.append(certificate)
                }
                body = nil
            } else {
                body?.append(line)
            }
        }
        return certificates
    }
}
