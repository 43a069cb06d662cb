import ChatHub
import ChatProtocol
import ChatStore

// Encodes what the hub sends to an IRC client.

extension IRCCodec {
    public mutating func answer(_ response: [Outgoing], label: String?) -> [CodecStep] {
        switch expectations.popFirst() ?? .command("*") {
        case .history(let kind, let target):
            return [.write(answerToHistory(kind, target, response, label: label))]
        case .part(let part, let label, let isLast):
            gathered += lines(part, response)
            guard isLast else { return [] }
            defer { gathered = [] }
            return [.write(labeled(gathered, label))]
        case .command(let name):
            if case .history(_, let found)? = response.first { return [.write(batch(found.map(text), ["chatty/search"], label: label))] }
            return said(lines(.command(name), response), label)
        case let expectation: return said(lines(expectation, response), label)
        }
    }

    private mutating func said(_ messages: [IRCMessage], _ label: String?) -> [CodecStep] {
        let bytes = label.map { labeled(messages, $0) } ?? self.bytes(messages)
        return bytes.isEmpty ? [] : [.write(bytes)]
    }

    private mutating func lines(_ expectation: Expectation, _ response: [Outgoing]) -> [IRCMessage] {
        switch expectation {
        case .ready(let messages): return messages
        case .name: return answerToName(response)
        case .sasl:
            isAuthenticating = false
            return answerToSASL(response)
        case .password: return answerToPassword(response)
        case .registration: return (account == nil ? [] : welcome()) + response.flatMap { messages($0, inAnswerTo: nil) }
        case .roster(let use, let asked): return answerWithRoster(use, asked: asked, response)
        case .list(let only): return answerWithList(only, response)
        case .command(let name): return response.flatMap { messages($0, inAnswerTo: name) }
        case .history, .part: return []
        }
    }

    private func answerWithList(_ only: Set<String>, _ response: [Outgoing]) -> [IRCMessage] {
        if case .reply(let reply)? = response.first, reply.isFailure { return replies(reply, to: "LIST") }
        let groups = response.compactMap { outgoing -> IRCMessage? in
            guard case .reply(.group(let name, let members, _, _)) = outgoing, only.isEmpty || only.contains(Name.fold(name)) else {
                return nil
            }
            return numeric("322", "#" + name, String(members), "")
        }
        return groups + [numeric("323", "End of LIST")]
    }

    public mutating func encode(_ outgoing: Outgoing, into sink: inout some ByteSink) {
        if case .farewell = outgoing, case .part(_, let label, _)? = expectations.first, !gathered.isEmpty {
            // The remaining parts get no answer.
            sink.append(contentsOf: labeled(gathered, label))
            gathered = []
        }
        for message in messages(outgoing, inAnswerTo: nil) { message.serialize(into: &sink) }
    }

    /// IRCv3 labeled-response: no line becomes ACK, one line carries the label, several are a batch.
    mutating func labeled(_ messages: [IRCMessage], _ label: String) -> [UInt8] {
        let tag = IRCMessage.Tag("label", label)
        var messages = messages
        switch messages.count {
        case 0: messages = [IRCMessage(tags: [tag], source: IRCCodec.serverName, command: "ACK")]
        case 1: messages[0].tags.append(tag)
        // Without batches the label cannot span several lines.
        case _ where !capabilities.contains(.batch): break
        default:
            lastBatch += 1
            let id = "b\(lastBatch)"
            for index in messages.indices { messages[index].tags.append(IRCMessage.Tag("batch", id)) }
            messages.insert(
                IRCMessage(tags: [tag], source: IRCCodec.serverName, command: "BATCH", parameters: ["+" + id, "labeled-response"]), at: 0)
            messages.append(IRCMessage(source: IRCCodec.serverName, command: "BATCH", parameters: ["-" + id]))
        }
        return bytes(messages)
    }

    private func answerToName(_ response: [Outgoing]) -> [IRCMessage] {
        response.flatMap { outgoing -> [IRCMessage] in
            if case .reply(let reply) = outgoing { replies(reply, to: "NICK") } else { [] }
        }
    }

    private mutating func answerToSASL(_ response: [Outgoing]) -> [IRCMessage] {
        if case .loggedIn(let name)? = response.first {
            recordLogIn(as: name)
            return [
                numeric("900", "\(name)!\(name)@\(IRCCodec.serverName)", name, "You are now logged in as \(name)"),
                numeric("903", "SASL authentication successful"),
            ]
        }
        var messages: [IRCMessage] = []
        var text = "SASL authentication failed"
        for case .reply(let reply) in response {
            if capabilities.contains(.standardReplies) { messages += replies(reply, to: "AUTHENTICATE") }
            text = reply.text
        }
        return messages + [numeric("904", text)]
    }

    private mutating func answerToPassword(_ response: [Outgoing]) -> [IRCMessage] {
        if case .loggedIn(let name)? = response.first {
            recordLogIn(as: name)
            return []
        }
        return response.flatMap { outgoing -> [IRCMessage] in
            if case .reply(let reply) = outgoing { [numeric("464", reply.text)] } else { [] }
        }
    }

    private mutating func welcome() -> [IRCMessage] {
        isRegistered = true
        let tokens = [
            "CASEMAPPING=ascii", "CHANTYPES=#", "CHANNELLEN=\(Name.maximumLength + 1)", "NICKLEN=\(Name.maximumLength)", "PREFIX=(o)@",
            "CHANMODES=,,,i", "NETWORK=chatty", "LINELEN=\(Limits.lineBytes)", "AWAYLEN=\(Limits.awayBytes)", "UTF8ONLY", "MODES=1",
            "TARGMAX=" + IRCCodec.targets.joined(separator: ","),
            "CHATHISTORY=\(HistoryRange.maximum)", "MSGREFTYPES=msgid,timestamp",
        ]
        return [
            numeric("001", Reply.welcome(name: nick).text),
            numeric("002", "Your host is \(IRCCodec.serverName)"),
            numeric("003", "Nicks are accounts, and groups are stored with their members"),
            reply("004", nick, IRCCodec.serverName, "chatty", "i", "io"),
        ] + IRCCodec.lines(of: tokens).map { reply("005", [nick] + $0 + ["are supported by this server"]) }
    }

    /// The TARGMAX of each command with several targets. No number means as many as fit a line.
    private static let targets =
        ["PRIVMSG", "NOTICE", "TAGMSG", "NAMES", "WHOIS"].map { "\($0):\(maximumTargets)" } + ["JOIN:", "PART:", "LIST:"]

    /// At most thirteen tokens fit a line of RPL_ISUPPORT (modern.ircdocs.horse).
    private static func lines(of tokens: [String]) -> [[String]] {
        stride(from: 0, to: tokens.count, by: 13).map { Array(tokens[$0..<min($0 + 13, tokens.count)]) }
    }

    func messages(_ outgoing: Outgoing, inAnswerTo command: String?) -> [IRCMessage] {
        switch outgoing {
        case .reply(let reply):
            return replies(reply, to: command ?? "*")
        case .farewell(let reply):
            let about = reply == .loginRequired ? [numeric("464", reply.text)] : replies(reply, to: command ?? "*")
            // The classic text of IRC servers.
            return about + [IRCMessage("ERROR", reply == .sendQueueExceeded ? "SendQ exceeded" : reply.text)]
        case .accepted(let message):
            return capabilities.contains(.echoMessage) ? [text(message)] : []
        case .message(let message):
            return [text(message)]
        case .entered(let roster, _):
            var lines = [join(nick, roster.group)] + names(roster)
            // After JOIN and before the end of NAMES (IRCv3 draft/read-marker).
            if capabilities.contains(.readMarker) {
                lines.insert(readMarker("#" + roster.group, roster.readUpTo), at: lines.count - 1)
            }
            return lines
        case .memberJoined(let user, let group): return [join(user, group)]
        case .memberLeft(let user, let group): return [from(user, "PART", "#" + group)]
        case .away(let user, let text): return away(user, text)
        case .tags(let sender, let target, let tags, let time):
            // The sender receives its own only with echo-message.
            guard capabilities.contains(.messageTags), command == nil || capabilities.contains(.echoMessage) else { return [] }
            var line = from(sender, "TAGMSG", target)
            if capabilities.contains(.serverTime) { line.tags.append(IRCMessage.Tag("time", time.iso8601)) }
            line.tags += tags
            return [line]
        case .invitation(let by, let to, let group): return [from(by, "INVITE", to, "#" + group)]
        case .signal(let sender, let to, let signal):
            guard capabilities.contains(.chatty) else {
                return signal.verb == .offer ? [notice(Notice.offeredToText(by: sender))] : []
            }
            return [from(sender, "P2P", to, signal.verb.rawValue, signal.id, signal.payload)]
        case .members(let roster): return names(roster)
        case .users(let users, let query): return users.flatMap { self.user($0, query) } + ending(users, query)
        case .history(_, let found): return found.map(text)
        case .readMarker(let target, let time):
            return command != nil || capabilities.contains(.readMarker) ? [readMarker(target, time)] : []
        case .help(let topic):
            let lines = topic.map { Texts.help(on: $0, client: false) } ?? Texts.help(client: false)
            return lines.enumerated().map { index, line in
                numeric(index == 0 ? "704" : index == lines.count - 1 ? "706" : "705", topic ?? "index", line)
            }
        case .messageOfTheDay(let lines): return messageOfTheDay(lines)
        case .askPassword, .loggedIn, .historyTargets: return []
        }
    }

    /// RFC 2812 §5.1, RPL_MOTDSTART, RPL_MOTD, RPL_ENDOFMOTD, ERR_NOMOTD.
    private func messageOfTheDay(_ lines: [String]) -> [IRCMessage] {
        guard !lines.isEmpty else { return [numeric("422", "There is no message of the day")] }
        return [numeric("375", "\(IRCCodec.serverName) - Message of the day")] + lines.map { numeric("372", $0) }
            + [numeric("376", "End of MOTD")]
    }

    func text(_ message: ChatMessage) -> IRCMessage {
        let target =
            switch message.target {
            case .user(_, let name): name.text
            case .group(_, let name): "#" + name.text
            }
        var line = from(message.senderName.text, message.isNotice ? "NOTICE" : "PRIVMSG", target, message.text)
        if capabilities.contains(.serverTime) { line.tags.append(IRCMessage.Tag("time", message.time.iso8601)) }
        if capabilities.contains(.messageTags) {
            line.tags.append(IRCMessage.Tag("msgid", message.id.description))
            line.tags += message.clientTags
        }
        return line
    }

    private func join(_ user: String, _ group: String) -> IRCMessage {
        capabilities.contains(.extendedJoin) ? from(user, "JOIN", "#" + group, user, user) : from(user, "JOIN", "#" + group)
    }

    private func names(_ roster: Outgoing.Roster) -> [IRCMessage] {
        var lines: [IRCMessage] = []
        var line = ""
        for member in roster.members {
            var word = (member.isFounder ? "@" : "") + member.name
            if capabilities.contains(.userhostInNames) { word += "!\(member.name)@\(IRCCodec.serverName)" }
            if line.utf8.count + word.utf8.count > 400 {
                lines.append(numeric("353", roster.isOpen ? "=" : "@", "#" + roster.group, line))
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        if !line.isEmpty { lines.append(numeric("353", roster.isOpen ? "=" : "@", "#" + roster.group, line)) }
        return lines + [numeric("366", "#" + roster.group, "End of NAMES")]
    }

    private func answerWithRoster(_ use: RosterUse, asked: String, _ response: [Outgoing]) -> [IRCMessage] {
        let name = "#" + asked
        guard case .members(let roster)? = response.first else {
            switch (use, response.first) {
            // NAMES and WHO of a group that the user cannot see have empty lists (RFC 2812 §3.2.5). Other failures are reported.
            case (.names, .reply(.noSuchGroup)?), (.names, .reply(.notMember)?): return [numeric("366", name, "End of NAMES")]
            case (.who, .reply(.noSuchGroup)?), (.who, .reply(.notMember)?): return [numeric("315", name, "End of WHO")]
            default: return response.flatMap { messages($0, inAnswerTo: use.command) }
            }
        }
        switch use {
        case .names: return names(roster)
        case .members:
            return roster.members.flatMap { replies(.member($0.name, active: $0.isActive), to: "MEMBERS") }
        case .who:
            return roster.members.map { member in
                numeric(
                    "352", "#" + roster.group, member.name, IRCCodec.serverName, IRCCodec.serverName, member.name,
                    (member.isActive && !member.isAway ? "H" : "G") + (member.isFounder ? "@" : ""), "0 \(member.name)")
            } + [numeric("315", name, "End of WHO")]
        case .mode:
            return [
                numeric("324", "#" + roster.group, roster.isOpen ? "+" : "+i"),
                numeric("329", "#" + roster.group, String(roster.created.milliseconds / 1000)),
            ]
        case .topic: return [numeric("331", "#" + roster.group, "No topic is set")]
        }
    }

    private func user(_ user: Outgoing.UserState, _ query: Command.Query) -> [IRCMessage] {
        switch query {
        case .whois:
            guard user.exists else { return [numeric("401", user.name, "There is no user \(user.name).")] }
            var lines = [
                numeric("311", user.name, user.name, IRCCodec.serverName, "*", user.name),
                numeric("330", user.name, user.name, "is logged in as"),
            ]
            if let away = user.away { lines.append(numeric("301", user.name, away)) }
            if let since = user.activeSince {
                lines.append(numeric("317", user.name, "0", String(since.milliseconds / 1000), "seconds idle, signon time"))
            } else {
                lines.append(numeric("301", user.name, Reply.notActive(user.name).text))
            }
            return lines
        case .who:
            guard user.exists else { return [] }
            return [
                numeric(
                    "352", "*", user.name, IRCCodec.serverName, IRCCodec.serverName, user.name,
                    user.activeSince == nil || user.away != nil ? "G" : "H",
                    "0 \(user.name)")
            ]
        case .ison, .userhost: return []
        }
    }

    private func ending(_ users: [Outgoing.UserState], _ query: Command.Query) -> [IRCMessage] {
        switch query {
        case .whois: users.map { numeric("318", $0.name, "End of WHOIS") }
        case .who: [numeric("315", users.last?.name ?? "*", "End of WHO")]
        case .ison: [numeric("303", users.filter { $0.activeSince != nil }.map(\.name).joined(separator: " "))]
        case .userhost:
            [numeric("302", users.filter { $0.activeSince != nil }.map(userHost).joined(separator: " "))]
        }
    }

    func notice(_ text: String) -> IRCMessage { reply("NOTICE", nick, text) }

    func pong(_ message: IRCMessage) -> IRCMessage { reply("PONG", IRCCodec.serverName, message.parameters.first ?? "") }

    func from(_ user: String, _ command: String, _ parameters: String...) -> IRCMessage {
        IRCMessage(
            tags: capabilities.contains(.accountTag) ? [IRCMessage.Tag("account", user)] : [],
            source: "\(user)!\(user)@\(IRCCodec.serverName)", command: command, parameters: parameters)
    }

    /// A numeric. The client's nick is its first parameter.
    func numeric(_ code: String, _ parameters: String...) -> IRCMessage { reply(code, [nick] + parameters) }

    func reply(_ command: String, _ parameters: String..., source: Bool = true) -> IRCMessage {
        IRCCodec.fitted(IRCMessage(source: source ? IRCCodec.serverName : nil, command: command, parameters: parameters))
    }

    func reply(_ command: String, _ parameters: [String]) -> IRCMessage {
        IRCCodec.fitted(IRCMessage(source: IRCCodec.serverName, command: command, parameters: parameters))
    }

    /// Shortens the longest parameters of a message until it is a valid line: an answer repeats what the client asked about, whatever its
    /// length.
    static func fitted(_ message: IRCMessage) -> IRCMessage {
        var message = message
        // The colon and space of the source, the colon of the text, CRLF.
        let around = (message.source?.utf8.count ?? 0) + message.command.utf8.count + 5
        while true {
            let excess = message.parameters.reduce(around) { $0 + 1 + $1.utf8.count } - Limits.lineBytes
            guard excess > 0,
                let longest = message.parameters.indices.max(by: {
                    message.parameters[$0].utf8.count < message.parameters[$1].utf8.count
                })
            else { return message }
            let text = message.parameters[longest]
            let kept = max(0, min(text.utf8.count - excess - 3, text.utf8.count * 2 / 3))
            // Cuts at a whole UTF-8 sequence.
            var bytes = Array(text.utf8.prefix(kept))
            while let last = bytes.last, last & 0xC0 == 0x80 { bytes.removeLast() }
            if let last = bytes.last, last >= 0xC0 { bytes.removeLast() }
            message.parameters[longest] = String(decoding: bytes, as: UTF8.self) + "…"
        }
    }

    func bytes(_ messages: [IRCMessage]) -> [UInt8] {
        var out: [UInt8] = []
        // Enough for most messages.
        out.reserveCapacity(160 * messages.count)
        for message in messages { message.serialize(into: &out) }
        return out
    }
}
