import ChatProtocol
import Foundation

/// What the certificate that a server showed is worth.
public enum CertificateFinding: Equatable, Sendable {
    /// An authority that this system trusts has issued it for the server's name, and it is good at this time.
    case vouched(by: String)
    /// The server has signed it itself. Nobody vouches for what is in it: it says whether a key is the same, and nothing more.
    case selfMade(SelfMade)
    /// It is neither: it claims what is not so, or what nobody here can tell.
    case faulty([CertificateFault])
}

/// A certificate that a server has made for itself.
public struct SelfMade: Equatable, Sendable {
    public let fingerprint: Fingerprint
    /// Said of it besides, where its time is over or yet to come; empty where it is now.
    public let remark: String

    public init(_ fingerprint: Fingerprint, remark: String = "") {
        self.fingerprint = fingerprint
        self.remark = remark
    }
}

/// Why a certificate that is not self-signed is not taken.
public enum CertificateFault: Equatable, Sendable {
    case expired(Timestamp)
    case notYetValid(from: Timestamp)
    /// It has none of the server's names, but these, at most ``CertificateFault/shownNames``; and how many more.
    case otherName([String], more: Int)
    /// The same of a certificate between the server's and the authority's.
    case chainOutOfDate(issuer: String)
    /// No authority of this system is at the end of its chain, but that one.
    case unknownIssuer(String)
    /// There are no certificates of authorities on this system at all.
    case noAuthorities
    /// It, or what vouches for it, can be forged by whoever pays for it.
    case weak(String)
    /// It was issued with a certificate that may not issue any.
    case issuerIsNoAuthority(String)
    /// It was issued for something else than servers.
    case notForServers
    case unreadable
    /// What the check of its chain says.
    case other(String)

    static let shownNames = 5

    /// A whole sentence, about "it".
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
    /// Cut to what a certificate can hold.
    init(_ date: Date) { self.init(milliseconds: Int64(date.timeIntervalSince1970.rounded(.down)) * 1000) }
}
