import ChatProtocol
import ChatStore

// Live delivery of stored messages.

extension Hub {
    /// Delivers a stored message to the sessions that it is addressed to, and to the sender's other sessions.
    /// - Parameter sender: the session whose response carries the message.
    mutating func announce(_ message: ChatMessage, except sender: SessionID?) {
        statistics.messages += 1
        switch message.target {
        case .user(let account, _):
            let recipients = sessionsOfAccount[account] ?? []
            let own = account == message.sender ? [] : sessionsOfAccount[message.sender] ?? []
            // Nearly always the sender's account has no other session.
            let isAlone = own.count == 1 && own[0] == sender
            fanOut(message, to: isAlone ? recipients : recipients + own, except: sender)
        case .group(let group, _):
            fanOut(message, to: audience(of: group), except: sender)
        }
    }

    private mutating func fanOut(_ message: ChatMessage, to recipients: [SessionID], except sender: SessionID?) {
        let live = recipients.filter { $0 != sender && getsLive($0, message) }
        guard !live.isEmpty else { return }
        statistics.deliveries += live.count
        actions.append(.deliver(live, .message(message)))
    }

    private mutating func fanOut(_ message: ChatMessage, to audience: Audience, except sender: SessionID?) {
        if audience.isPlain, message.id > audience.replayedUpTo {
            let live = audience.sessions.filter { $0 != sender }
            guard !live.isEmpty else { return }
            statistics.deliveries += live.count
            return actions.append(.deliver(live, .message(message)))
        }
        fanOut(message, to: audience.sessions, except: sender)
    }

    /// Whether a session gets a message live. Not if its replay has delivered it, nor during a replay: that then reads one more page.
    private mutating func getsLive(_ id: SessionID, _ message: ChatMessage) -> Bool {
        guard let session = sessions[id], !session.isClosing else { return false }
        switch session.replay {
        case .live: return message.id > session.replayedUpTo
        case .reading:
            sessions[id]?.replay = .reading(moreCame: true)
            return false
        }
    }
}

/// The active sessions of a group's members, cached so that fan-out does not look them up for each message.
struct Audience {
    let sessions: [SessionID]
    /// Whether every session gets messages live: none is in its replay or closing.
    let isPlain: Bool
    /// The last message that any of these sessions got by replay.
    let replayedUpTo: MessageID
}

extension Hub {
    mutating func audience(of group: GroupID) -> Audience {
        if let known = audiences[group] { return known }
        var ids: [SessionID] = []
        var isPlain = true
        var replayedUpTo = MessageID.zero
        for member in (directory.groups[group]?.members ?? []).sorted() {
            for id in sessionsOfAccount[member] ?? [] {
                guard let session = sessions[id] else { continue }
                ids.append(id)
                replayedUpTo = max(replayedUpTo, session.replayedUpTo)
                if session.replay != .live || session.isClosing { isPlain = false }
            }
        }
        let audience = Audience(sessions: ids, isPlain: isPlain, replayedUpTo: replayedUpTo)
        audiences[group] = audience
        return audience
    }

    /// Drops the cached audiences of an account's groups. Called when one of its sessions begins, ends or finishes its replay.
    mutating func forgetAudiences(of account: AccountID) {
        for group in directory.groups(of: account) { audiences[group] = nil }
    }
}
