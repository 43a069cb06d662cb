import ChatProtocol

/// The period in which every certificate of a server's chain is valid.
struct CertificateValidity: Equatable, Sendable {
    let file: String
    let from: Timestamp
    let until: Timestamp

    private static let day: Int64 = 86_400_000
    /// The days before the end from which on it should be renewed.
    private static let daysBefore: Int64 = 14

    /// A warning about a chain that is not valid, or not for long; nil while all is well.
    func warning(at now: Timestamp) -> String? {
        func date(_ time: Timestamp) -> String { time.iso8601.upTo("T") }
        let left = until.milliseconds - now.milliseconds
        if left <= 0 {
            return "The certificate \(file) expired on \(date(until)): clients refuse it. Renew it, then send SIGHUP."
        }
        if now < from { return "The certificate \(file) is not valid before \(date(from)): clients refuse it until then." }
        guard left <= CertificateValidity.daysBefore * CertificateValidity.day else { return nil }
        let days = left / CertificateValidity.day
        let when = days == 0 ? "in less than a day" : "in \(days) \(days == 1 ? "day" : "days")"
        return "The certificate \(file) expires \(when), on \(date(until)). Renew it, then send SIGHUP."
    }
}

/// Warns of an expiring certificate while the server runs: at once, and then once a day.
struct CertificateReminder: Sendable {
    private let validity: CertificateValidity
    private var last: Timestamp?

    init(_ validity: CertificateValidity) { self.validity = validity }

    /// The warning that is due, if any. Call it more often than once a day. The clock may be set meanwhile.
    mutating func next(at now: Timestamp) -> String? {
        if let last, last <= now, now < last.adding(milliseconds: 86_400_000) { return nil }
        guard let warning = validity.warning(at: now) else { return nil }
        last = now
        return warning
    }
}
