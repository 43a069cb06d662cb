import ChatProtocol
import ChatStore

// Read markers: up to when an account has read, shared among its own sessions only (IRCv3 draft/read-marker).

extension Hub {
    /// - Parameter time: nil asks for the marker.
    mutating func markRead(_ request: Request, with correspondent: Command.Correspondent, _ time: Timestamp?) {
        switch correspondent {
        case .user(let name):
            switch resolve(name, for: request) {
            case .asked: return
            case .absent: fail(request, .noSuchUser(name))
            case .found(let account): markRead(request, .user(account.id), shown: account.name.text, time)
            }
        case .group(let name):
            guard let group = directory.group(named: name) else { return fail(request, .noSuchGroup(name)) }
            guard group.members.contains(request.account.id) else { return fail(request, .notMember(group.name.text)) }
            markRead(request, .group(group.id), shown: "#" + group.name.text, time)
        }
    }

    private mutating func markRead(_ request: Request, _ target: ReadTarget, shown: String, _ time: Timestamp?) {
        let current = directory.readMarker(of: request.account.id, target, at: request.at.wall)
        // Nobody has read the future, and a marker only moves forward.
        guard let time = time.map({ min($0, request.at.wall) }), time > current ?? Timestamp(milliseconds: 0) else {
            return succeed(request, [.readMarker(target: shown, current)])
        }
        propose(.markRead(request.account.id, target, time), shown: shown, for: request)
    }

    mutating func announceMarker(_ target: ReadTarget, of account: AccountID, _ time: Timestamp, except asking: SessionID?) {
        let name: String? =
            switch target {
            case .user(let other): directory.accounts[other]?.name.text
            case .group(let group): directory.groups[group].map { "#" + $0.name.text }
            }
        let others = (sessionsOfAccount[account] ?? []).filter { $0 != asking && sessions[$0]?.isClosing == false }
        if let name, !others.isEmpty { actions.append(.deliver(others, .readMarker(target: name, time))) }
    }
}
