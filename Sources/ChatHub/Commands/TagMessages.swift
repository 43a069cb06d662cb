import ChatProtocol

// Messages of tags only, such as typing notifications (IRCv3 message-tags, TAGMSG).

extension Hub {
    /// Delivers tags to the active sessions that would get a message. Nothing is stored.
    mutating func sendTags(_ request: Request, to correspondent: Command.Correspondent, _ tags: [IRCMessage.Tag]) {
        switch correspondent {
        case .user(let name):
            switch resolve(name, for: request) {
            case .asked: return
            case .absent: fail(request, .noSuchUser(name))
            case .found(let target):
                let own = target.id == request.account.id ? [] : sessionsOfAccount[request.account.id] ?? []
                pass(tags, of: request, to: target.name.text, (sessionsOfAccount[target.id] ?? []) + own)
            }
        case .group(let name):
            guard let group = directory.group(named: name) else { return fail(request, .noSuchGroup(name)) }
            guard group.members.contains(request.account.id) else { return fail(request, .notMember(group.name.text)) }
            pass(tags, of: request, to: "#" + group.name.text, audience(of: group.id).sessions)
        }
    }

    private mutating func pass(_ tags: [IRCMessage.Tag], of request: Request, to target: String, _ listeners: [SessionID]) {
        let message = Outgoing.tags(from: request.account.name.text, to: target, tags, at: request.at.wall)
        succeed(request, [message])
        let recipients = listeners.filter { $0 != request.session && sessions[$0]?.isClosing == false }
        if !recipients.isEmpty { actions.append(.deliver(recipients, message)) }
    }
}
