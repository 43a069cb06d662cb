import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import X509

/// An authority for tests, which issues valid and faulty certificates for servers.
public struct TestAuthority: Sendable {
    /// The deviations of a certificate from a valid one.
    public struct Wishes: Sendable {
        public var commonName = "server"
        public var notBefore = Date().addingTimeInterval(-86_400)
        public var notAfter = Date().addingTimeInterval(86_400)
        public var isAuthority = false
        /// The extended key usage; nil for none.
        public var usage: [ExtendedKeyUsage.Usage]? = [.serverAuth]
        public var key: Key = .p256
        public var usesSHA1 = false
        /// Whether the certificate has an unknown critical extension.
        public var isStrange = false
        public var permittedNames: [String] = []
    }

    public enum Key: Sendable {
        case p256, rsa1024, rsa2048
    }

    /// A certificate with its key and its intermediates.
    public struct Issued: Sendable {
        public let certificate: Certificate
        public var others: [Certificate]
        public let keyPEM: String

        public var der: [UInt8] { get throws { try TestAuthority.der(certificate) } }
        public var otherDER: [[UInt8]] { get throws { try others.map(TestAuthority.der) } }

        /// The chain in the form that a server reads.
        public var chainPEM: String {
            get throws { try ([certificate] + others).map { try $0.serializeAsPEM().pemString + "\n" }.joined() }
        }
    }

    public let certificate: Certificate
    private let key: Certificate.PrivateKey
    /// The chain from this authority upwards, without the root.
    private let chain: [Certificate]

    public var pem: String { get throws { try certificate.serializeAsPEM().pemString + "\n" } }

    /// Makes a root.
    public init(_ name: String = "Test Root", _ change: (inout Wishes) -> Void = { _ in }) throws {
        let made = try TestAuthority.make(TestAuthority.authority(name, change), [], issuer: nil)
        (certificate, key, chain) = (made.certificate, made.key, [])
    }

    private init(_ certificate: Certificate, _ key: Certificate.PrivateKey, _ chain: [Certificate]) {
        self.certificate = certificate
        self.key = key
        self.chain = chain
    }

    /// An intermediate authority that this one has issued.
    public func intermediate(_ name: String = "Test Intermediate", _ change: (inout Wishes) -> Void = { _ in }) throws -> TestAuthority {
        let made = try TestAuthority.make(TestAuthority.authority(name, change), [], issuer: self)
        return TestAuthority(made.certificate, made.key, [made.certificate] + chain)
    }

    public func issue(_ names: [GeneralName], _ change: (inout Wishes) -> Void = { _ in }) throws -> Issued {
        var wishes = Wishes()
        change(&wishes)
        let made = try TestAuthority.make(wishes, names, issuer: self)
        return Issued(certificate: made.certificate, others: chain, keyPEM: made.pem)
    }

    public static func selfMade(_ names: [GeneralName], _ change: (inout Wishes) -> Void = { _ in }) throws -> Issued {
        var wishes = Wishes()
        change(&wishes)
        let made = try make(wishes, names, issuer: nil)
        return Issued(certificate: made.certificate, others: [], keyPEM: made.pem)
    }

    private static func authority(_ name: String, _ change: (inout Wishes) -> Void) -> Wishes {
        var wishes = Wishes()
        wishes.commonName = name
        wishes.isAuthority = true
        wishes.usage = nil
        change(&wishes)
        return wishes
    }

    private static func der(_ certificate: Certificate) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    private static func make(_ wishes: Wishes, _ names: [GeneralName], issuer: TestAuthority?) throws -> (
        certificate: Certificate, key: Certificate.PrivateKey, pem: String
    ) {
        let key: Certificate.PrivateKey
        let pem: String
        switch wishes.key {
        case .p256:
            let secret = P256.Signing.PrivateKey()
            (key, pem) = (Certificate.PrivateKey(secret), secret.pemRepresentation)
        case .rsa1024, .rsa2048:
            let secret = try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: wishes.key == .rsa1024 ? 1024 : 2048))
            (key, pem) = (Certificate.PrivateKey(secret), secret.pemRepresentation)
        }
        let subject = try DistinguishedName { CommonName(wishes.commonName) }
        let signer = issuer?.key ?? key
        var extensions = try Certificate.Extensions {
            if wishes.isAuthority {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true))
            } else {
                Critical(BasicConstraints.notCertificateAuthority)
            }
        }
        if !names.isEmpty { try extensions.append(.init(SubjectAlternativeNames(names), critical: false)) }
        if let usage = wishes.usage { try extensions.append(.init(ExtendedKeyUsage(usage), critical: false)) }
        if wishes.isStrange { try extensions.append(.init(oid: [1, 2, 3, 4], critical: true, value: [5, 0])) }
        if !wishes.permittedNames.isEmpty {
            let constraints = NameConstraints(permittedDNSDomains: wishes.permittedNames)
            try extensions.append(.init(constraints, critical: true))
        }
        let isRSA = issuer.map { $0.certificate.publicKey.description.hasPrefix("RSA") } ?? (wishes.key != .p256)
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey, notValidBefore: wishes.notBefore,
            notValidAfter: wishes.notAfter, issuer: issuer?.certificate.subject ?? subject, subject: subject,
            signatureAlgorithm: isRSA ? wishes.usesSHA1 ? .sha1WithRSAEncryption : .sha256WithRSAEncryption : .ecdsaWithSHA256,
            extensions: extensions, issuerPrivateKey: signer)
        return (certificate, key, pem)
    }
}
