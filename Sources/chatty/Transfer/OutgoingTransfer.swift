import Connectivity
import NIOConcurrencyHelpers
import TransferIO
import TransferProtocol

/// One transfer as `send-file` sees it, from the handshake to its end.
struct OutgoingTransfer {
    /// The parameters of the handshake.
    struct Receiver {
        let addresses: [NetworkAddress]
        let key: [UInt8]
        let preSharedKey: [UInt8]
        /// Whether the receiver answers searches for a path.
        var searches = false
        /// Called once the handshake has proven the key.
        var proven: @Sendable () -> Void = {}
    }

    let sources: [any TransferSource]
    let receiver: Receiver
    let reporter: TransferReporter

    /// The wait for the receiver's first answer. If it is long, the user is told once what the command waits for.
    private struct Wait {
        enum State { case isShort, isLong, isReported, isOver }

        /// Seconds after which the wait is long.
        private static let long = 1.0
        var isAnswered = false
        private var isReported = false

        /// The state of the wait; ``State/isLong`` is returned once.
        mutating func poll(at seconds: Double) -> State {
            if isAnswered { return .isOver }
            if isReported { return .isReported }
            isReported = seconds >= Self.long
            return isReported ? .isLong : .isShort
        }
    }

    /// - Returns: the end of the transfer, and whether the receiver has proven its key.
    func run(over loop: TransferLoop) async -> (end: TransferEnd, isProven: Bool) {
        let session =
            receiver.searches
            ? loop.send(
                // Without a server there is nobody to relay.
                sources, searching: PeerSearch(receiver.addresses, secret: receiver.preSharedKey, policy: .directOnly),
                remoteKey: receiver.key)
            : loop.send(sources, to: receiver.addresses, remoteKey: receiver.key, preSharedKey: receiver.preSharedKey)
        let follower = SessionFollower(session)
        let name = SentName.of(sources.map(\.offer))
        let wait = NIOLockedValueBox(Wait())
        var account = TransferAccount(reporter, .sender)
        var placed = ReceiverPaths()
        var declinedFolder: ByteString?
        defer { reporter.add(bytes: session.statistics.bytesDone) }
        let show: @Sendable (TransferStatistics, RateMeter) -> Void = { [reporter] figures, meter in
            let wait = wait.withLockedValue { $0.poll(at: follower.seconds) }
            if wait == .isLong {
                var notice = TransferNotice(.note)
                notice.reason = "Waiting for the receiver …"
                reporter.report(notice.reason ?? "", notice)
            }
            // Before the answer no figure means anything to a person.
            if wait != .isOver, !reporter.showsAll { return }
            reporter.progress(figures, meter, name: name)
        }
        let outcome = await follower.follow(showing: show, every: TransferAccount.interval) { update -> TransferOutcome? in
            switch update {
            case .established(let key, _, let address):
                receiver.proven()
                account.connected(to: address, key: key)
            case .answered(let file, let answer):
                wait.withLockedValue { $0.isAnswered = true }
                if case .decline(let reason) = answer { declined(offer(file), reason, &declinedFolder, &account) }
            case .failed(let file, let failure, let text): account.failed(offer(file), failure, text)
            case .named(let file, let path): if let offer = offer(file) { placed.record(file, offer, path: path) }
            case .done(let file):
                var notice = account.notice(.done, offer(file))
                notice.path = placed.path(of: file)
                reporter.reportJSON(notice)
            case .paused(let isPaused): account.paused(isPaused)
            case .resumed(let file, let kept): account.resumed(offer(file), kept: kept)
            case .offered, .offersEnded, .reminded: break
            case .ended(let outcome): return outcome
            }
            return nil
        }
        let isProven = account.peer != nil
        guard let outcome else { return (TransferEnd(status: .failed, message: "The transfer ended unexpectedly."), isProven) }
        for line in placed.lines() { reporter.report(line) }
        switch outcome {
        case .complete:
            if account.status == .done { reporter.report(Self.summary(name, session.statistics, seconds: follower.seconds)) }
            return (TransferEnd(status: account.status, message: nil), isProven)
        case .failed(let failure):
            let end = TransferEnd(failure, peer: "the receiver", resumable: isResumable)
            account.add(end.status)
            return (TransferEnd(status: account.status, message: end.message), isProven)
        }
    }

    /// Whether the transfer can be resumed: a file can be sent again from where it stopped, a stream cannot.
    private var isResumable: Bool { sources.contains { $0.offer.kind == .file && $0.offer.size != nil } }

    private func offer(_ file: FileID) -> FileOffer? { sources.indices.contains(Int(file)) ? sources[Int(file)].offer : nil }

    /// - Parameter folder: the folder that was declined last, whose contents are declined with it and not reported one by one.
    private func declined(_ offer: FileOffer?, _ reason: DeclineReason, _ folder: inout ByteString?, _ account: inout TransferAccount) {
        var notice = account.notice(.declined, offer)
        notice.reason = reason.sentence
        let isCovered = folder.map { offer?.name.utf8.starts(with: $0.bytes) ?? false } ?? false
        if let offer, offer.kind == .directory, !isCovered { folder = ByteString(offer.name) + "/" }
        if !isCovered || reporter.showsAll {
            reporter.complain("The receiver did not take \(TransferAccount.label(offer)): \(reason.sentence)", notice)
        }
        account.add(.notDelivered)
    }

    private static func summary(_ name: String, _ figures: TransferStatistics, seconds: Double) -> String {
        if figures.bytesDone > 0, figures.bytesMoved == 0 { return "Sent \(Printable.text(name)): the receiver had it already." }
        let rate = seconds > 0 ? Double(figures.bytesMoved) / seconds : 0
        let resumed = figures.bytesResumed > 0 ? " after \(TransferText.bytes(figures.bytesResumed)) received before" : ""
        let bytes = TransferText.bytes(figures.bytesMoved) + resumed
        return "Sent \(Printable.text(name)): \(bytes) in \(TransferText.tenths(seconds)) s, \(TransferText.rate(rate))."
    }
}
