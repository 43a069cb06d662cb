import ChatProtocol

// Who is active, and what active clients tell each other.

extension Hub {
    /// Names in one answer to `WHO *`.
    private static let whoLimit = 1000

    /// Since when an account is active: the earliest of its sessions.
    func activeSince(_ account: AccountID) -> Timestamp? { sessionsOfAccount[account]?.compactMap { sessions[$0]?.activeSince }.min() }

    mutating func listActive(_ request: Request) {
        let others = sessionsOfAccount.keys.filter { $0 != request.account.id }.compactMap { directory.accounts[$0] }
            .sorted { $0.name.folded < $1.name.folded }
        let lines = others.compactMap { account in
            activeSince(account.id).map { Outgoing.reply(.activeUser(account.name.text, since: $0, isAway: away[account.id] != nil)) }
        }
        succeed(request, lines.isEmpty ? [.reply(.noOtherActive)] : lines)
    }

    mutating func lookUp(_ request: Request, users: [String], _ query: Command.Query) {
        // Everybody (RFC 2812 §3.6.1): all who are active, and the mask itself, which is nobody's name, at the end.
        let everybody =
            query == .who && users == ["*"] ? sessionsOfAccount.keys.compactMap { directory.accounts[$0]?.name.text }.sorted() : []
        let states = (everybody.prefix(Hub.whoLimit) + users).map { name in
            let account = directory.account(named: name)
            return Outgoing.UserState(
                name: account?.name.text ?? name, exists: account != nil, activeSince: account.flatMap { activeSince($0.id) },
                away: account.flatMap { away[$0.id] })
        }
        succeed(request, [.users(states, query)])
    }

    /// Passes on what a client tells another about a transfer: to all sessions of that account, and to the sender's own others, so that they know what is settled.
    mutating func relay(_ request: Request, to name: String, _ signal: TransferSignal) {
        switch resolve(name, for: request) {
        case .asked: return
        case .absent: fail(request, .noSuchUser(name))
        case .found(let target):
            guard let recipients = sessionsOfAccount[target.id] else { return fail(request, .notActive(target.name.text)) }
            succeed(request, [.reply(.signalSent(to: target.name.text))])
            let own = target.id == request.account.id ? [] : sessionsOfAccount[request.account.id] ?? []
            let told = (recipients + own).filter { $0 != request.session && sessions[$0]?.isClosing == false }
            if !told.isEmpty {
                actions.append(.deliver(told, .signal(from: request.account.name.text, to: target.name.text, signal)))
            }
        }
    }
}
