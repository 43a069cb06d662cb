import ChatProtocol
import ChatStore

// Away texts, and their announcement to others (RFC 2812 §4.1, IRCv3 away-notify).

extension Hub {
    /// Sets or ends the absence of an account. It holds for all sessions until one of them ends it or the last one logs out; a lost
    /// connection does not end it.
    /// - Parameter text: nil ends the absence.
    mutating func setAway(_ request: Request, _ text: String?) {
        if let text, text.utf8.count > Limits.awayBytes { return fail(request, .awayTooLong(limit: Limits.awayBytes)) }
        let account = request.account
        let reply: Reply = text.map { .nowAway($0) } ?? .back
        succeed(request, [.reply(reply)])
        guard away[account.id] != text else { return }
        away[account.id] = text
        let others = (sessionsOfAccount[account.id] ?? []).filter { $0 != request.session && sessions[$0]?.isClosing == false }
        if !others.isEmpty { actions.append(.deliver(others, .reply(reply))) }
        announcePresence(of: account)
    }

    /// Sends a session that has begun the account's own away text.
    mutating func sendAwayText(to id: SessionID, of account: Account) {
        if let text = away[account.id] { actions.append(.deliver([id], .reply(.nowAway(text)))) }
    }

    /// Ends an account's presence: its last session has ended.
    mutating func endPresence(of account: AccountID, hasLoggedOut: Bool) {
        if hasLoggedOut { away[account] = nil }
        if let account = directory.accounts[account] { announcePresence(of: account) }
    }

    /// The away reply to a session that writes to an account or invites it; empty if the account is not away.
    func awayReply(of account: AccountID, _ name: Name) -> [Outgoing] {
        awayText(of: account).map { [.reply(.away(name.text, $0))] } ?? []
    }

    /// The away text of an active account; nil if the account is not away or not active.
    func awayText(of account: AccountID) -> String? { sessionsOfAccount[account] == nil ? nil : away[account] }

    /// Turns presence changes on or off for a session (IRCv3 away-notify).
    mutating func watchPresence(_ id: SessionID, _ watches: Bool) {
        if watches { presenceListeners.insert(id) } else { presenceListeners.remove(id) }
    }

    /// Announces an account's presence to sessions that share a group with it, or are in `group`. An account that is not active counts as
    /// away.
    mutating func announcePresence(of account: Account, in group: GroupID? = nil) {
        guard !isStopping, !presenceListeners.isEmpty else { return }
        let groups = group.map { [$0] } ?? directory.groups(of: account.id)
        let recipients = presenceListeners.filter { id in
            guard let session = sessions[id], session.hasBegun, !session.isClosing, let listener = session.account else { return false }
            return listener != account.id && !groups.isDisjoint(with: directory.groups(of: listener))
        }
        guard !recipients.isEmpty else { return }
        let text = sessionsOfAccount[account.id] == nil ? Reply.notActive(account.name.text).text : away[account.id]
        actions.append(.deliver(recipients.sorted(), .away(user: account.name.text, text)))
    }
}
