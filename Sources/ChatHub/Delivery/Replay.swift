import ChatProtocol
import ChatStore

// What a session missed, page by page from the store, each page only when the one before has been written to its socket.

extension Hub {
    /// Messages in one page: with ``Limits/messageBytes`` each, below the bound of an outbound queue.
    static let pageSize = 100

    mutating func beginReplay(of session: Session, _ account: AccountID, from start: Command.ReplayStart, client: String?) {
        session.client = client
        session.reached = cursors.reached(account)
        session.ownAfter = directory.position
        switch start {
        case .nowhere: return findGap(before: session, account)
        case .whereItLeftOff:
            if let client { replaceOthers(of: client, session, account, shown: nil) }
            session.due = cursors.due(to: account)
        case .after(let shown):
            session.reached = min(shown, directory.position)
            // It has been told of the account's own messages so far.
            session.ownAfter = session.reached
            session.due = [.all(after: session.reached)]
            cursors.advance(to: session.reached, account)
            // Its client says itself what it has.
            if let client {
                replaceOthers(of: client, session, account, shown: session.reached)
                cursors.discard(client, of: account)
            }
        }
        session.movesMark = true
        session.undelivered = cursors.undelivered(of: account, after: session.due[0].after)
        session.reached = session.due[0].after
        session.dueLater = session.due[...]
        beginRange(session)
    }

    /// Connections of its client that are not known to be gone: what they lose is given to this one.
    /// - Parameter shown: what the client has of them, where it says so.
    private mutating func replaceOthers(of client: String, _ session: Session, _ account: AccountID, shown: MessageID?) {
        for case let old? in (sessionsOfAccount[account] ?? []).map({ sessions[$0] }) where old.id != session.id && old.client == client {
            if let shown {
                cursors.acknowledge(old.undelivered, of: account, upTo: shown)
            } else {
                recordUndelivered(account, MessageRange(after: old.reached, upTo: directory.position), of: old)
            }
            old.isReplaced = true
        }
    }

    /// What a session went without, of what it was to be given. Of what others had lost and it was to have, too: from now on that is its client's to ask for.
    mutating func recordUndelivered(_ account: AccountID, _ lost: MessageRange, of session: Session) {
        guard !session.isReplaced else { return }
        for range in session.due.compactMap(lost.intersection) { cursors.record(account, range, client: session.client) }
        cursors.acknowledge(session.undelivered, of: account, upTo: lost.upTo)
    }

    // A client that asks for what it missed by itself moves the account's mark only when what it was not given is owed to others: they see no more of it than
    // they would without it.

    private mutating func findGap(before session: Session, _ account: AccountID) {
        let gap = MessageRange(after: session.reached, upTo: directory.position)
        actions.append(.read(newRequestID(.gap(session.id, gap)), .missed(account, gap, ownAfter: gap.upTo, limit: 1)))
    }

    mutating func finishGap(_ gap: MessageRange, of id: SessionID, _ messages: [ChatMessage]?) {
        guard let session = sessions[id], let account = session.account, let messages else { return }
        session.movesMark = true
        // Another session may have had some of it meanwhile.
        if !messages.isEmpty, let rest = gap.intersection(.all(after: cursors.reached(account))) {
            cursors.record(account, rest, client: nil)
        }
        cursors.advance(to: session.reached, account)
    }

    private mutating func beginRange(_ session: Session) {
        guard let next = session.dueLater.first else { return }
        session.replayedUpTo = max(session.replayedUpTo, next.after)
        readMissed(by: session.id)
    }

    mutating func readMissed(by id: SessionID) {
        guard let session = sessions[id], !session.isClosing, let account = session.account, let end = session.dueLater.first?.upTo else {
            return
        }
        session.replay = .reading(moreCame: false)
        let range = MessageRange(after: session.replayedUpTo, upTo: end)
        actions.append(.read(newRequestID(.page(id)), .missed(account, range, ownAfter: session.ownAfter, limit: Hub.pageSize)))
    }

    mutating func replay(_ messages: [ChatMessage]?, to id: SessionID) {
        guard let session = sessions[id], !session.isClosing, let account = session.account else { return }
        guard let messages else {
            // It must not be told of later messages as if there had been none before: let it come again.
            return close(id, .storeFailed)
        }
        statistics.deliveries += messages.count
        for message in messages { actions.append(.deliver([id], .message(message))) }
        if let last = messages.last {
            session.replayedUpTo = last.id
            session.lastReplayed = last.id
        }
        if messages.count >= Hub.pageSize {
            actions.append(.awaitDrain(newRequestID(.pageWritten(id)), id))
        } else if session.dueLater.count > 1 {
            session.dueLater.removeFirst()
            beginRange(session)
        } else if session.replay == .reading(moreCame: true) {
            readMissed(by: id)
        } else {
            session.replay = .live
            acknowledgeReplay(session, account)
            forgetAudiences(of: account)
        }
    }
}
