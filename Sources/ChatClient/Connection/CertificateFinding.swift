import ChatProtocol
import Foundation

/// The result of examining a server's certificate.
public enum CertificateFinding: Equatable, Sendable {
    /// A trusted authority has issued the certificate for the server's name, and it is valid at this time.
    case vouched(by: String)
    /// The certificate is self-signed. Nobody vouches for its contents, so it only shows whether the key is the same as before.
    case selfMade(SelfMade)
    /// The certificate is not self-signed, and some of its claims are false or cannot be checked.
    case faulty([CertificateFault])
}

/// A self-signed certificate of a server.
public struct SelfMade: Equatable, Sendable {
    public let fingerprint: Fingerprint
    /// A remark if the certificate is expired or not yet valid; empty if it is valid.
    public let remark: String

    public init(_ fingerprint: Fingerprint, remark: String = "") {
        self.fingerprint = fingerprint
        self.remark = remark
    }
}

/// The reason why a certificate that is not self-signed is refused.
public enum CertificateFault: Equatable, Sendable {
    case expired(Timestamp)
    case notYetValid(from: Timestamp)
    /// The certificate is for other names: at most ``CertificateFault/shownNames`` of them, and the number of the others.
    case otherName([String], more: Int)
    /// A certificate between the server's and the authority's is expired or not yet valid.
    case chainOutOfDate(issuer: String)
    /// The chain ends at this issuer, which is not a trusted authority.
    case unknownIssuer(String)
    /// This system has no certificates of authorities at all.
    case noAuthorities
    /// The certificate or one that vouches for it can be forged at a price.
    case weak(String)
    /// A certificate in the chain was issued by one that may not issue any.
    case issuerIsNoAuthority(String)
    /// The certificate was issued for a purpose other than servers.
    case notForServers
    case unreadable
    /// The message of the chain validation.
    case other(String)

    static let shownNames = 5

    /// The fault as a sentence; "it" is the certificate.
    var text: String {
        switch self {
        case .expired(let time): "It expired on \(time)."
        case .notYetValid(let time): "It is not valid before \(time). This machine's clock says \(Timestamp(Date()))."
        case .otherName(let names, _) where names.isEmpty: "It does not name a server (subjectAltName)."
        case .otherName(let names, let more):
            "It is for \(names.joined(separator: ", "))\(more > 0 ? " and \(more) more" : ""), which is not this server."
        case .chainOutOfDate(let issuer): "The certificate of its issuer, \(issuer), is not valid at this time."
        case .unknownIssuer(let issuer):
            """
            It was issued by \(issuer), which is not a certificate authority (CA) that this system trusts. If it is your own CA, add its certificate to those of \
            the system (on Debian: put it into /usr/local/share/ca-certificates and run update-ca-certificates).
            """
        case .noAuthorities: "This system has no list of trusted certificate authorities; on Debian, install the package ca-certificates."
        case .weak(let what): "It is too weak: \(what)."
        case .issuerIsNoAuthority(let issuer): "Its issuer, \(issuer), is not allowed to issue certificates."
        case .notForServers: "It was not issued for servers."
        case .unreadable: "It cannot be read."
        case .other(let reason): "Its check failed: \(reason)"
        }
    }
}

extension Timestamp {
    /// Truncates to whole seconds, the precision of certificates.
    init(_ date: Date) { self.init(milliseconds: Int64(date.timeIntervalSince1970.rounded(.down)) * 1000) }
}
