import ChatProtocol
import ChatStoreSQLite
import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import SystemSupport
import X509

/// A server's certificate and key: given files, or files that it made at its first start.
public struct TLSIdentity: Sendable {
    /// The SHA-256 fingerprint of the server's own certificate, the first of the chain.
    public let fingerprint: String
    /// The period in which clients accept the chain.
    let validity: CertificateValidity
    let certificates: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey

    /// Reads a certificate chain and its key, both PEM.
    public init(certificateFile: String, keyFile: String) throws(UserFacingError) {
        let chain = try SmallFile.read("The certificate", certificateFile, limit: 1 << 20)
        let keyBytes = try SmallFile.read("The private key", keyFile, limit: 1 << 20)
        try self.init(
            chain: Array(chain.withoutByteOrderMark), key: Array(keyBytes.withoutByteOrderMark), certificateFile: certificateFile,
            keyFile: keyFile)
    }

    /// The identity of a data folder: a P-256 key and a self-signed certificate, made if neither exists. If only one of the files is
    /// missing, this throws: clients would not know a new identity.
    public init(of folder: DataFolder) throws(UserFacingError) {
        let (certificateFile, keyFile) = (folder.file("tls-cert.pem"), folder.file("tls-key.pem"))
        let hasCertificate = access(certificateFile, F_OK) == 0
        let hasKey = access(keyFile, F_OK) == 0
        guard hasCertificate == hasKey else {
            let (missing, there) = hasKey ? (certificateFile, keyFile) : (keyFile, certificateFile)
            throw UserFacingError(
                "\(missing) is missing, and \(there) cannot be used without it. Restore it, or remove \(there) to have a new certificate and key made."
            )
        }
        if !hasKey {
            let made: (certificate: String, key: String)
            do { made = try TLSIdentity.make() } catch { throw UserFacingError("Cannot make a TLS certificate and key: \(error)") }
            try SmallFile.write("The private key", keyFile, Array(made.key.utf8))
            try SmallFile.write("The certificate", certificateFile, Array(made.certificate.utf8))
        }
        try self.init(certificateFile: certificateFile, keyFile: keyFile)
    }

    private init(chain: [UInt8], key keyBytes: [UInt8], certificateFile: String, keyFile: String) throws(UserFacingError) {
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(chain), let own = certificates.first,
            let der = try? own.toDERBytes()
        else { throw UserFacingError("The certificate \(certificateFile) is not a certificate in PEM.") }
        guard let key = try? NIOSSLPrivateKey(bytes: keyBytes, format: .pem) else {
            throw UserFacingError("The private key \(keyFile) is not a private key in PEM.")
        }
        self.certificates = certificates
        self.key = key
        validity = CertificateValidity(
            file: certificateFile, from: certificates.map { Timestamp(seconds: $0.notValidBefore) }.max() ?? .init(milliseconds: 0),
            until: certificates.map { Timestamp(seconds: $0.notValidAfter) }.min() ?? .init(milliseconds: .max))
        fingerprint = CertificateDigest.text(SHA256.hash(data: der))
        do { _ = try context() } catch {
            throw UserFacingError("The private key \(keyFile) does not belong to the certificate \(certificateFile).")
        }
    }

    /// A context for TLS 1.2 or later with this identity.
    func context() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        return try NIOSSLContext(configuration: configuration)
    }

    private static func make() throws -> (certificate: String, key: String) {
        let secret = P256.Signing.PrivateKey()
        let key = Certificate.PrivateKey(secret)
        let name = try DistinguishedName { CommonName("chatty") }
        let now = Date()
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: now.addingTimeInterval(-86_400), notValidAfter: now.addingTimeInterval(3650 * 86_400), issuer: name,
            subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames([.dnsName("localhost")])
            }, issuerPrivateKey: key)
        return (try certificate.serializeAsPEM().pemString + "\n", secret.pemRepresentation + "\n")
    }
}

extension Timestamp {
    fileprivate init(seconds: time_t) { self.init(milliseconds: Int64(seconds).multipliedReportingOverflow(by: 1000).partialValue) }
}
