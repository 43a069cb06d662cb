import ChatProtocol

// What is lost on leaving, and transfers whose other side has left.

extension Console {
    /// How often a script asks for the other side of an own offer before it gives the offer up: five minutes, at ``FrontEnd``'s interval.
    static let askedAtMost = 60

    /// The transfers and messages that leaving would interrupt, as texts for people.
    var unfinished: [String] {
        var all = transfers.numbers.compactMap { transfers[$0] }.filter { $0.state != .waiting }.map { transfer in
            let way = "\(formatter.safe(transfer.name)) \(transfer.isOutgoing ? "to" : "from") \(formatter.safe(transfer.peer))"
            guard case .running(let done, let total, _) = transfer.state, total > 0 else { return way }
            return "\(way) (\(Int(Double(done) / Double(total) * 100)) %)"
        }
        // While the connection is open, messages without a confirmation are sent before the log-out.
        let messages = queued.count + (isOffline ? unconfirmed : 0)
        if messages > 0 { all.append(messages == 1 ? "1 message" : "\(messages) messages") }
        return all
    }

    static func notDone(_ unfinished: [String]) -> String { "Not done yet: \(unfinished.joined(separator: ", "))." }

    /// The status of a script that ends while something is unfinished.
    var lossStatus: ConsoleStatus {
        transfers.running.isEmpty ? .notDelivered : .resumable
    }

    /// Whether this side waits for a user who may have left: then ``ConsoleInput/askPeers`` has to be passed in every few seconds.
    public var awaitsPeers: Bool { isOnline && !isOffline && !transfers.awaited.isEmpty }

    /// Asks the server whether the other users and their offers are still there. A script gives up after a number of questions.
    mutating func askPeers() {
        guard awaitsPeers else { return }
        for transfer in transfers.awaited where !pending.values.contains(.presence(transfer.number)) {
            if transfer.asked >= Console.askedAtMost, transfer.state != .waiting, !configuration.isInteractive {
                signal(.cancel, transfer)
                giveUp(transfer.number, "\(transfer.peer) has not answered: \(Console.undone(transfer)).")
            } else {
                transfers[transfer.number]?.asked += 1
                ask(transfer)
            }
        }
    }

    /// Renews the own offers, which ended with the connection that was lost.
    mutating func renewOffers() {
        for transfer in transfers.unsettled where transfer.state == .offered { ask(transfer) }
    }

    private mutating func ask(_ transfer: TransferTable.Transfer) {
        if transfer.isOutgoing {
            signal(.renew, transfer, payload: transfer.payload, for: .presence(transfer.number))
        } else {
            signal(.update, transfer, for: .presence(transfer.number))
        }
    }

    /// Cancels the transfers whose other side would wait in vain.
    mutating func withdraw() {
        guard isOnline, !isOffline else { return }
        for transfer in transfers.unsettled {
            signal(.cancel, transfer)
            _ = transfers.remove(transfer.number)
        }
    }

    mutating func handlePresence(of number: Int, _ answer: Answer) {
        guard let transfer = transfers[number], transfer.isAwaited else { return }
        for case let reply? in answer.notices.map(\.reply) where Console.isGone(reply) { return lose(transfer, reply) }
    }

    /// Whether the reply says that the other user has left or that the offer is closed.
    static func isGone(_ reply: Reply?) -> Bool {
        switch reply {
        case .notActive, .noSuchUser, .offerGone: true
        default: false
        }
    }

    /// Ends a transfer whose other side is gone.
    mutating func lose(_ transfer: TransferTable.Transfer, _ reply: Reply) {
        if case .offerGone = reply {
            // The offer may have been accepted by an answer that was lost.
            if transfer.isOutgoing { signal(.cancel, transfer) }
            let way = transfer.isOutgoing ? "to" : "from"
            giveUp(transfer.number, "The offer of \(transfer.name) \(way) \(transfer.peer) is closed.")
        } else {
            giveUp(transfer.number, "\(transfer.peer) has left: \(Console.undone(transfer)).")
        }
        // A user who comes back offers the file again.
        if !transfer.isOutgoing { transfers.forget(transfer.number) }
    }

    private static func undone(_ transfer: TransferTable.Transfer) -> String {
        "\(transfer.name) was not \(transfer.isOutgoing ? "sent" : "received")"
    }
}
