import ChatProtocol
import FoundationEssentials

// File transfers: commands, signals of other users, and events of the carrier.

extension Console {
    /// The part of an offer's payload that the console needs.
    private struct Offer: Decodable {
        let name: String
        let size: Int64
    }

    mutating func sendFile(_ path: String, to user: String) {
        guard !isSelf(user) else { return complain("That is you.", .notDelivered) }
        let id = configuration.idPrefix + String(transfers.nextSerial())
        guard let number = transfers.add(isOutgoing: true, peer: user, id: id, name: path, size: 0, state: .describing) else {
            return complain("Too many transfers at once. Wait until one has ended.", .notDelivered)
        }
        effects.append(.transfer(.offer(number, to: user, path: EscapedPath.trimmed(path))))
    }

    mutating func acceptOffer(_ word: String?) {
        guard let offer = chosenOffer(word, .accept) else { return }
        transfers[offer.number]?.state = .preparing
        effects.append(.transfer(.receive(offer.number, from: offer.peer, payload: offer.payload)))
    }

    private mutating func chosenOffer(_ word: String?, _ command: SlashCommandKind) -> TransferTable.Transfer? {
        chosen(word, command, Console.noOffer, where: { $0.state == .waiting })
    }

    /// The transfer that a command means. If there are several and none was named, the command fails and lists them: the user may not have
    /// seen the newest.
    private mutating func chosen(
        _ word: String?, _ command: SlashCommandKind, _ none: (String?) -> String, where canBeMeant: (TransferTable.Transfer) -> Bool
    ) -> TransferTable.Transfer? {
        let all = transfers.meant(word, where: canBeMeant)
        if all.count == 1 { return all[0] }
        guard let first = all.first else {
            complain(none(word), .failed)
            return nil
        }
        let list = all.prefix(Console.listed).map { "\($0.number), \($0.name) \($0.isOutgoing ? "to" : "from") \($0.peer)" }
        let more = all.count > list.count ? "; and \(all.count - list.count) more, see /transfers" : ""
        complain("Choose one, as in \(command.word) \(first.number): \(list.joined(separator: "; "))\(more).", .usage)
        return nil
    }

    /// How many transfers such a list shows.
    private static let listed = 5

    mutating func declineOffer(_ word: String?) {
        guard let offer = chosenOffer(word, .decline) else { return }
        decline(offer)
    }

    /// - Parameter verb: ``TransferSignal/Verb/refuse`` if the user was not asked; then other sessions of the account may still accept.
    private mutating func decline(_ offer: TransferTable.Transfer, _ verb: TransferSignal.Verb = .decline, says: Bool = true) {
        signal(verb, offer)
        transfers[offer.number]?.answer = (verb, "")
        _ = transfers.remove(offer.number)
        if says { showTransfer(.declined, "Declined \(offer.name) from \(offer.peer).", offer) }
    }

    mutating func cancelTransfer(_ word: String?) {
        guard
            let transfer = chosen(
                word, .cancel, { word in word.map { "There is no transfer \($0)." } ?? "There is no transfer." },
                where: { $0.state != .waiting })
        else { return }
        if transfer.state != .describing { signal(.cancel, transfer) }
        effects.append(.transfer(.cancel(transfer.number)))
        _ = transfers.remove(transfer.number)
        showTransfer(.cancelled, "Stopped \(transfer.name).", transfer)
        fail(.notDelivered)
    }

    mutating func listTransfers() {
        guard !transfers.numbers.isEmpty else { return effects.append(.show(formatter.own(.hint, "There is no transfer."))) }
        for transfer in transfers.numbers.compactMap({ transfers[$0] }) {
            let way = transfer.isOutgoing ? "\(transfer.name) to \(transfer.peer)" : "\(transfer.name) from \(transfer.peer)"
            let state: String =
                switch transfer.state {
                case .describing: "being read"
                case .offered: "offered"
                case .waiting: "waits for /accept \(transfer.number) or /decline \(transfer.number)"
                case .preparing: "connecting"
                case .running(let done, let total, let rate):
                    Console.progress(done, total, rate) + (transfer.way.map { ", \(Console.shown($0))" } ?? "")
                }
            showTransfer(.transfer, "\(transfer.number): \(way) (\(Amount.bytes(transfer.size))), \(state)", transfer)
        }
    }

    mutating func verifyTransfer(_ word: String?) {
        guard let transfer = transfers.known(word) else {
            return complain(word.map { "There is no transfer \($0)." } ?? "There is no transfer.", .failed)
        }
        guard transfer.state != .waiting else {
            return complain("There is nothing to compare yet. Accept \(transfer.name) first: /accept \(transfer.number).", .failed)
        }
        transfers.questions += 1
        effects.append(.transfer(.verify(transfer.number)))
    }

    private mutating func showVerification(_ number: Int, _ digits: String?) {
        transfers.questions -= 1
        guard let transfer = transfers.known(String(number)) else { return }
        guard let digits else { return complain("\(transfer.peer) has not answered yet: there is nothing to compare.", .failed) }
        let way = transfer.isOutgoing ? "to" : "from"
        let text =
            "\(number): \(transfer.name) \(way) \(transfer.peer): \(digits). "
            + "If \(transfer.peer) sees the same number with /verify, nobody is between you."
        effects.append(.show(formatter.transfer(.verification, text, transfer, verification: digits)))
    }

    /// Bytes shown of the reason that the other side gives for a failure.
    private static let reasonBytes = 300

    private static func noOffer(_ word: String?) -> String { word.map { "There is no offer \($0)." } ?? "There is no offer." }

    private static func progress(_ done: Int64, _ total: Int64, _ rate: Double) -> String {
        let share = total > 0 ? "\(Int(Double(done) / Double(total) * 100)) %" : "?"
        let left = rate > 0 ? ", \(Amount.time(Double(total - done) / rate)) left" : ""
        return "\(share) of \(Amount.bytes(total)), \(Amount.rate(rate))\(left)"
    }

    private mutating func showTransfer(
        _ event: EventKind, _ text: String, _ transfer: TransferTable.Transfer, path: String? = nil, isFailure: Bool = false
    ) {
        effects.append(.show(formatter.transfer(event, text, transfer, path: path, isFailure: isFailure)))
    }

    /// - Parameter purpose: of the request; ``Purpose/signal(_:)`` if nil.
    mutating func signal(
        _ verb: TransferSignal.Verb, _ transfer: TransferTable.Transfer, payload: String = "", for purpose: Purpose? = nil
    ) {
        guard let signal = TransferSignal(verb: verb, id: transfer.id, payload: payload) else {
            return giveUp(transfer.number, "The other user cannot be informed: the message is too long.")
        }
        request(.signal(to: transfer.peer, signal), for: purpose ?? .signal(transfer.number))
    }

    /// The server has delivered the offer.
    mutating func showOffered(_ number: Int) {
        guard let transfer = transfers[number] else { return }
        showTransfer(.offered, "Offered \(transfer.name) (\(Amount.bytes(transfer.size))) to \(transfer.peer).", transfer)
    }

    /// Ends a transfer that failed.
    mutating func giveUp(_ number: Int, _ reason: String, isResumable: Bool = false) {
        guard let transfer = transfers.remove(number) else { return }
        effects.append(.transfer(.cancel(number)))
        report(reason, formatter.transfer(.transferFailed, reason, transfer, isFailure: true))
        // An offer that was not accepted is no failure of this side. If an own file cannot be read, the other side knows nothing of it.
        if isResumable {
            fail(.resumable)
        } else if transfer.isOutgoing, transfer.state != .describing {
            fail(.notDelivered)
        } else if transfer.state != .waiting {
            fail(.failed)
        }
    }

    // Signals of other users.

    mutating func handleSignal(_ signal: TransferSignal, from: String, to: String) {
        guard !isSelf(from) || signal.verb == .relay else { return followOwn(signal, with: to) }
        if !ignored.contains(from) { recordUser(from) }
        switch signal.verb {
        case .offer: receiveOffer(signal, from: from)
        case .accept:
            guard let transfer = transfers.find(id: signal.id, peer: from, isOutgoing: true), transfer.state == .offered else { return }
            transfers[transfer.number]?.state = .preparing
            effects.append(.transfer(.send(transfer.number, payload: signal.payload)))
        case .decline:
            guard let transfer = transfers.find(id: signal.id, peer: from, isOutgoing: true) else { return }
            let reason = signal.payload.isEmpty ? "" : " (\(signal.payload))"
            giveUp(transfer.number, "\(from) declined \(transfer.name)\(reason).")
        case .cancel:
            guard
                let transfer = transfers.find(id: signal.id, peer: from, isOutgoing: true)
                    ?? transfers.find(id: signal.id, peer: from, isOutgoing: false)
            else { return }
            // The other user stopped it, or it failed there and the payload says why.
            let reason = SafeText.beginning(of: signal.payload, Console.reasonBytes)
            giveUp(transfer.number, reason.isEmpty ? "\(from) stopped \(transfer.name)." : "\(transfer.name) failed at \(from): \(reason)")
        case .update:
            guard
                let transfer = transfers.find(id: signal.id, peer: from, isOutgoing: true)
                    ?? transfers.find(id: signal.id, peer: from, isOutgoing: false)
            else { return }
            effects.append(.transfer(.update(transfer.number, payload: signal.payload)))
        case .relay:
            guard
                let transfer = transfers.find(id: signal.id, peer: from, isOutgoing: true)
                    ?? transfers.find(id: signal.id, peer: from, isOutgoing: false)
            else { return }
            effects.append(.transfer(.relay(transfer.number, payload: signal.payload)))
        case .renew, .refuse: break
        }
    }

    /// A signal that another session of this account sent: an offer accepted or declined there ends here.
    private mutating func followOwn(_ signal: TransferSignal, with other: String) {
        guard signal.verb == .accept || signal.verb == .decline, let offer = transfers.find(id: signal.id, peer: other, isOutgoing: false),
            offer.state == .waiting || offer.state == .preparing
        else { return }
        if offer.state == .preparing { effects.append(.transfer(.cancel(offer.number))) }
        _ = transfers.remove(offer.number)
        let what = signal.verb == .accept ? "accepted" : "declined"
        showTransfer(.answeredElsewhere, "\(offer.name) from \(other) was \(what) in another session.", offer)
    }

    private mutating func receiveOffer(_ signal: TransferSignal, from: String) {
        guard let offer = try? JSONDecoder().decode(Offer.self, from: Data(signal.payload.utf8)), offer.size >= 0 else { return }
        let name = offer.name.isEmpty ? "a file" : SafeText.beginning(of: offer.name, 255)
        if let known = transfers.known(id: signal.id, from: from) {
            // The sender repeats its offer if it has not received the answer.
            if let answer = known.answer { self.signal(answer.verb, known, payload: answer.payload, for: .presence(known.number)) }
            return
        }
        guard
            let number = transfers.add(
                isOutgoing: false, peer: from, id: signal.id, name: name, size: offer.size, state: .waiting, payload: signal.payload),
            let transfer = transfers[number]
        else { return }
        // An ignored user cannot tell from the answer that they are ignored.
        guard !ignored.contains(from) else { return decline(transfer, .refuse, says: false) }
        let said = "\(from) offers \(name) (\(Amount.bytes(offer.size)))."
        switch configuration.offers {
        case .ask:
            showTransfer(.offer, "\(said) /accept \(number) or /decline \(number)", transfer)
            if configuration.isInteractive, configuration.bell != .off { effects.append(.bell) }
        case .always:
            showTransfer(.offer, said, transfer)
            acceptOffer(String(number))
        case .never: decline(transfer, .refuse)
        }
    }

    // Events of the carrier.

    mutating func handleCarrierEvent(_ event: CarrierEvent) {
        switch event {
        case .described(let number, let name, let size, let payload):
            guard transfers[number] != nil else { return }
            transfers[number]?.name = name
            transfers[number]?.size = size
            transfers[number]?.state = .offered
            transfers[number]?.payload = payload
            guard let transfer = transfers[number] else { return }
            signal(.offer, transfer, payload: payload, for: .offer(number))
        case .ready(let number, let payload):
            transfers[number]?.answer = (.accept, payload)
            guard let transfer = transfers[number] else { return }
            signal(.accept, transfer, payload: payload)
            if transfer.needsRelay { signal(.relay, transfer, for: .relay(number)) }
        case .needsRelay(let number):
            transfers[number]?.needsRelay = true
            guard let transfer = transfers[number], transfer.isOutgoing || transfer.answer?.verb == .accept else { return }
            if transfer.state == .preparing { showTransfer(.way, "Looking for a way to \(transfer.peer) ...", transfer) }
            signal(.relay, transfer, for: .relay(number))
        case .update(let number, let payload):
            if let transfer = transfers[number] { signal(.update, transfer, payload: payload, for: .update(number)) }
        case .way(let number, let way): recordWay(number, way)
        case .progress(let number, let done, let total, let rate): recordProgress(number, done, total, rate)
        case .finished(let number, let path, let bytes, let resumed, let seconds):
            transfers[number]?.state = .running(done: bytes, total: bytes, rate: 0)
            guard let transfer = transfers.remove(number) else { return }
            let moved = bytes - min(max(0, resumed), bytes)
            let before = moved < bytes ? " after \(Amount.bytes(bytes - moved)) received before" : ""
            let rate = Amount.rate(seconds > 0 ? Double(moved) / seconds : 0)
            let speed =
                bytes > 0 && moved == 0 ? "it was received before" : "\(Amount.bytes(moved))\(before) in \(Amount.time(seconds)), \(rate)"
            let text =
                transfer.isOutgoing
                ? "\(transfer.peer) has \(transfer.name): \(speed)."
                : "Received \(path ?? transfer.name) from \(transfer.peer): \(speed)."
            showTransfer(transfer.isOutgoing ? .sent : .received, text, transfer, path: path)
        case .verification(let number, let digits): showVerification(number, digits)
        case .failed(let number, let reason, let isResumable):
            guard let transfer = transfers[number] else { return }
            if transfer.state != .describing, transfer.state != .waiting {
                signal(.cancel, transfer, payload: SafeText.beginning(of: SafeText.shown(reason, isolates: false), Console.reasonBytes))
            }
            // A system error may contain the file's name already. The name stays unchanged.
            let text =
                !reason.contains(transfer.name)
                ? "\(transfer.name): \(reason)"
                : reason.begins(with: transfer.name) ? reason : reason.prefix(1).uppercased() + reason.dropFirst()
            giveUp(number, text, isResumable: isResumable)
        }
    }

    /// Shows a way that is relayed, and a direct one that comes after it.
    private mutating func recordWay(_ number: Int, _ way: TransferWay) {
        let wasRelayed = transfers[number]?.way?.isRelayed ?? false
        transfers[number]?.way = way
        guard way.isRelayed != wasRelayed, let transfer = transfers[number] else { return }
        showTransfer(.way, "\(number): \(transfer.name) is \(Console.shown(way)).", transfer)
    }

    /// `direct, 12 ms`, `relayed by the server, at most 2 MB/s`.
    private static func shown(_ way: TransferWay) -> String {
        switch way {
        case .direct(let milliseconds?): "direct, \(milliseconds < 1 ? "less than 1" : String(Int(milliseconds.rounded()))) ms"
        case .direct(nil): "direct"
        case .relayed(let rate?): "relayed by the server, at most \(Amount.rate(rate))"
        case .relayed(nil): "relayed by the server"
        }
    }

    /// Shows the start and every quarter of a transfer. The prompt shows more detail.
    private mutating func recordProgress(_ number: Int, _ done: Int64, _ total: Int64, _ rate: Double) {
        guard let before = transfers[number]?.state else { return }
        transfers[number]?.state = .running(done: done, total: total, rate: rate)
        guard let transfer = transfers[number] else { return }
        if case .running = before {
            let quarter = total > 0 ? Int(Double(done) / Double(total) * 4) : 0
            guard quarter > transfer.shownQuarters, quarter < 4 else { return }
            transfers[number]?.shownQuarters = quarter
            showTransfer(.progress, "\(number): \(transfer.name), \(Console.progress(done, total, rate))", transfer)
        } else {
            showTransfer(
                .started, transfer.isOutgoing ? "Sending \(transfer.name) to \(transfer.peer) ..." : "Receiving \(transfer.name) ...",
                transfer)
        }
    }
}
