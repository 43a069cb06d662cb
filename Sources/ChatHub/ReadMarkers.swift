import ChatProtocol

/// Whose messages a read marker is about.
public enum ReadTarget: Hashable, Sendable {
    /// Direct messages with that account.
    case user(AccountID)
    case group(GroupID)
}

// How far an account has read, told to all its sessions and to nobody else (IRCv3 draft/read-marker).

extension Hub {
    /// One that lies a day ahead was set while the clock was wrong. It would call all that comes until then read, so it counts as none.
    static func latestMarker(at now: EventTime) -> Timestamp { now.wall.adding(milliseconds: 86_400_000) }

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
        let beyond = Hub.latestMarker(at: request.at)
        let current = readMarkers[request.account.id]?[target].flatMap { $0 > beyond ? nil : $0 }
        // What is to come cannot have been read, and a marker only goes forward.
        guard let time = time.map({ min($0, request.at.wall) }), time > current ?? Timestamp(milliseconds: 0) else {
            return succeed(request, [.readMarker(target: shown, current)])
        }
        keep(.readMarker(request.account.id, target, time, beyond: beyond), .markedRead(target, shown: shown, time), for: request)
    }

    mutating func finishMarking(_ request: Request, _ target: ReadTarget, shown: String, _ time: Timestamp, succeeded: Bool) {
        guard succeeded else { return fail(request, .storeFailed) }
        let kept = readMarkers[request.account.id]?[target].flatMap { $0 > Hub.latestMarker(at: request.at) ? nil : $0 }
        let marker = max(time, kept ?? time)
        readMarkers[request.account.id, default: [:]][target] = marker
        let told = Outgoing.readMarker(target: shown, marker)
        succeed(request, [told])
        let others = (sessionsOfAccount[request.account.id] ?? []).filter { $0 != request.session && sessions[$0]?.isClosing == false }
        if !others.isEmpty { actions.append(.deliver(others, told)) }
    }
}
