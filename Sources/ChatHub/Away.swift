import ChatProtocol

// Who is active but away, and what is said of it (RFC 2812 §4.1, IRCv3 away-notify).

extension Hub {
    /// The whole account is away, whichever of its sessions says so, until one of them is back or the last one ends.
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
        tellAway(of: account)
    }

    /// The last session of the account has gone.
    mutating func endAway(of account: AccountID) {
        guard away.removeValue(forKey: account) != nil, let account = directory.accounts[account] else { return }
        tellAway(of: account)
    }

    /// What is said to who writes to that account or invites it: nothing while it is here.
    func awayReply(of account: AccountID, _ name: Name) -> [Outgoing] {
        away[account].map { [.reply(.away(name.text, $0))] } ?? []
    }

    /// Tells everybody who shares a group with the account.
    private mutating func tellAway(of account: Account) {
        var told: Set<SessionID> = []
        for group in directory.groups(of: account.id) { told.formUnion(audience(of: group).sessions) }
        tellAway(of: account, told)
    }

    /// Tells those whether the account is away, unless they are sessions of its own.
    mutating func tellAway(of account: Account, _ listeners: Set<SessionID>) {
        let told = listeners.filter { sessions[$0]?.isClosing == false && sessions[$0]?.account != account.id }.sorted()
        if !told.isEmpty { actions.append(.deliver(told, .away(user: account.name.text, away[account.id]))) }
    }
}
