import ChatProtocol

// What leaving would lose, and transfers whose other side has left.

extension Console {
    /// How often the other side of an own offer is asked for before a script gives it up: five minutes, at ``FrontEnd``'s interval.
    static let askedAtMost = 60

    /// What is under way and would not be done, for people.
    var unfinished: [String] {
        var all = desk.numbers.compactMap { desk[$0] }.filter { $0.state != .waiting }.map { transfer in
            let way = "\(form.safe(transfer.name)) \(transfer.isOutgoing ? "to" : "from") \(form.safe(transfer.peer))"
            guard case .running(let done, let total, _) = transfer.state, total > 0 else { return way }
            return "\(way) (\(Int(Double(done) / Double(total) * 100)) %)"
        }
        // While the connection stands the good-bye comes behind them.
        let messages = queued.count + (isOffline ? unconfirmed : 0)
        if messages > 0 { all.append(messages == 1 ? "1 message" : "\(messages) messages") }
        return all
    }

    static func notDone(_ unfinished: [String]) -> String { "Not done yet: \(unfinished.joined(separator: ", "))." }

    /// The status of a script that ends while something is unfinished.
    var lossStatus: ConsoleStatus {
        desk.running.isEmpty ? .notDelivered : .resumable
    }

    /// Whether somebody is waited for who may have gone: then ``ConsoleInput/askPeers`` is to be given every few seconds.
    public var awaitsPeers: Bool { isOnline && !isOffline && !desk.awaited.isEmpty }

    /// Has the server say whether the others are still there, by a signal that says nothing; in a script with an end to the patience.
    mutating func askPeers() {
        guard awaitsPeers else { return }
        for transfer in desk.awaited where !pending.values.contains(.presence(transfer.number)) {
            if transfer.asked >= Console.askedAtMost, !configuration.isInteractive {
                signal(.cancel, transfer)
                giveUp(transfer.number, "\(transfer.peer) has not answered: \(Console.undone(transfer)).")
            } else {
                desk[transfer.number]?.asked += 1
                signal(.update, transfer, for: .presence(transfer.number))
            }
        }
    }

    mutating func takePresence(of number: Int, _ answer: Answer) {
        guard let transfer = desk.awaited.first(where: { $0.number == number }) else { return }
        let isGone = answer.notices.contains { notice in
            switch notice.reply {
            case .notActive, .noSuchUser: true
            default: false
            }
        }
        if isGone { giveUp(number, "\(transfer.peer) has left: \(Console.undone(transfer)).") }
    }

    private static func undone(_ transfer: TransferDesk.Transfer) -> String {
        "\(transfer.name) was not \(transfer.isOutgoing ? "sent" : "received")"
    }
}
