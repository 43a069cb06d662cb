import ChatProtocol
import Foundation
import SwiftASN1
import X509

/// Examines the certificates of a server: whether an authority vouches for its name, whether the certificate is self-signed, or what is
/// wrong with it.
///
/// swift-certificates validates the chain as RFC 5280 §6 demands. The server's name (``ServerIdentity``), the purpose of a certificate and
/// its strength are checked here.
struct CertificateExaminer: Sendable {
    /// The most intermediate certificates that are used; usually there are one or two. A stranger's further ones cost no time.
    static let maximumIntermediates = 8

    let server: KnownHosts.Server
    let roots: TrustRoots
    let now: Date

    /// - Parameters:
    ///   - leaf: the server's own certificate, in DER.
    ///   - others: the further certificates that the server sent, in DER.
    func examine(_ leaf: [UInt8], _ others: [[UInt8]]) async -> CertificateFinding {
        guard let certificate = try? Certificate(derEncoded: leaf) else {
            return .faulty([WeakKey.bits(leaf).map { .weak("its RSA key has \($0) bits") } ?? .unreadable])
        }
        let presented = Presented(certificate, others)
        let faults = leafFaults(certificate)
        var isWithoutRoots = true
        var chainFaults: [CertificateFault] = []
        for source in roots.sources {
            let roots = source()
            guard !roots.isEmpty else { continue }
            isWithoutRoots = false
            switch await check(presented, roots) {
            case .vouched(let by):
                if faults.isEmpty { return .vouched(by: by) }
                return certificate.isSelfSigned ? .selfMade(selfMade(certificate, leaf)) : .faulty(faults)
            case .faulty(let found):
                // The certificate leads to a trusted authority, so no other source of roots can make it better.
                if !certificate.isSelfSigned { return .faulty(faults + found.filter { !faults.contains($0) }) }
            case .unknown(let found): chainFaults = found
            }
        }
        if certificate.isSelfSigned { return .selfMade(selfMade(certificate, leaf)) }
        if isWithoutRoots { return .faulty(faults + [.noAuthorities]) }
        return .faulty(faults + chainFaults)
    }

    /// The server's certificate and the intermediates that it sent, at most one for each subject and key. So the number of possible chains
    /// stays bounded.
    private struct Presented {
        let leaf: Certificate
        var intermediates: [Certificate] = []
        var weak: [Int] = []

        init(_ leaf: Certificate, _ others: [[UInt8]]) {
            self.leaf = leaf
            for der in others.prefix(CertificateExaminer.maximumIntermediates) {
                guard let certificate = try? Certificate(derEncoded: der) else {
                    weak += WeakKey.bits(der).map { [$0] } ?? []
                    continue
                }
                guard !intermediates.contains(where: { $0.subject == certificate.subject && $0.publicKey == certificate.publicKey }) else {
                    continue
                }
                intermediates.append(certificate)
            }
        }
    }

    // The server's own certificate.

    private func leafFaults(_ certificate: Certificate) -> [CertificateFault] {
        var faults: [CertificateFault] = []
        if let fault = nameFault(certificate) { faults.append(fault) }
        if certificate.notValidAfter < now { faults.append(.expired(Timestamp(certificate.notValidAfter))) }
        if certificate.notValidBefore > now { faults.append(.notYetValid(from: Timestamp(certificate.notValidBefore))) }
        if let fault = purposeFault(certificate) { faults.append(fault) }
        // A certificate among the trusted roots is trusted because it is there; its own signature does not matter.
        if !certificate.isSelfSigned, let fault = signatureFault(certificate) { faults.append(fault) }
        return faults
    }

    private func nameFault(_ certificate: Certificate) -> CertificateFault? {
        guard let names = try? certificate.extensions.subjectAlternativeNames else { return .otherName([], more: 0) }
        var others: [String] = []
        for name in names {
            switch name {
            case .dnsName(let text):
                if server.identity.matches(dnsName: Array(text.utf8)) { return nil }
                others.append(Shown.text(text))
            case .ipAddress(let octets):
                let bytes = Array(octets.bytes)
                if server.identity.matches(address: bytes) { return nil }
                others.append("the address \(NumericAddress.text(bytes) ?? "of \(bytes.count) bytes")")
            default: continue
            }
        }
        let shown = others.prefix(CertificateFault.shownNames)
        return .otherName(Array(shown), more: others.count - shown.count)
    }

    /// RFC 5280 §4.2.1.12: a certificate without the extension serves every purpose.
    private func purposeFault(_ certificate: Certificate) -> CertificateFault? {
        guard certificate.extensions[oid: .X509ExtensionID.extendedKeyUsage] != nil else { return nil }
        guard let usage = try? certificate.extensions.extendedKeyUsage, usage.contains(.serverAuth) || usage.contains(.any) else {
            return .notForServers
        }
        return nil
    }

    private func signatureFault(_ certificate: Certificate) -> CertificateFault? {
        switch certificate.signatureAlgorithm {
        case .ecdsaWithSHA256, .ecdsaWithSHA384, .ecdsaWithSHA512, .sha256WithRSAEncryption, .sha384WithRSAEncryption,
            .sha512WithRSAEncryption, .ed25519:
            nil
        case .sha1WithRSAEncryption: .weak("it is signed with SHA-1")
        default: .weak("it is signed with a method that chatty does not support")
        }
    }

    // The chain.

    private enum Check {
        case vouched(by: String)
        /// The chain ends at a trusted authority, but one of its certificates is faulty.
        case faulty([CertificateFault])
        /// The chain ends at no trusted authority.
        case unknown([CertificateFault])
    }

    private func check(_ presented: Presented, _ roots: [Certificate]) async -> Check {
        let leaf = presented.leaf
        // The system's owner trusts each certificate among the roots as it is.
        if leaf.isSelfSigned { return roots.contains(leaf) ? .vouched(by: Shown.name(leaf.subject)) : .unknown([]) }
        var verifier = Verifier(rootCertificates: CertificateStore(roots)) { ServerChainPolicy() }
        switch await verifier.validate(leaf: leaf, intermediates: CertificateStore(presented.intermediates)) {
        case .validCertificate(let chain):
            let faults = issuerFaults(Array(chain.dropFirst()), isComplete: true)
            guard faults.isEmpty else { return .faulty(faults) }
            return .vouched(by: Shown.name(chain.last?.subject ?? leaf.issuer))
        case .couldNotValidate(let failures):
            guard let failure = failures.first else { return .unknown(unknownIssuer(presented)) }
            let faults = issuerFaults(Array(failure.chain.dropFirst()), isComplete: true)
            let isOutOfDate = leaf.notValidAfter < now || leaf.notValidBefore > now
            guard faults.isEmpty, !isOutOfDate else { return .faulty(faults) }
            return .faulty([.other(Shown.text(failure.policyFailureReason.description, limit: 200))])
        }
    }

    /// The faults of the certificates that issued one another. If the chain is complete, the last of them is a trusted authority.
    private func issuerFaults(_ issuers: [Certificate], isComplete: Bool) -> [CertificateFault] {
        var faults: [CertificateFault] = []
        for (index, issuer) in issuers.enumerated() {
            let name = Shown.name(issuer.subject)
            let isRoot = isComplete && index == issuers.count - 1
            if !issuer.mayIssue(isRoot: isRoot) { faults.append(.issuerIsNoAuthority(name)) }
            if issuer.notValidAfter < now || issuer.notValidBefore > now { faults.append(.chainOutOfDate(issuer: name)) }
            guard !isRoot else { continue }
            if let fault = signatureFault(issuer), !issuer.isSelfSigned { faults.append(fault) }
            if purposeFault(issuer) != nil { faults.append(.notForServers) }
        }
        return faults
    }

    /// Follows the certificates that the server sent from issuer to issuer, as far as they reach.
    private func unknownIssuer(_ presented: Presented) -> [CertificateFault] {
        var chain = [presented.leaf]
        while let tip = chain.last, !tip.isSelfSigned,
            let issuer = presented.intermediates.first(where: { issuer in
                issuer.subject == tip.issuer && !chain.contains(issuer) && issuer.publicKey.isValidSignature(tip.signature, for: tip)
            })
        { chain.append(issuer) }
        let faults = issuerFaults(Array(chain.dropFirst()), isComplete: false)
        if let critical = presented.leaf.criticalExtension(besides: ServerChainPolicy.known) {
            return faults + [.other("It has the critical extension \(critical), which chatty does not support.")]
        }
        let weak = presented.weak.map { CertificateFault.weak("the RSA key of its issuer has \($0) bits") }
        return faults + weak + [.unknownIssuer(chain.last.map { Shown.name($0.issuer) } ?? "nobody")]
    }

    private func selfMade(_ certificate: Certificate, _ der: [UInt8]) -> SelfMade {
        let remark =
            if certificate.notValidAfter < now {
                "The certificate expired on \(Timestamp(certificate.notValidAfter))."
            } else if certificate.notValidBefore > now {
                "The certificate is not valid before \(Timestamp(certificate.notValidBefore))."
            } else { "" }
        return SelfMade(Fingerprint(ofCertificate: der), remark: remark)
    }
}

/// The rules of RFC 5280 for a chain. The examiner itself checks the extensions of the server's certificate.
private struct ServerChainPolicy: VerifierPolicy {
    static let known: [ASN1ObjectIdentifier] =
        RFC5280Policy().verifyingCriticalExtensions + [.X509ExtensionID.subjectAlternativeName, .X509ExtensionID.extendedKeyUsage]

    var verifyingCriticalExtensions: [ASN1ObjectIdentifier] { ServerChainPolicy.known }

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) async -> PolicyEvaluationResult {
        RFC5280Policy().chainMeetsPolicyRequirements(chain: chain)
    }
}

extension Certificate {
    /// Whether the certificate names itself as issuer and carries a valid signature by its own key: then the holder of that key has made
    /// it.
    fileprivate var isSelfSigned: Bool { subject == issuer && publicKey.isValidSignature(signature, for: self) }

    /// Whether the certificate may issue others. Old roots (version 1) have no extensions that would say so.
    fileprivate func mayIssue(isRoot: Bool) -> Bool {
        if version == .v1 { return isRoot }
        guard case .isCertificateAuthority? = try? extensions.basicConstraints else { return false }
        guard extensions[oid: .X509ExtensionID.keyUsage] != nil else { return true }
        return (try? extensions.keyUsage)?.keyCertSign ?? false
    }

    fileprivate func criticalExtension(besides known: [ASN1ObjectIdentifier]) -> ASN1ObjectIdentifier? {
        extensions.first { $0.critical && !known.contains($0.oid) }?.oid
    }
}

/// Reads the length of an RSA key from a certificate that swift-certificates rejects because of that length.
private enum WeakKey {
    /// - Returns: nil if the key is of another kind or has 2048 bits or more.
    static func bits(_ certificate: [UInt8]) -> Int? {
        // TBSCertificate: version [0], serial number, signature, issuer, validity, subject, subjectPublicKeyInfo.
        guard let root = try? DER.parse(certificate), let body = children(root)?.first, var fields = children(body) else { return nil }
        if fields.first?.identifier.tagClass == .contextSpecific { fields.removeFirst() }
        guard fields.count > 5, let info = children(fields[5]), info.count == 2, let algorithm = children(info[0])?.first,
            (try? ASN1ObjectIdentifier(derEncoded: algorithm)) == .AlgorithmIdentifier.rsaEncryption,
            let key = try? ASN1BitString(derEncoded: info[1]), let numbers = (try? DER.parse(key.bytes)).flatMap(children),
            let modulus = numbers.first, case .primitive(let bytes) = modulus.content
        else { return nil }
        let digits = bytes.drop { $0 == 0 }
        guard let first = digits.first else { return 0 }
        let bits = digits.count * 8 - first.leadingZeroBitCount
        return bits < 2048 ? bits : nil
    }

    private static func children(_ node: ASN1Node) -> [ASN1Node]? {
        guard case .constructed(let nodes) = node.content else { return nil }
        return Array(nodes)
    }
}

/// Texts from a stranger's certificate, made safe and short enough for one line.
private enum Shown {
    static func text(_ text: String, limit: Int = 100) -> String {
        SafeText.cut(
            SafeText.shown(String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\t" })), isolates: false), to: limit)
    }

    /// The common name, else the organization, else the whole name.
    static func name(_ name: DistinguishedName) -> String {
        let attributes = name.flatMap { Array($0) }
        for type in [ASN1ObjectIdentifier.RDNAttributeType.commonName, .RDNAttributeType.organizationName] {
            if let attribute = attributes.last(where: { $0.type == type }), let value = String(attribute.value), !value.isEmpty {
                return "'" + text(value) + "'"
            }
        }
        return "'" + text(name.description) + "'"
    }
}
