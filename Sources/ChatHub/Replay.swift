import ChatProtocol

// What a session missed, page by page from the store, each page only when the one before has been written to its socket.

extension Hub {
    /// Messages in one page: with ``Limits/messageBytes`` each, below the bound of an outbound queue.
    static let pageSize = 100

    mutating func beginReplay(of session: Session, _ account: AccountID, from start: Command.ReplayStart) {
        session.reached = marks.replayStart(of: account)
        session.ownAfter = messageIDs.last
        switch start {
        case .nowhere: return
        case .whereItLeftOff: break
        case .after(let shown):
            session.reached = min(shown, messageIDs.last)
            // It has been told of the account's own messages so far.
            session.ownAfter = session.reached
            marks.reach(session.reached, account)
        }
        session.isReplayed = true
        session.debt = marks.debt(of: account, replayedBehind: session.reached)
        session.replayedUpTo = session.reached
        readMissed(by: session.id)
    }

    mutating func readMissed(by id: SessionID) {
        guard let session = sessions[id], !session.isClosing, let account = session.account else { return }
        session.replay = .reading(moreCame: false)
        actions.append(
            .loadMissed(
                newTicket(.page(id)), account: account, after: session.replayedUpTo, ownAfter: session.ownAfter, limit: Hub.pageSize))
    }

    mutating func replay(_ messages: [ChatMessage]?, to id: SessionID) {
        guard let session = sessions[id], !session.isClosing, let account = session.account else { return }
        guard let messages else {
            // It must not be told of later messages as if there had been none before: let it come again.
            return close(id, .storeFailed)
        }
        statistics.deliveries += messages.count
        for message in messages { actions.append(.deliver([id], .message(message))) }
        if let last = messages.last { session.replayedUpTo = last.id }
        if messages.count >= Hub.pageSize {
            actions.append(.awaitDrain(newTicket(.pageWritten(id)), id))
        } else if session.replay == .reading(moreCame: true) {
            readMissed(by: id)
        } else {
            session.replay = .live
            payDebt(session, account)
            forgetAudiences(of: account)
        }
    }
}
