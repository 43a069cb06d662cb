import Connectivity
import NetworkIO
import TransferIO
import TransferProtocol

/// The reports about one transfer that `send-file` and `recv-file` have in common, and its exit status.
struct TransferAccount {
    let reporter: TransferReporter
    let side: TransferNotice.Side
    /// The other side's address, once it has proven its key.
    private(set) var peer: String?
    /// The exit status of the worst event so far.
    private(set) var status = ExitStatus.done

    init(_ reporter: TransferReporter, _ side: TransferNotice.Side) {
        self.reporter = reporter
        self.side = side
    }

    /// The interval at which the figures are shown.
    static let interval = Duration.milliseconds(250)

    /// A notice about a file. A receiver has several senders at once, so its notices say which.
    func notice(_ event: TransferNotice.Event, _ offer: FileOffer? = nil) -> TransferNotice {
        var notice = TransferNotice(event)
        notice.name = offer?.name
        switch side {
        case .sender: notice.size = offer?.size
        case .receiver:
            notice.peer = peer
            notice.size = offer?.contents?.bytes ?? offer?.size
            notice.files = offer?.contents?.files
        }
        return notice
    }

    static func label(_ offer: FileOffer?) -> String { Printable.text(offer?.name ?? "a file") }

    mutating func add(_ more: ExitStatus) { status = TransferEnd.worse(status, more) }

    mutating func connected(to address: NetworkAddress, key: [UInt8]) {
        peer = address.hostAndPort
        var notice = TransferNotice(.connected)
        notice.peer = peer
        notice.key = KeyFingerprint.text(of: key)
        reporter.reportJSON(notice)
    }

    func resumed(_ offer: FileOffer?, kept: [Range<UInt64>]) {
        let bytes = kept.reduce(0) { $0 + UInt64($1.count) }
        var notice = notice(.resumed, offer)
        notice.bytes = bytes
        // For a file that the receiver has already, the line at its end says so.
        if offer?.size == bytes { return reporter.reportJSON(notice) }
        reporter.report("Resuming \(Self.label(offer)): \(TransferText.bytes(bytes)) already received.", notice)
    }

    func paused(_ isPaused: Bool) {
        var notice = notice(.paused)
        notice.paused = isPaused
        let text =
            switch side {
            case .sender: isPaused ? "The receiver's disk is full; waiting for room." : "The receiver has room again."
            case .receiver: isPaused ? "The disk is full; waiting for room." : "The disk has room again; continuing."
            }
        reporter.report(text, notice)
    }

    mutating func failed(_ offer: FileOffer?, _ failure: FileFailure, _ text: String) {
        add(.failed)
        // The program that closed the output knows it.
        if side == .receiver, failure == .outputClosed { return }
        var notice = notice(.failed, offer)
        let reason = failure.reason(text, shownTo: side)
        notice.reason = reason
        reporter.complain(failure.line(Self.label(offer), reason), notice)
    }
}
