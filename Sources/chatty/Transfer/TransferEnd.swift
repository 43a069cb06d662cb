import TransferProtocol

/// The message and the exit status of a transfer's end.
struct TransferEnd: Hashable, Sendable {
    var status: ExitStatus
    var message: String?

    static let done = TransferEnd(status: .done, message: nil)

    /// - Parameters:
    ///   - peer: the other side in the message, such as `the receiver`.
    ///   - resumable: whether the same command would continue where this one stopped.
    init(_ failure: TransferFailure, peer: String, resumable: Bool) {
        let interrupted: ExitStatus = resumable ? .interrupted : .failed
        let hint = resumable ? " What arrived is kept; send the same again to resume." : ""
        switch failure {
        case .unreachable: self.init(status: .unreachable, message: "Nobody answers: \(peer) cannot be reached.")
        case .refused: self.init(status: .refused, message: "Refused: \(peer) does not accept this ticket, secret or key.")
        case .unsupportedVersion(let versions):
            let list = versions.map(String.init).joined(separator: ", ")
            self.init(
                status: .failed,
                message: "\(peer) uses other versions of the protocol: \(list). Use the same version of chatty on both sides.")
        case .timedOut: self.init(status: interrupted, message: "Connection lost: \(peer) has stopped answering.\(hint)")
        case .stalled: self.init(status: interrupted, message: "Stalled: \(peer) answers, but no data gets through to it.\(hint)")
        case .cancelled: self.init(status: interrupted, message: "Cancelled.\(hint)")
        case .closedByPeer(.goingAway, _): self.init(status: interrupted, message: "Interrupted by \(peer).\(hint)")
        case .closedByPeer(.cancelled, let text):
            self.init(status: interrupted, message: "Cancelled by \(peer).\(Self.peerText(text))\(hint)")
        case .diskFull: self.init(status: interrupted, message: "Given up: the receiver's disk stays full.\(hint)")
        case .closedByPeer(.fileError, let text):
            self.init(status: interrupted, message: "Given up by \(peer).\(Self.peerText(text))\(hint)")
        case .closedByPeer(.stalled, _):
            self.init(status: interrupted, message: "Stalled: \(peer) answers, but no data from it gets through.\(hint)")
        case .closedByPeer(_, let text): self.init(status: .failed, message: "Ended by \(peer).\(Self.peerText(text))")
        case .protocolViolation(let text): self.init(status: .failed, message: "\(peer) sent something invalid: \(Printable.text(text))")
        }
    }

    init(status: ExitStatus, message: String?) {
        self.status = status
        self.message = message
    }

    private static func peerText(_ text: String) -> String { text.isEmpty ? "" : " It says: \(Printable.text(text))" }

    /// The more serious of two statuses: a transfer of many files ends with the worst of them.
    static func worse(_ one: ExitStatus, _ other: ExitStatus) -> ExitStatus {
        func rank(_ status: ExitStatus) -> Int {
            switch status {
            case .done: 0
            case .notDelivered: 1
            case .interrupted: 2
            default: 3
            }
        }
        return rank(one) >= rank(other) ? one : other
    }
}

extension DeclineReason {
    /// The reason as it follows "The receiver did not take movie.mp4: ".
    var sentence: String {
        switch self {
        case .declined: "it was declined."
        case .unsafeName: "its name cannot be made safe."
        case .exists: "a file of that name exists."
        case .noSpace: "there is no room for it."
        case .cannotWrite: "it cannot be written there."
        case .unsupported: "it cannot be written to that output."
        }
    }
}

extension FileFailure {
    /// `movie.mp4 failed: it could not be read.`
    func line(_ name: String, _ reason: String) -> String {
        switch self {
        // These are intended.
        case .outputClosed, .cancelled: "\(name) stopped: \(reason)"
        case .sourceChanged, .sourceUnreadable, .destinationFailed: "\(name) failed: \(reason)"
        }
    }

    /// The reason as it follows "movie.mp4 failed: ". On the side of the error, its own text is the whole reason; on the other side, the
    /// text follows a sentence that names the side.
    func reason(_ text: String, shownTo side: TransferNotice.Side) -> String {
        let here: TransferNotice.Side
        switch self {
        // For these the sentence says everything.
        case .sourceChanged, .outputClosed, .cancelled: return sentence
        case .sourceUnreadable: here = .sender
        case .destinationFailed: here = .receiver
        }
        guard !text.isEmpty else { return sentence }
        let detail = Printable.text(text) + (text.utf8.last == UInt8(ascii: ".") ? "" : ".")
        return side == here ? detail : "\(sentence) It says: \(detail)"
    }

    private var sentence: String {
        switch self {
        case .sourceChanged: "it changed while it was being sent."
        case .sourceUnreadable: "it could not be read."
        case .destinationFailed: "the receiver could not write it."
        case .cancelled: "it was cancelled."
        case .outputClosed: "the program reading the output closed it."
        }
    }
}
