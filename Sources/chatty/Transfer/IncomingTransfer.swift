import Foundation
import NIOConcurrencyHelpers
import TransferIO
import TransferProtocol

/// One sender's transfer as `recv-file` sees it, from the handshake to its end.
struct IncomingTransfer {
    let session: TransferSession
    let output: ReceiveOutput
    let active: ActiveTransfers
    let reporter: TransferReporter
    let policy: AcceptPolicy
    /// Chooses the session whose progress the terminal's line shows.
    let front: Front

    final class Front: Sendable {
        private let shown = NIOLockedValueBox<ObjectIdentifier?>(nil)
        func claim(_ session: TransferSession) -> Bool {
            shown.withLockedValue { shown in
                if shown == nil { shown = ObjectIdentifier(session) }
                return shown == ObjectIdentifier(session)
            }
        }
        func release(_ session: TransferSession) { shown.withLockedValue { if $0 == ObjectIdentifier(session) { $0 = nil } } }
    }

    private struct File {
        let offer: FileOffer
        let destination: any TransferDestination
    }

    /// How a transfer ended.
    struct End {
        /// Nil if no file was accepted, or another transfer has replaced this one; then its outcome does not count.
        var status: ExitStatus?
        /// Whether every file was answered, and every accepted one has arrived or failed. False after an interruption.
        var isComplete: Bool
        /// The output cannot take another file.
        var isLast: Bool
    }

    func run() async -> End {
        var reception = Reception(transfer: self)
        let label = reception.shown
        let show: @Sendable (TransferStatistics, RateMeter) -> Void = { [session, reporter, front] figures, meter in
            let shown = label.withLockedValue(\.self)
            guard !shown.name.isEmpty, reporter.showsAll || front.claim(session) else { return }
            reporter.progress(figures, meter, name: shown.name, peer: shown.peer)
        }
        let outcome = await SessionFollower(session).follow(showing: show, every: TransferAccount.interval) { await reception.handle($0) }
        return await reception.finish(outcome ?? .failed(.cancelled))
    }

    /// The state of an incoming transfer, update by update.
    private struct Reception {
        /// Descriptors that are left free when a file is opened: placing the open files needs them.
        private static let spareDescriptors = 16
        /// How long a file waits for descriptors if no other file is open that would give some back.
        private static let descriptorPatience = Duration.seconds(30)
        private static let descriptorPause = Duration.milliseconds(100)

        let transfer: IncomingTransfer
        /// The name of the file and the address that go with the figures; empty before the first offer.
        let shown = NIOLockedValueBox((name: "", peer: ""))
        private var account: TransferAccount
        private var senderKey: [UInt8] = []
        private var files: [FileID: File] = [:]
        private var contents = ReceiveOutput.Contents()
        /// Accepted files for which no descriptor is free yet, in order.
        private var waiting: [(id: FileID, offer: FileOffer)] = []
        private var waitingSince: ContinuousClock.Instant?
        private var isReminderDue = false
        private var isOffered = false
        private var isTaken = false
        private var offersEnded = false
        /// The output cannot take another file.
        private var isLast = false
        private var acceptsAll: Bool
        private var folder: FolderConsent?
        private let departure = PeerDeparture()

        init(transfer: IncomingTransfer) {
            self.transfer = transfer
            account = TransferAccount(transfer.reporter, .receiver)
            acceptsAll = !transfer.policy.asks(about: transfer.session)
            // The end of the session is noticed while a question is open; other events wait.
            Task { [session = transfer.session, departure] in
                await session.waitForEnd()
                departure.leave()
            }
        }

        private var session: TransferSession { transfer.session }
        private var output: ReceiveOutput { transfer.output }
        private var active: ActiveTransfers { transfer.active }
        private var reporter: TransferReporter { transfer.reporter }
        private var peer: String { account.peer ?? "the sender" }

        /// - Returns: the outcome, with the last update.
        mutating func handle(_ update: TransferUpdate) async -> TransferOutcome? {
            switch update {
            case .established(let key, _, let address):
                senderKey = key
                account.connected(to: address, key: key)
            case .offered(let id, let offer): await decide(on: offer, id)
            case .done(let id): await done(id)
            case .failed(let id, let failure, let text): await failed(id, failure, text)
            case .paused(let isPaused): account.paused(isPaused)
            case .resumed(let id, let kept): if let file = files[id] { account.resumed(file.offer, kept: kept) }
            case .reminded:
                isReminderDue = false
                await openWaiting()
            case .offersEnded: offersEnded = true
            case .answered, .named: break
            case .ended(let outcome): return outcome
            }
            return nil
        }

        private mutating func decide(on offer: FileOffer, _ id: FileID) async {
            isOffered = true
            shown.withLockedValue { [peer] in $0 = (offer.name, peer) }
            let consent = acceptsAll ? .toBeAsked : folder?.answer(to: offer) ?? .toBeAsked
            if consent == .toBeAsked { reporter.reportJSON(account.notice(.offered, offer)) }
            if consent == .declined {
                session.decline(id, .declined)
                return account.add(.notDelivered)
            }
            guard await active.mayClaim(offer, from: senderKey, by: session) else { return refuse(id, offer) }
            let answer = consent == .taken ? .yes : await transfer.accepts(offer, from: peer, acceptsAll, unless: departure)
            acceptsAll = answer == .all
            if answer == .none { return }
            if consent == .toBeAsked { folder = FolderConsent(offer, isTaken: answer != .no) ?? folder }
            guard answer != .no else {
                session.decline(id, .declined)
                reporter.report("Declined: \(TransferAccount.label(offer)).", account.notice(.declined, offer))
                return account.add(.notDelivered)
            }
            guard await active.claim(offer, from: senderKey, by: session) else {
                if await !active.isSuperseded(session) { refuse(id, offer) }
                return
            }
            waiting.append((id, offer))
            // If other files wait already, a reminder is scheduled.
            if waiting.count == 1 { await openWaiting() }
        }

        /// Declines a file because the limit of transfers is reached.
        private func refuse(_ id: FileID, _ offer: FileOffer) {
            session.decline(id, .declined)
            var notice = account.notice(.declined, offer)
            notice.reason = "No more transfers are accepted."
            reporter.report("Declined: \(TransferAccount.label(offer)). \(notice.reason ?? "")", notice)
        }

        /// Opens the accepted files in their order, as long as there are descriptors.
        private mutating func openWaiting() async {
            while let (id, offer) = waiting.first {
                let isHopeless = files.isEmpty && waitingSince.map { $0.duration(to: .now) > Self.descriptorPatience } ?? false
                do throws(ReceiveOutput.Refusal) {
                    guard isHopeless || DescriptorLimit.hasRoom(for: Self.spareDescriptors) else {
                        throw ReceiveOutput.Refusal(reason: .cannotWrite, text: "", isForWantOfDescriptors: true)
                    }
                    let destination = try output.destination(for: offer, from: senderKey, in: &contents)
                    files[id] = File(offer: offer, destination: destination)
                    session.accept(id, into: destination, inOrder: destination is StreamDestination)
                    isTaken = true
                } catch {
                    if error.isForWantOfDescriptors, !isHopeless { return postpone(offer) }
                    await active.release(offer, from: senderKey, by: session, hasTaken: isTaken)
                    session.decline(id, error.reason)
                    var notice = account.notice(.declined, offer)
                    notice.reason = error.text
                    reporter.complain("Could not accept \(TransferAccount.label(offer)): \(Printable.text(error.text)).", notice)
                    account.add(.notDelivered)
                }
                waiting.removeFirst()
                if waiting.isEmpty { waitingSince = nil }
            }
        }

        /// Schedules another attempt after a pause, when other files may have freed descriptors.
        private mutating func postpone(_ offer: FileOffer) {
            if waitingSince == nil {
                var notice = account.notice(.note, offer)
                notice.reason = "Too many open files: \(TransferAccount.label(offer)) and those after it wait until others are done."
                reporter.report(notice.reason ?? "", notice)
            }
            waitingSince = waitingSince ?? .now
            if isReminderDue { return }
            isReminderDue = true
            Task { [session] in
                try? await Task.sleep(for: Self.descriptorPause)
                session.remind()
            }
        }

        private mutating func done(_ id: FileID) async {
            guard let file = await close(id, isDelivered: true) else { return }
            let placed = file.destination as? DestinationFile
            var notice = account.notice(.done, file.offer)
            notice.path = placed?.finalName
            if file.offer.kind == .file {
                let name = placed?.finalName.map(Printable.text) ?? TransferAccount.label(file.offer)
                let what = name + TransferText.size(of: file.offer)
                reporter.report(
                    placed?.wasThere == true ? "\(what) from \(peer) was received before." : "Received \(what) from \(peer).", notice)
            }
            await openWaiting()
        }

        private mutating func failed(_ id: FileID, _ failure: FileFailure, _ text: String) async {
            if let index = waiting.firstIndex(where: { $0.id == id }) {
                let (_, offer) = waiting.remove(at: index)
                await active.release(offer, from: senderKey, by: session, hasTaken: isTaken)
            }
            guard let file = await close(id, isDelivered: false) else { return }
            account.failed(file.offer, failure, text)
        }

        /// - Returns: the file, if it was open.
        private mutating func close(_ id: FileID, isDelivered: Bool) async -> File? {
            guard let file = files.removeValue(forKey: id) else { return nil }
            await active.release(file.offer, from: senderKey, by: session, hasTaken: true)
            isLast = output.release(file.destination, isDelivered: isDelivered) || isLast
            return file
        }

        mutating func finish(_ outcome: TransferOutcome) async -> End {
            if case .complete = outcome {
                for failure in output.complete(contents) { reporter.complain(Sentence.of(failure)) }
            }
            // The last packet, which reports that all is complete, may have been lost.
            let isComplete = outcome == .complete || (isTaken && offersEnded && files.isEmpty && waiting.isEmpty)
            for file in files.values { isLast = output.release(file.destination, isDelivered: false) || isLast }
            reporter.add(bytes: session.statistics.bytesDone)
            transfer.front.release(session)
            reporter.clearLine()
            // The transfer that replaces this one needs its part files to be closed.
            for file in files.values { await (file.destination as? DestinationFile)?.waitUntilOver() }
            if await active.end(session, isComplete: isComplete) {
                var notice = TransferNotice(.note)
                notice.reason = "The sender at \(peer) has connected again. Its earlier transfer does not answer, and is ended."
                reporter.report(notice.reason ?? "", notice)
                return End(status: isLast ? .failed : nil, isComplete: isComplete, isLast: isLast)
            }
            if isOffered, case .failed(let failure) = outcome {
                let isResumable = files.values.contains { $0.offer.size != nil && $0.destination is DestinationFile }
                let end = TransferEnd(failure, peer: "the sender", resumable: isResumable)
                if let message = end.message { reporter.complain(message) }
                account.add(end.status)
            }
            let status = isTaken ? account.status : nil
            return End(status: isLast ? status ?? .failed : status, isComplete: isComplete, isLast: isLast)
        }
    }

    private enum Answer { case yes, all, no, none }

    /// - Returns: `none` if the sender has left.
    private func accepts(_ offer: FileOffer, from peer: String, _ acceptsAll: Bool, unless departure: PeerDeparture) async -> Answer {
        if acceptsAll { return .all }
        let label = TransferAccount.label(offer) + TransferText.size(of: offer)
        let what = offer.kind == .directory ? FolderConsent.description(of: offer) : label
        let who = policy.isStranger(session) ? "\(peer), who has no ticket," : peer
        let text = "\(who) offers \(what). Accept? [y/N, a for all of this transfer]"
        let answer = await withTaskGroup(of: String?.self) { [reporter] group in
            group.addTask { await Question.shared.ask(text, on: reporter) }
            group.addTask {
                await departure.wait()
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        if answer == nil, departure.isGone || Task.isCancelled { return .none }
        switch answer?.trimmingCharacters(in: .whitespaces).lowercased() {
        case "y", "yes": return .yes
        case "a", "all": return .all
        default: return .no
        }
    }
}
