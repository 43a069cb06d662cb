import ChatProtocol
import ChatStore

// Replay of missed messages at log-in. Each page is read from the store once the one before is written to the socket.

extension Hub {
    /// Messages in one page. With ``Limits/messageBytes`` each they stay below the bound of an outbound queue.
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
            // The client has seen the account's own messages up to here as well.
            session.ownAfter = session.reached
            session.due = [.all(after: session.reached)]
            cursors.advance(to: session.reached, account)
            // A client that names its last message recovers by itself what it had lost.
            if let client {
                replaceOthers(of: client, session, account, shown: session.reached)
                cursors.discard(client, of: account)
            }
        }
        session.movesCursor = true
        session.undelivered = cursors.undelivered(of: account, after: session.due[0].after)
        session.reached = session.due[0].after
        session.dueLater = session.due[...]
        beginRange(session)
    }

    /// Takes over from other connections of the same client that are not known to be dead: the new session's replay covers what they lose.
    /// - Parameter shown: the last message that the client has shown; nil if it does not say.
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

    /// Records what a session was due and did not confirm, under its client's name. The undelivered ranges that its replay covers are part
    /// of the record, so they are removed up to the end of `lost`.
    mutating func recordUndelivered(_ account: AccountID, _ lost: MessageRange, of session: Session) {
        guard !session.isReplaced else { return }
        for range in session.due.compactMap(lost.intersection) { cursors.record(account, range, client: session.client) }
        cursors.acknowledge(session.undelivered, of: account, upTo: lost.upTo)
    }

    // A client that fetches missed messages by itself (`ReplayStart.nowhere`) skips its gap. If the gap holds messages, it is recorded as
    // undelivered, so that other sessions of the account still get them; then the cursor may follow this client.

    private mutating func findGap(before session: Session, _ account: AccountID) {
        let gap = MessageRange(after: session.reached, upTo: directory.position)
        actions.append(.read(newRequestID(.gap(session.id, gap)), .missed(account, gap, ownAfter: gap.upTo, limit: 1)))
    }

    mutating func finishGap(_ gap: MessageRange, of id: SessionID, _ messages: [ChatMessage]?) {
        guard let session = sessions[id], let account = session.account, let messages else { return }
        session.movesCursor = true
        // Another session may have received part of the gap meanwhile.
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
            // The session must not get later messages without those missed, so it is closed and can reconnect.
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
