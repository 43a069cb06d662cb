import ChatProtocol

// Lines from the server.

extension ClientSession {
    mutating func receive(_ line: LineDecoder.Line, at now: Int64) {
        guard isConnected() else { return }
        lastHeard = now
        pinged = false
        // This line may have been sent before the sleep, so it proves nothing. The answer to the probe has more time.
        if probeBy != nil { probeBy = now + configuration.probeTimeout }
        // A malformed line is ignored (RFC 2812 §2.3).
        guard case .line(let bytes) = line, let message = try? IRCMessage(parsing: bytes) else { return }
        if stage != .online {
            if logIn(message, at: now) { return }
        } else if collect(message, at: now) {
            return
        }
        receiveUnasked(message, at: now)
    }

    mutating func receiveUnasked(_ message: IRCMessage, at now: Int64) {
        switch message.command {
        case "PING": send(IRCMessage(command: "PONG", parameters: message.parameters))
        case "PONG" where message.parameters.last == ClientSession.probe: probeBy = nil
        case "PRIVMSG", "NOTICE": receiveMessage(message)
        case "JOIN": membership(message) { .memberJoined(user: $0, group: $1) }
        case "PART": membership(message) { .memberLeft(user: $0, group: $1) }
        case "INVITE": receiveInvitation(message)
        case "P2P": receiveSignal(message)
        case "352": receiveWho(message)
        case "353": receiveNames(message)
        case "372", "375", "376": receiveMessageOfTheDay(message)
        case "FAIL", "WARN", "NOTE": receiveStandardReply(message)
        case "ERROR":
            guard farewell == nil, !loggingOut else { return }
            farewell = ServerNotice(text: message.parameters.last ?? "", isFailure: true)
        default: break
        }
    }

    private mutating func receiveMessage(_ message: IRCMessage) {
        guard let message = received(message) else { return }
        if let id = message.id, !seen.insert(id) { return }
        emit(.message(message))
    }

    /// Decodes a message; nil if it does not come from a user.
    func received(_ message: IRCMessage) -> ReceivedMessage? {
        guard message.parameters.count >= 2, let from = message.nick, message.source?.holds("!") == true, let account else { return nil }
        let target = message.parameters[0]
        let isOwn = Name.fold(from) == Name.fold(account)
        let conversation: ReceivedMessage.Conversation =
            target.rest(behind: "#").map { .group($0) } ?? .user(isOwn ? target : from)
        return ReceivedMessage(
            id: message.tag("msgid").flatMap { MessageID($0) },
            time: message.tag("time").flatMap(Timestamp.init(iso8601:)) ?? Timestamp(milliseconds: 0),
            from: from, conversation: conversation, text: Notice.typed(message.parameters[1]), isOwn: isOwn)
    }

    private mutating func membership(_ message: IRCMessage, _ event: (String, String) -> ClientEvent) {
        guard let user = message.nick, let group = message.parameters.first?.rest(behind: "#") else { return }
        emit(event(user, group))
    }

    private mutating func receiveInvitation(_ message: IRCMessage) {
        guard let by = message.nick, message.parameters.count >= 2, let account, let group = message.parameters[1].rest(behind: "#"),
            Name.fold(message.parameters[0]).isSame(as: Name.fold(account))
        else { return }
        emit(.invited(by: by, group: group))
    }

    private mutating func receiveSignal(_ message: IRCMessage) {
        guard let from = message.nick, message.parameters.count >= 4, let verb = TransferSignal.Verb(rawValue: message.parameters[1]),
            let signal = TransferSignal(verb: verb, id: message.parameters[2], payload: message.parameters[3])
        else { return }
        emit(.signal(from: from, to: message.parameters[0], signal))
    }

    /// RFC 2812 §5.1, RPL_WHOREPLY: the user is active, here (`H`) or away (`G`).
    private mutating func receiveWho(_ message: IRCMessage) {
        guard message.parameters.count >= 7, let flag = message.parameters[6].utf8.first, "HG".utf8.contains(flag) else { return }
        emit(.seen(user: message.parameters[5]))
    }

    /// RFC 2812 §5.1, RPL_NAMREPLY: prefixes before the names are ranks.
    private mutating func receiveNames(_ message: IRCMessage) {
        guard message.parameters.count >= 4, let group = message.parameters[2].rest(behind: "#") else { return }
        let names = message.parameters[3].pieces(between: " ").map { name in
            String(Substring(name.utf8.drop { "~&@%+".utf8.contains($0) })).upTo("!")
        }
        emit(.names(group: group, users: names))
    }

    /// RFC 2812 §5.1, RPL_MOTDSTART, RPL_MOTD, RPL_ENDOFMOTD: one event for all lines, if both ends have arrived.
    private mutating func receiveMessageOfTheDay(_ message: IRCMessage) {
        switch message.command {
        case "375": messageOfTheDay = []
        case "376":
            if let messageOfTheDay, !messageOfTheDay.isEmpty { emit(.messageOfTheDay(messageOfTheDay)) }
            messageOfTheDay = nil
        default:
            guard message.parameters.count >= 2, let count = messageOfTheDay?.count, count < ClientSession.messageOfTheDayLimit else {
                return
            }
            // An empty line travels as a space, since IRC clients leave empty ones out.
            let line = message.parameters[message.parameters.count - 1]
            messageOfTheDay?.append(line == " " ? "" : line)
        }
    }

    private mutating func receiveStandardReply(_ message: IRCMessage) {
        guard let notice = notice(of: message) else { return }
        switch notice.reply {
        case .goodbye: break
        case .accountGone, .passwordReplaced:
            emit(.notice(notice))
            end(.refused(""))
        case .shuttingDown, .loginTimedOut, .plaintextRefused, .tooManyConnections, .flooded:
            // The reason why the server closes the connection next; reported with the close.
            farewell = notice
        default: emit(account == nil ? .logInReply(notice) : .notice(notice))
        }
    }
}
