import ChatProtocol
import ChatStore

// Who is active but away, and what is said of it (RFC 2812 §4.1, IRCv3 away-notify).

extension Hub {
    /// The whole account is away, whichever of its sessions says so, until one of them says that it is back or the last one logs out. A lost connection
    /// says neither.
    /// - Parameter text: nil for back again.
    mutating func setAway(_ request: Request, _ text: String?) {
        if let text, text.utf8.count > Limits.awayBytes { return fail(request, .awayTooLong(limit: Limits.awayBytes)) }
        let account = request.account
        let reply: Reply = text.map { .nowAway($0) } ?? .back
        succeed(request, [.reply(reply)])
        guard away[account.id] != text else { return }
        away[account.id] = text
        let others = (sessionsOfAccount[account.id] ?? []).filter { $0 != request.session && sessions[$0]?.isClosing == false }
        if !others.isEmpty { actions.append(.deliver(others, .reply(reply))) }
        tellPresence(of: account)
    }

    /// A session of the account has begun: it is told what others are told of it.
    mutating func tellAway(to id: SessionID, of account: Account) {
        if let text = away[account.id] { actions.append(.deliver([id], .reply(.nowAway(text)))) }
    }

    /// The last session of the account has gone.
    mutating func endPresence(of account: AccountID, hasLoggedOut: Bool) {
        if hasLoggedOut { away[account] = nil }
        if let account = directory.accounts[account] { tellPresence(of: account) }
    }

    /// What is said to who writes to that account or invites it: nothing while it is here.
    func awayReply(of account: AccountID, _ name: Name) -> [Outgoing] {
        awayText(of: account).map { [.reply(.away(name.text, $0))] } ?? []
    }

    /// What an account that is active says of its being away.
    func awayText(of account: AccountID) -> String? { sessionsOfAccount[account] == nil ? nil : away[account] }

    /// Whether a session hears of others' being away (IRCv3 away-notify).
    mutating func hearPresence(_ id: SessionID, _ hears: Bool) {
        if hears { presenceListeners.insert(id) } else { presenceListeners.remove(id) }
    }

    /// Tells those who share a group with an account, or are in that one, whether it is here: away while it says so, and also while it is not active.
    mutating func tellPresence(of account: Account, in group: GroupID? = nil) {
        guard !isStopping, !presenceListeners.isEmpty else { return }
        let groups = group.map { [$0] } ?? directory.groups(of: account.id)
        let told = presenceListeners.filter { id in
            guard let session = sessions[id], session.hasBegun, !session.isClosing, let listener = session.account else { return false }
            return listener != account.id && !groups.isDisjoint(with: directory.groups(of: listener))
        }
        guard !told.isEmpty else { return }
        let text = sessionsOfAccount[account.id] == nil ? Reply.notActive(account.name.text).text : away[account.id]
        actions.append(.deliver(told.sorted(), .away(user: account.name.text, text)))
    }
}
