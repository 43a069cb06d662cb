import ChatProtocol
import ChatStore

// Active accounts.

extension Hub {
    /// The most names in one answer to `WHO *`.
    private static let whoLimit = 1000

    /// When an account became active: the time of its earliest session.
    func activeSince(_ account: AccountID) -> Timestamp? { sessionsOfAccount[account]?.compactMap { sessions[$0]?.activeSince }.min() }

    mutating func listActive(_ request: Request) {
        let others = sessionsOfAccount.keys.filter { $0 != request.account.id }.compactMap { directory.accounts[$0] }
            .sorted { $0.name.folded < $1.name.folded }
        let lines = others.compactMap { account in
            activeSince(account.id).map {
                Outgoing.reply(.activeUser(account.name.text, since: $0, isAway: awayText(of: account.id) != nil))
            }
        }
        succeed(request, lines.isEmpty ? [.reply(.noOtherActive)] : lines)
    }

    mutating func lookUp(_ request: Request, users: [String], _ query: Command.Query) {
        // Everybody (RFC 2812 §3.6.1): all active accounts, and at the end the mask itself, which is nobody's name.
        let everybody =
            query == .who && users == ["*"] ? sessionsOfAccount.keys.compactMap { directory.accounts[$0]?.name.text }.sorted() : []
        let states = (everybody.prefix(Hub.whoLimit) + users).map { name in
            let account = directory.account(named: name)
            return Outgoing.UserState(
                name: account?.name.text ?? name, exists: account != nil, activeSince: account.flatMap { activeSince($0.id) },
                away: account.flatMap { awayText(of: $0.id) })
        }
        succeed(request, [.users(states, query)])
    }
}
