import ChatHub
import ChatProtocol
import ChatStore

// The commands of a client that is logged in: one row each.

extension IRCCodec {
    private typealias Handler = @Sendable (inout IRCCodec, IRCMessage, String?) -> [CodecStep]

    private struct Entry {
        /// The least number of parameters; a command with fewer is refused with 461.
        let minimumParameters: Int
        let handler: Handler
    }

    private static let table: [String: Entry] = [
        "ACTIVEUSER": Entry(minimumParameters: 0) { $0.command($1.command, .listActive, label: $2) },
        "AUTHENTICATE": Entry(minimumParameters: 0) { $0.answerItself([$0.numeric("907", "You have already authenticated")], label: $2) },
        "AWAY": Entry(minimumParameters: 0) {
            $0.command($1.command, .away($1.parameters.first.flatMap { $0.isEmpty ? nil : $0 }), label: $2)
        },
        "CAP": Entry(minimumParameters: 1) { $0.negotiate($1, label: $2) },
        "CHATHISTORY": Entry(minimumParameters: 0) { $0.history($1, label: $2) },
        "CREATEGROUP": Entry(minimumParameters: 1) {
            // The fifteenth parameter is all the rest of the line (RFC 2812 §2.3.1).
            let members = $1.parameters.dropFirst().flatMap { $0.pieces(between: " ") }
            return $0.command($1.command, .createGroup(name: group($1.parameters[0]), members: members), label: $2)
        },
        "GROUPS": Entry(minimumParameters: 0) {
            $0.command($1.command, .listGroups(quietly: $1.parameters.first == "*"), label: $2)
        },
        "HELP": Entry(minimumParameters: 0) { $0.command($1.command, .help($1.parameters.first), label: $2) },
        "INVITE": Entry(minimumParameters: 2) {
            $0.command($1.command, .invite(user: $1.parameters[0], group: group($1.parameters[1])), label: $2)
        },
        "ISON": Entry(minimumParameters: 1) {
            $0.command($1.command, .lookUp(users: $1.parameters.flatMap { $0.pieces(between: " ") }, .ison), label: $2)
        },
        "JOIN": Entry(minimumParameters: 1) { $0.join($1, label: $2) },
        "LIST": Entry(minimumParameters: 0) { $0.list($1, label: $2) },
        "LUSERS": Entry(minimumParameters: 0) {
            $0.answerItself([$0.numeric("251", "Ask for the active users with ACTIVEUSER")], label: $2)
        },
        "MARKREAD": Entry(minimumParameters: 0) { $0.markRead($1, label: $2) },
        "MEMBERS": Entry(minimumParameters: 1) { $0.roster(.members, $1, label: $2) },
        "MODE": Entry(minimumParameters: 1) { $0.mode($1, label: $2) },
        "MOTD": Entry(minimumParameters: 0) { $0.command($1.command, .messageOfTheDay, label: $2) },
        "NAMES": Entry(minimumParameters: 0) { $0.names($1, label: $2) },
        "NICK": Entry(minimumParameters: 1) { $0.nick($1, label: $2) },
        "NOTICE": Entry(minimumParameters: 1) { $0.message($1, isNotice: true, label: $2) },
        "P2P": Entry(minimumParameters: 3) { $0.signal($1, label: $2) },
        "PART": Entry(minimumParameters: 1) {
            $0.forEachTarget($1, atMost: nil, label: $2) { .leaveGroup(name: group($0)) }
        },
        "PASSWD": Entry(minimumParameters: 1) { $0.changePassword($1, label: $2) },
        "PASS": Entry(minimumParameters: 0) { $0.answerItself([$0.numeric("462", "You have registered already")], label: $2) },
        "PING": Entry(minimumParameters: 0) { $0.answerItself([$0.pong($1)], label: $2) },
        "PONG": Entry(minimumParameters: 0) { _, _, _ in [] },
        "PRIVMSG": Entry(minimumParameters: 1) { $0.message($1, isNotice: false, label: $2) },
        "QUIT": Entry(minimumParameters: 0) { $0.command($1.command, .logOut, label: $2) },
        "SEARCH": Entry(minimumParameters: 1) {
            $0.command($1.command, .search(words: $1.parameters[$1.parameters.count - 1], limit: HistoryRange.maximum), label: $2)
        },
        "SEEN": Entry(minimumParameters: 1) {
            guard $0.capabilities.contains(.chatty) else {
                return $0.answerItself([$0.numeric("421", $1.command, "Unknown command")], label: $2)
            }
            guard let message = MessageID($1.parameters[0]) else {
                return $0.answerItself([$0.numeric("461", $1.command, "SEEN takes the msgid of the last message shown")], label: $2)
            }
            return $0.command($1.command, .shown(message), label: $2)
        },
        "TAGMSG": Entry(minimumParameters: 1) { $0.tagMessage($1, label: $2) },
        "TOKEN": Entry(minimumParameters: 0) { $0.command($1.command, .issueToken, label: $2) },
        "TOPIC": Entry(minimumParameters: 1) { $0.topic($1, label: $2) },
        "USER": Entry(minimumParameters: 0) { $0.answerItself([$0.numeric("462", "You have registered already")], label: $2) },
        "USERHOST": Entry(minimumParameters: 1) { $0.command($1.command, .lookUp(users: $1.parameters, .userhost), label: $2) },
        "VERSION": Entry(minimumParameters: 0) {
            $0.answerItself([$0.numeric("351", "chatty", serverName, "A private chat server")], label: $2)
        },
        "WHO": Entry(minimumParameters: 1) { way, message, label in
            isGroup(message.parameters[0])
                ? way.roster(.who, message, label: label)
                : way.command(message.command, .lookUp(users: [message.parameters[0]], .who), label: label)
        },
        "WHOIS": Entry(minimumParameters: 1) {
            // The last parameter: a server's name may come before it.
            let users = $1.parameters[$1.parameters.count - 1].pieces(between: ",")
            guard users.count <= maximumTargets else { return $0.tooManyTargets(label: $2) }
            return $0.command($1.command, .lookUp(users: users, .whois), label: $2)
        },
    ]

    mutating func receiveRegistered(_ message: IRCMessage) -> [CodecStep] {
        let label = label(of: message)
        guard let entry = IRCCodec.table[message.command] else {
            return answerItself([numeric("421", message.command, "Unknown command")], label: label)
        }
        guard message.parameters.count >= entry.minimumParameters else {
            return answerItself([numeric("461", message.command, "Not enough parameters")], label: label)
        }
        let steps = entry.handler(&self, message, label)
        // A labelled command without an answer is acknowledged, in its turn.
        return steps.isEmpty && label != nil ? answerItself([], label: label) : steps
    }

    static func isGroup(_ target: String) -> Bool { target.begins(with: "#") }

    /// The name of a group: `jedi` for `#jedi`, and for `jedi`.
    static func group(_ target: String) -> String { target.rest(behind: "#") ?? target }

    /// Answers without the hub, in the order of the commands.
    mutating func answerItself(_ messages: [IRCMessage], label: String?) -> [CodecStep] {
        expect(.ready(messages), .answeredByCodec, label: label)
    }

    private mutating func message(_ message: IRCMessage, isNotice: Bool, label: String?) -> [CodecStep] {
        guard message.parameters.count > 1, let text = message.parameters.last, !text.isEmpty else {
            return answerItself([numeric("412", "No text to send")], label: label)
        }
        // The labels of chatty connect are unique over all its connections, so a label serves as a nonce; those of other clients begin anew with
        // each connection. It names one message, so it is no nonce where there are several targets.
        let tags = clientTags(of: message)
        let nonce = capabilities.contains(.chatty) && !message.parameters[0].holds(",") ? label : nil
        return forEachTarget(message, label: label) { target in
            IRCCodec.isGroup(target)
                ? .groupMessage(group: IRCCodec.group(target), text: text, isNotice: isNotice, nonce: nonce, tags: tags)
                : .message(to: target, text: text, isNotice: isNotice, nonce: nonce, tags: tags)
        }
    }

    /// IRCv3 message-tags: tags without a text, for clients with that capability.
    private mutating func tagMessage(_ message: IRCMessage, label: String?) -> [CodecStep] {
        guard capabilities.contains(.messageTags) else {
            return answerItself([numeric("421", message.command, "Unknown command")], label: label)
        }
        let tags = clientTags(of: message)
        return forEachTarget(message, label: label) { .tagMessage(to: IRCCodec.correspondent($0), tags) }
    }

    /// The client-only tags: `+`, an optional vendor, and a name (IRCv3 message-tags).
    private func clientTags(of message: IRCMessage) -> [IRCMessage.Tag] {
        guard capabilities.contains(.messageTags) else { return [] }
        return message.tags.filter { tag in
            let name = tag.key.utf8.dropFirst()
            return tag.key.utf8.first == UInt8(ascii: "+") && !name.isEmpty
                && name.allSatisfy { Name.isLetter($0) || $0 >= 0x30 && $0 <= 0x39 || [0x2D, 0x2E, 0x2F].contains($0) }
        }
    }

    /// Makes one command for each target between commas (RFC 2812 §3.3.1). Their answers are joined into one if the line has a label.
    /// - Parameter limit: the most targets (`TARGMAX`); nil for as many as fit a line.
    private mutating func forEachTarget(
        _ message: IRCMessage, atMost limit: Int? = IRCCodec.maximumTargets, label: String?, _ make: (String) -> Command
    ) -> [CodecStep] {
        forEachTarget(message, atMost: limit, label: label) { (.command(message.command), make($0)) }
    }

    private mutating func forEachTarget(
        _ message: IRCMessage, atMost limit: Int? = IRCCodec.maximumTargets, label: String?,
        expecting make: (String) -> (Expectation, Command)
    ) -> [CodecStep] {
        let targets = message.parameters[0].pieces(between: ",")
        guard !targets.isEmpty else { return answerItself([numeric("411", "No recipient given")], label: label) }
        guard targets.count <= limit ?? .max else { return tooManyTargets(label: label) }
        var steps: [CodecStep] = []
        for (index, target) in targets.enumerated() {
            let (expectation, command) = make(target)
            if let label, targets.count > 1 {
                steps += expect(.part(expectation, label: label, isLast: index == targets.count - 1), command, label: nil)
            } else {
                steps += expect(expectation, command, label: label)
            }
        }
        return steps
    }

    static let maximumTargets = 4

    private mutating func tooManyTargets(label: String?) -> [CodecStep] {
        answerItself([numeric("407", "*", "Too many targets: at most \(IRCCodec.maximumTargets)")], label: label)
    }

    private mutating func join(_ message: IRCMessage, label: String?) -> [CodecStep] {
        let creates = !capabilities.contains(.chatty)
        return forEachTarget(message, atMost: nil, label: label) { .joinGroup(name: IRCCodec.group($0), createsMissing: creates) }
    }

    /// LIST of the named groups, or of all. Conditions (`ELIST`) are not supported.
    private mutating func list(_ message: IRCMessage, label: String?) -> [CodecStep] {
        let names = (message.parameters.first ?? "").pieces(between: ",").filter(IRCCodec.isGroup)
        return expect(.list(only: Set(names.map { Name.fold(IRCCodec.group($0)) })), .listGroups(quietly: false), label: label)
    }

    /// NAMES without a group has an empty list as its answer (RFC 2812 §3.2.5 leaves that to the server).
    private mutating func names(_ message: IRCMessage, label: String?) -> [CodecStep] {
        guard !message.parameters.isEmpty else { return answerItself([numeric("366", "*", "End of NAMES")], label: label) }
        return forEachTarget(message, label: label) { target in
            let name = IRCCodec.group(target)
            return (.roster(.names, asked: name), .listMembers(group: name))
        }
    }

    private mutating func roster(_ use: RosterUse, _ message: IRCMessage, label: String?) -> [CodecStep] {
        let name = IRCCodec.group(message.parameters[0])
        return expect(.roster(use, asked: name), .listMembers(group: name), label: label)
    }

    private mutating func mode(_ message: IRCMessage, label: String?) -> [CodecStep] {
        let target = message.parameters[0]
        guard IRCCodec.isGroup(target) else {
            guard Name.fold(target) == Name.fold(nick) else {
                return answerItself([numeric("502", "You cannot see or change the modes of other users")], label: label)
            }
            return answerItself([numeric("221", "+")], label: label)
        }
        // Clients ask for the list of bans when they join. It is always empty.
        if message.parameters.count == 2, ["b", "+b"].contains(message.parameters[1]) {
            return answerItself([numeric("368", target, "End of channel ban list")], label: label)
        }
        guard message.parameters.count == 1 else {
            return command(message.command, .changeModes(group: IRCCodec.group(target)), label: label)
        }
        return roster(.mode, message, label: label)
    }

    private mutating func topic(_ message: IRCMessage, label: String?) -> [CodecStep] {
        guard message.parameters.count == 1 else {
            return command(
                message.command, .setTopic(group: IRCCodec.group(message.parameters[0]), text: message.parameters[1]), label: label)
        }
        return roster(.topic, message, label: label)
    }

    private mutating func nick(_ message: IRCMessage, label: String?) -> [CodecStep] {
        if Name.fold(message.parameters[0]) == Name.fold(nick) { return answerItself([], label: label) }
        return answerItself(
            [numeric("447", "Your nick is your account: to use \(message.parameters[0]), log in as \(message.parameters[0])")], label: label
        )
    }

    /// `PASSWD base64(NUL old NUL new)`: encoded like SASL PLAIN, so that a password may have any bytes.
    private mutating func changePassword(_ message: IRCMessage, label: String?) -> [CodecStep] {
        let parts = IRCCodec.plainParts(Array(message.parameters[0].utf8))
        guard let parts, parts[0].isEmpty else {
            return answerItself([numeric("461", message.command, "PASSWD takes the old and the new password, encoded")], label: label)
        }
        return command(message.command, .changePassword(old: parts[1], new: parts[2]), label: label)
    }

    private mutating func signal(_ message: IRCMessage, label: String?) -> [CodecStep] {
        let words = message.parameters
        guard let verb = TransferSignal.Verb(rawValue: words[1].asciiUppercased),
            let signal = TransferSignal(verb: verb, id: words[2], payload: words.count > 3 ? words[3] : "")
        else { return answerItself([numeric("461", message.command, "P2P takes a target, a verb, an id and a payload")], label: label) }
        return command(message.command, .signal(to: words[0], signal), label: label)
    }
}
