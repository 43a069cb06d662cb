import Foundation
import X509

/// The certificates of the authorities that are trusted.
///
/// Those of the system are read when they are needed, from where distributions put them. Which file that is is not taken from the environment.
public struct TrustRoots: Sendable {
    /// Read one after the other, as far as is needed.
    let sources: [@Sendable () -> [Certificate]]

    /// The system's: the file with all of them, and its folder for those that are there alone (`openssl rehash`).
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

    /// `1a2b3c4d.0`: by that name OpenSSL finds a certificate in a folder. Others there are not in use.
    private static func hashedFiles(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().filter { name in
            let bytes = Array(name.utf8)
            return bytes.count > 9 && bytes[8] == UInt8(ascii: ".") && bytes[9...].allSatisfy { (0x30...0x39).contains($0) }
                && bytes[..<8].allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }.map { folder + "/" + $0 }
    }

    /// Those of a file in PEM. One of a kind unknown here is left out: nothing can be told to be signed by it.
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
