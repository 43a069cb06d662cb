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
    /// The session whose figures are on the terminal's one line.
    let front: Front

    final class Front: Sendable {
        private let shown = NIOLockedValueBox<ObjectIdentifier?>(nil)
        func take(_ session: TransferSession) -> Bool {
            shown.withLockedValue { shown in
                if shown == nil { shown = ObjectIdentifier(session) }
                return shown == ObjectIdentifier(session)
            }
        }
        func give(_ session: TransferSession) { shown.withLockedValue { if $0 == ObjectIdentifier(session) { $0 = nil } } }
    }

    private struct File {
        let offer: FileOffer
        let destination: any TransferDestination
    }

    /// Descriptors that are left free when a file is opened, for what placing those under way needs.
    private static let spareDescriptors = 16
    /// How long a file waits for descriptors where no other is under way that would give some back.
    private static let descriptorPatience = Duration.seconds(30)
    private static let descriptorPause = Duration.milliseconds(100)

    /// How a transfer ended.
    struct End {
        /// Nil where nothing was taken, or another transfer took this one's place: then it counts for nothing.
        var status: ExitStatus?
        /// Every file has had its answer, and what was taken has come or cannot come; not where it was interrupted.
        var isComplete: Bool
        /// The output cannot take another file.
        var isLast: Bool
    }

    func run() async -> End {
        var (isLast, isComplete) = (false, false)
        let status = await run(&isLast, &isComplete)
        return End(status: isLast ? status ?? .failed : status, isComplete: isComplete, isLast: isLast)
    }

    private func run(_ isLast: inout Bool, _ isComplete: inout Bool) async -> ExitStatus? {
        let clock = TransferClock()
        let shown = NIOLockedValueBox((name: "", peer: ""))
        let ticker = Task { [session, reporter, front] in
            var meter = RateMeter()
            while !Task.isCancelled {
                try await Task.sleep(for: .milliseconds(250))
                let shown = shown.withLockedValue(\.self)
                guard !shown.name.isEmpty, reporter.showsAll || front.take(session) else { continue }
                let figures = session.statistics
                meter.add(figures, at: clock.seconds)
                reporter.progress(figures, meter, name: shown.name, peer: shown.peer)
            }
        }
        var senderKey: [UInt8] = []
        var peer = "the sender"
        var files: [FileID: File] = [:]
        var contents = ReceiveOutput.Contents()
        var worst = ExitStatus.done
        var (isOffered, isTaken) = (false, false)
        var acceptsAll = !policy.asks(about: session)
        var folder: FolderConsent?
        var offersEnded = false
        var outcome = TransferOutcome.failed(.cancelled)
        // Taken, but there was no descriptor for them yet; in order.
        var waiting: [(id: FileID, offer: FileOffer)] = []
        var waitingSince: ContinuousClock.Instant?
        var isReminderDue = false
        func takeWaiting() async {
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
                    if error.isForWantOfDescriptors, !isHopeless {
                        if waitingSince == nil {
                            var notice = notice(.note, offer, peer)
                            notice.reason = "Too many open files: \(label(offer)) and those after it wait until others are done."
                            reporter.tell(notice.reason ?? "", notice)
                        }
                        waitingSince = waitingSince ?? .now
                        if isReminderDue { return }
                        isReminderDue = true
                        Task { [session] in
                            try? await Task.sleep(for: Self.descriptorPause)
                            session.remind()
                        }
                        return
                    }
                    await active.release(offer, from: senderKey, by: session, hasTaken: isTaken)
                    session.decline(id, error.reason)
                    var notice = notice(.declined, offer, peer)
                    notice.reason = error.text
                    reporter.complain("Could not accept \(label(offer)): \(Printable.text(error.text)).", notice)
                    worst = TransferEnd.worse(worst, .notDelivered)
                }
                waiting.removeFirst()
                if waiting.isEmpty { waitingSince = nil }
            }
        }
        let departure = PeerDeparture()
        // The end is seen while a question waits for its answer; what else happens meanwhile waits.
        Task { [session] in
            await session.waitForEnd()
            departure.leave()
        }
        for await update in session.updates {
            switch update {
            case .established(let key, _, let address):
                senderKey = key
                peer = address.hostAndPort
                var notice = TransferNotice(.connected)
                notice.peer = peer
                notice.key = Fingerprint.text(of: key)
                reporter.note(notice)
            case .offered(let id, let offer):
                isOffered = true
                shown.withLockedValue { [peer] in $0 = (offer.name, peer) }
                let consent = acceptsAll ? .toBeAsked : folder?.answer(to: offer) ?? .toBeAsked
                if consent == .toBeAsked { reporter.note(notice(.offered, offer, peer)) }
                if consent == .declined {
                    session.decline(id, .declined)
                    worst = TransferEnd.worse(worst, .notDelivered)
                    continue
                }
                guard await active.mayClaim(offer, from: senderKey, by: session) else {
                    refuse(id, offer, peer)
                    continue
                }
                let answer = consent == .taken ? .yes : await accepts(offer, from: peer, acceptsAll, unless: departure)
                acceptsAll = answer == .all
                if answer == .none { continue }
                if consent == .toBeAsked { folder = FolderConsent(offer, isTaken: answer != .no) ?? folder }
                guard answer != .no else {
                    session.decline(id, .declined)
                    reporter.tell("Declined: \(label(offer)).", notice(.declined, offer, peer))
                    worst = TransferEnd.worse(worst, .notDelivered)
                    continue
                }
                guard await active.claim(offer, from: senderKey, by: session) else {
                    if await !active.isSuperseded(session) { refuse(id, offer, peer) }
                    continue
                }
                waiting.append((id, offer))
                // Where others wait already somebody has been told to look again.
                if waiting.count == 1 { await takeWaiting() }
            case .done(let id):
                guard let file = files.removeValue(forKey: id) else { break }
                await active.release(file.offer, from: senderKey, by: session, hasTaken: true)
                isLast = output.release(file.destination, isDelivered: true) || isLast
                let place = (file.destination as? DestinationFile)?.finalName
                var notice = notice(.done, file.offer, peer)
                notice.path = place
                let size = file.offer.size.map { " (\(TransferText.bytes($0)))" } ?? ""
                if file.offer.kind == .file {
                    let name = place.map(Printable.text) ?? label(file.offer)
                    let isNews = (file.destination as? DestinationFile)?.wasThere != true
                    reporter.tell(
                        isNews ? "Received \(name)\(size) from \(peer)." : "\(name)\(size) from \(peer) was received before.", notice)
                }
                await takeWaiting()
            case .failed(let id, let failure, let text):
                if let index = waiting.firstIndex(where: { $0.id == id }) {
                    let (_, offer) = waiting.remove(at: index)
                    await active.release(offer, from: senderKey, by: session, hasTaken: isTaken)
                }
                guard let file = files.removeValue(forKey: id) else { break }
                await active.release(file.offer, from: senderKey, by: session, hasTaken: true)
                isLast = output.release(file.destination, isDelivered: false) || isLast
                worst = TransferEnd.worse(worst, .failed)
                // A reader that went away knows it.
                if failure == .outputClosed { break }
                var notice = notice(.failed, file.offer, peer)
                let reason = failure.told(text, to: .receiver)
                notice.reason = reason
                reporter.complain(failure.line(label(file.offer), reason), notice)
            case .paused(let isPaused):
                var notice = TransferNotice(.paused)
                notice.peer = peer
                notice.paused = isPaused
                reporter.tell(isPaused ? "The disk is full; waiting for room." : "The disk has room again; continuing.", notice)
            case .resumed(let id, let kept):
                guard let file = files[id] else { break }
                var notice = notice(.resumed, file.offer, peer)
                notice.bytes = kept.reduce(0) { $0 + UInt64($1.count) }
                let isWhole = file.offer.size == notice.bytes
                let text = "Resuming \(label(file.offer)): \(TransferText.bytes(notice.bytes ?? 0)) already received."
                // One that is here already is told as such when it is done.
                if isWhole { reporter.note(notice) } else { reporter.tell(text, notice) }
            case .reminded:
                isReminderDue = false
                await takeWaiting()
            case .offersEnded: offersEnded = true
            case .answered, .named: break
            case .ended(let end): outcome = end
            }
        }
        if case .complete = outcome {
            for failure in output.complete(contents) { reporter.complain(Sentence.of(failure)) }
        }
        // Its last word may have been lost.
        isComplete = outcome == .complete || (isTaken && offersEnded && files.isEmpty && waiting.isEmpty)
        for file in files.values { isLast = output.release(file.destination, isDelivered: false) || isLast }
        ticker.cancel()
        reporter.add(bytes: session.statistics.bytesDone)
        front.give(session)
        reporter.clearLine()
        // Whoever takes this one's place is to find its parts free.
        for file in files.values { await (file.destination as? DestinationFile)?.waitUntilOver() }
        if await active.end(session, isComplete: isComplete) {
            var notice = TransferNotice(.note)
            notice.reason = "The sender at \(peer) has connected again. Its earlier transfer does not answer, and is ended."
            reporter.tell(notice.reason ?? "", notice)
            return nil
        }
        if isOffered, case .failed(let failure) = outcome {
            let isResumable = files.values.contains { $0.offer.size != nil && $0.destination is DestinationFile }
            let end = TransferEnd(failure, peer: "the sender", resumable: isResumable)
            if let message = end.message { reporter.complain(message) }
            worst = TransferEnd.worse(worst, end.status)
        }
        return isTaken ? worst : nil
    }

    /// As many transfers as were asked for have taken files.
    private func refuse(_ id: FileID, _ offer: FileOffer, _ peer: String) {
        session.decline(id, .declined)
        var notice = notice(.declined, offer, peer)
        notice.reason = "No more transfers are accepted."
        reporter.tell("Declined: \(label(offer)). \(notice.reason ?? "")", notice)
    }

    private enum Answer { case yes, all, no, none }

    /// - Returns: `none` where nobody wants to know any more.
    private func accepts(_ offer: FileOffer, from peer: String, _ acceptsAll: Bool, unless departure: PeerDeparture) async -> Answer {
        if acceptsAll { return .all }
        let size = offer.size.map { " (\(TransferText.bytes($0)))" } ?? ""
        let what = offer.kind == .directory ? FolderConsent.description(of: offer) : "\(label(offer))\(size)"
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

    private func label(_ offer: FileOffer) -> String { Printable.text(offer.name) }

    private func notice(_ event: TransferNotice.Event, _ offer: FileOffer, _ peer: String) -> TransferNotice {
        var notice = TransferNotice(event)
        notice.peer = peer
        notice.name = offer.name
        notice.size = offer.contents?.bytes ?? offer.size
        notice.files = offer.contents?.files
        return notice
    }
}
