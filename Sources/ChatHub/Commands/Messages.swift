import ChatProtocol
import ChatStore

// Messages: stored first, then acknowledged and delivered.

extension Hub {
    mutating func sendDirect(_ request: Request, to name: String, text: String, isNotice: Bool, nonce: String?, tags: [IRCMessage.Tag]) {
        guard isSayable(text, request) else { return }
        switch resolve(name, for: request) {
        case .asked: return
        case .absent: fail(request, .noSuchUser(name))
        case .found(let target):
            guard configuration.keepsOfflineMessages || sessionsOfAccount[target.id] != nil else {
                return fail(request, .notActive(target.name.text))
            }
            proposeMessage(request, target: .user(target.id, target.name), text: text, isNotice: isNotice, nonce: nonce, tags: tags)
        }
    }

    mutating func sendToGroup(_ request: Request, group name: String, text: String, isNotice: Bool, nonce: String?, tags: [IRCMessage.Tag])
    {
        guard isSayable(text, request) else { return }
        guard let group = directory.group(named: name) else { return fail(request, .noSuchGroup(name)) }
        guard group.members.contains(request.account.id) else { return fail(request, .notMember(group.name.text)) }
        proposeMessage(request, target: .group(group.id, group.name), text: text, isNotice: isNotice, nonce: nonce, tags: tags)
    }

    /// Whether a text can be stored and shown by every codec; fails the request if not. A NUL would truncate the text when it is read from
    /// the store.
    private mutating func isSayable(_ text: String, _ request: Request) -> Bool {
        guard text.utf8.count <= Limits.messageBytes else {
            fail(request, .messageTooLong(limit: Limits.messageBytes))
            return false
        }
        guard !text.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) else {
            fail(request, .forbiddenByte)
            return false
        }
        return true
    }

    private mutating func proposeMessage(
        _ request: Request, target: ChatMessage.Target, text: String, isNotice: Bool, nonce: String?, tags: [IRCMessage.Tag]
    ) {
        let draft = MessageDraft(
            sender: request.account.id, senderName: request.account.name, target: target, text: text, isNotice: isNotice, nonce: nonce,
            clientTags: tags)
        sessions[request.session]?.pendingMessages += 1
        propose(.message(draft), then: .message(request, draft))
    }

    mutating func acknowledge(_ request: Request, _ message: ChatMessage) {
        if case .user(let account, let name) = message.target, sessionsOfAccount[account] == nil {
            succeed(request, [.accepted(message), .reply(.kept(for: name.text))])
        } else {
            var response: [Outgoing] = [.accepted(message)]
            // A notice gets no automatic reply (RFC 2812 §3.3.2).
            switch message.target {
            case _ where message.isNotice: break
            case .user(let account, let name): response += awayReply(of: account, name)
            case .group(let group, let name):
                if directory.groups[group]?.members.count == 1 { response.append(.reply(.nobodyElse(name.text))) }
            }
            succeed(request, response)
        }
    }
}
