import ChatProtocol
import ChatStore

// Queries for stored messages.

extension Hub {
    mutating func history(_ request: Request, with correspondent: Command.Correspondent, _ range: HistoryRange) {
        switch correspondent {
        case .user(let name):
            switch resolve(name, for: request) {
            case .asked: return
            case .absent: fail(request, .noSuchUser(name))
            case .found(let account): ask(.user(account.id, range), with: account.name.text, for: request)
            }
        case .group(let name):
            guard let group = directory.group(named: name) else { return fail(request, .noSuchGroup(name)) }
            guard group.members.contains(request.account.id) else { return fail(request, .notMember(group.name.text)) }
            ask(.group(group.id, range), with: "#" + group.name.text, for: request)
        }
    }

    mutating func ask(_ query: HistoryQuery, with: String?, for request: Request) {
        sessions[request.session]?.isBusy = true
        actions.append(.read(newRequestID(.history(request, with: with)), .history(request.account.id, query)))
    }
}
