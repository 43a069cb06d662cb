import ChatProtocol

// Interpretation of typed lines.

extension Console {
    mutating func runTyped(_ line: String) {
        guard configuration.isInteractive else { return runScripted(line) }
        let lines = Paste.lines(of: line)
        if let paste {
            // Several lines are not an answer: they continue the paste, or are another one.
            guard lines.count < 2 else {
                self.paste?.lines += lines
                return
            }
            self.paste = nil
            guard ["y", "yes"].contains(line.withoutSpacesAround.lowercased()) else { return }
            queued += paste.lines.map { .text($0, in: paste.conversation) }
            return
        }
        guard lines.count < 2 else {
            if let conversation { paste = Paste(lines: lines, conversation: conversation) } else { complainOfNobody() }
            return
        }
        // Lines typed in the meantime follow the pasted ones.
        if queued.isEmpty { for line in lines { run(line) } } else { queued += lines.map(QueuedLine.typed) }
    }

    private mutating func complainOfNobody() {
        complain("Choose whom to talk to: /talk NAME or /talk #GROUP. /help lists the commands.", .usage)
    }

    /// Runs a line of a script as one command. If it was assembled from foreign text, no part of that text may become another command.
    private mutating func runScripted(_ line: String) {
        guard !line.withoutSpacesAround.isEmpty else { return }
        guard !line.utf8.contains(where: { $0 == 0x0D || $0 == 0 }) else {
            return complain(Reply.forbiddenByte.text, .usage)
        }
        run(line)
    }

    mutating func run(_ line: String) {
        // Two slashes stand for one that begins a message and not a command.
        if line.begins(with: "//"), let text = line.rest(behind: "/"), let conversation { return sendMessage(text, in: conversation) }
        do throws(SlashCommand.Defect) {
            try run(SlashCommand(line, client: true))
        } catch {
            if error == .notACommand, let conversation {
                sendMessage(line, in: conversation)
            } else if error == .notACommand, configuration.isInteractive {
                complainOfNobody()
            } else {
                complain(error.text, .usage)
                if case .unknown(let word) = error, let hint = Texts.didYouMean(word, client: true) {
                    report(hint, formatter.own(.hint, hint))
                }
            }
        }
    }

    /// Reports an error in a typed line or in its execution.
    mutating func complain(_ text: String, _ status: ConsoleStatus) {
        report(text, formatter.own(.error, text, isFailure: true))
        fail(status)
    }

    /// Shows an error or the state of the connection: to a person among the answers, to a program among the events, and to a plain script
    /// on stderr, so that its stdout has answers and messages only.
    mutating func report(_ text: String, _ shown: String) {
        effects.append(formatter.kind == .plain ? .complain(formatter.safe(text)) : .show(shown))
    }

    mutating func sendMessage(_ text: String, in conversation: ReceivedMessage.Conversation) {
        let message: ClientRequest =
            switch conversation {
            case .user(let user): .message(to: user, text: text)
            case .group(let group): .groupMessage(group: group, text: text)
            }
        request(message, for: .message(conversation, text))
    }

    /// A group's name without the `#` that IRC puts before it.
    private static func bare(_ group: String) -> String { group.rest(behind: "#") ?? group }

    /// The conversation that was typed: a group with a `#`, else a user.
    private static func conversation(_ target: String) -> ReceivedMessage.Conversation {
        target.rest(behind: "#").map { .group($0) } ?? .user(target)
    }

    private mutating func run(_ command: SlashCommand) {
        switch command {
        case .message(let user, let text):
            talk(.user(user))
            sendMessage(text, in: .user(user))
        case .groupMessage(let group, let text):
            talk(.group(Console.bare(group)))
            sendMessage(text, in: .group(Console.bare(group)))
        case .activeUsers: request(.activeUsers, for: .command(.activeuser))
        case .createGroup(let group, let members): enter(Console.bare(group)) { .createGroup($0, members: members) }
        case .joinGroup(let group): enter(Console.bare(group)) { .joinGroup($0) }
        case .leaveGroup(let group): request(.leaveGroup(Console.bare(group)), for: .command(.leavegroup))
        case .groups: request(.groups, for: .command(.groups))
        case .members(let group): request(.members(Console.bare(group)), for: .command(.members))
        case .invite(let group, let user): request(.invite(user: user, group: Console.bare(group)), for: .command(.invite))
        case .logOut: handleLogOut()
        case .help(let topic):
            if let topic, Texts.isUnknown(topic, client: true) {
                return complain(Texts.help(on: topic, client: true).joined(separator: "\n"), .usage)
            }
            let lines = topic.map { Texts.help(on: $0, client: true) } ?? Texts.help(client: true)
            for line in lines { effects.append(.show(formatter.own(.help, line))) }
        case .talk(let target):
            conversation = Console.conversation(target)
        case .reply(let text):
            guard let lastDirect else { return complain("Nobody has written to you yet.", .failed) }
            talk(.user(lastDirect))
            sendMessage(text, in: .user(lastDirect))
        case .action(let text):
            guard let conversation else { return complainOfNobody() }
            sendMessage(Notice.action(text), in: conversation)
        case .history(let with, let count):
            let target = with.map(Console.conversation) ?? conversation
            guard let target else {
                return complain("Name a conversation: /history USERNAME or /history #GROUPNAME.", .usage)
            }
            request(.history(with: target, count: count), for: .past(wanted: count))
        case .search(let words): request(.search(words), for: .past(wanted: .max))
        case .away(let text): request(.away(text?.withoutSpacesAround), for: .command(.away))
        case .ignore(let name): ignore(name)
        case .unignore(let name): unignore(name)
        case .changePassword:
            // Lines pasted after the command may be the passwords, which must not be sent as messages.
            dropQueued()
            phase = .changingPassword([])
        case .sendFile(let user, let path): sendFile(path, to: user)
        case .accept(let word): acceptOffer(word)
        case .decline(let word): declineOffer(word)
        case .cancel(let word): cancelTransfer(word)
        case .transfers: listTransfers()
        case .verify(let word): verifyTransfer(word)
        }
    }

    /// Creates or joins a group and makes it the current conversation; if that fails, the previous one is current again.
    private mutating func enter(_ group: String, by request: (String) -> ClientRequest) {
        talk(.group(group))
        self.request(request(group), for: .entrance(group: group))
    }

    /// Makes a conversation the current one, to which a person's next plain line goes. A script names the recipient each time.
    private mutating func talk(_ conversation: ReceivedMessage.Conversation) {
        guard configuration.isInteractive, self.conversation != conversation else { return }
        previousConversation = self.conversation
        self.conversation = conversation
    }
}
