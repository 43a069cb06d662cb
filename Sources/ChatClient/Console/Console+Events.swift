import ChatProtocol

// Events of the session.

extension Console {
    /// Whether the steps of the log-in are shown. They are not if the command line names the account.
    private var showsLogIn: Bool { configuration.name == nil }

    mutating func handleClientEvent(_ event: ClientEvent) {
        switch event {
        case .unknownServer(let certificate):
            phase = .askingTrust(certificate.fingerprint)
            let remark = certificate.remark.isEmpty ? "" : "\n" + certificate.remark
            effects.append(
                .show(
                    "This is the first connection to this server, and its certificate is self-signed. Its key is\n  \(certificate.fingerprint)\(remark)"
                )
            )
        case .remark(let text): report(text, formatter.own(.hint, text))
        case .connected:
            if showsLogIn { effects.append(.show(formatter.own(.connected, Texts.connected))) }
            effects.append(.listen)
        case .services(let services, let address):
            guard let address, services.contains(Capability.stunService) else { return }
            effects.append(.transfer(.useServer(address: address, relays: services.contains(Capability.relayService))))
        case .askName:
            phase = .naming
            if let name = configuration.name {
                phase = .loggingIn
                effects.append(.session(.name(name)))
            }
        case .askPassword(let name):
            phase = .password(name)
            hasAskedPassword = true
            if let password = configuration.password {
                phase = .loggingIn
                effects.append(.session(.password(password)))
            }
        case .logInReply(let notice): showLogInReply(notice)
        case .logInFailed(let blocked):
            status = blocked ? .blocked : .refused
            // A name or password of the command line stays wrong. One that was typed can be typed again.
            let canTryAgain = configuration.isInteractive && configuration.password == nil && hasAskedPassword
            hasAskedPassword = false
            if configuration.name != nil, !canTryAgain { leave() }
        case .loggedIn(let name, let again): completeLogIn(name, again: again)
        case .answered(let id, let answer): handleAnswer(answer, to: id)
        case .message(let message): showMessage(message)
        case .seen(let user): recordUser(user, isActive: true)
        case .names(let group, let users):
            names.record(group: group)
            for user in users.prefix(1024) { recordUser(user) }
        case .memberJoined(let user, let group):
            names.record(group: group)
            guard !isSelf(user), !ignored.contains(user) else { return }
            recordUser(user, isActive: true)
            effects.append(.show(formatter.joined(user, group)))
        case .memberLeft(let user, let group):
            guard !isSelf(user), !ignored.contains(user) else { return }
            effects.append(.show(formatter.left(user, group)))
        case .invited(let by, let group):
            guard !ignored.contains(by) else { return }
            recordUser(by)
            names.record(group: group)
            effects.append(.show(formatter.invited(by: by, group)))
        case .signal(let from, let to, let signal): handleSignal(signal, from: from, to: to)
        case .messageOfTheDay(let lines):
            // After a lost connection it is shown again only if it has changed.
            guard lines != messageOfTheDay else { return }
            messageOfTheDay = lines
            if let text = formatter.messageOfTheDay(lines) { effects.append(.show(text)) }
        case .notice(let notice):
            recordAway(notice)
            if notice.isFailure { report(notice.text, formatter.notice(notice)) } else { effects.append(.show(formatter.notice(notice))) }
        case .connectionLost:
            isOffline = true
            let text = "The connection is lost. Connecting again ..."
            report(text, formatter.own(.connectionLost, text, isFailure: true))
        case .ended(let ending): handleEnding(ending)
        }
    }

    mutating func showListening(_ port: UInt16) {
        if showsLogIn { effects.append(.show(formatter.own(.listening, Texts.udpListening(port: port)))) }
    }

    /// Shows a reply to the log-in: on stdout if the log-in is shown step by step, else on stderr.
    private mutating func showLogInReply(_ notice: ServerNotice) {
        if showsLogIn { effects.append(.show(formatter.notice(notice))) } else { effects.append(.complain(formatter.safe(notice.text))) }
    }

    private mutating func completeLogIn(_ name: String, again: Bool) {
        account = name
        phase = .online
        isOffline = false
        unread.arm(at: configuration.now())
        if configuration.isInteractive {
            for (id, request) in Console.namesAsked { effects.append(.session(.request(id, request))) }
        }
        guard !again else {
            let text = "Connected again."
            report(text, formatter.own(.connected, text))
            renewOffers()
            // Another session may have changed the away state in the meantime. The server reports the current one.
            awayText = nil
            return
        }
        status = .done
        effects.append(.useHistory(account: name))
        guard showsLogIn || configuration.isInteractive else { return }
        effects.append(.show(formatter.notice(ServerNotice(.welcome(name: name)))))
        if formatter.kind != .json { effects.append(.show(Texts.commandsPrompt)) }
    }

    private mutating func handleAnswer(_ answer: Answer, to id: RequestID) {
        switch Console.namesAsked.first(where: { $0.id == id })?.request {
        case .everybody: return names.endActive()
        case .everyGroup:
            for case .group(let name, _, _, _)? in answer.notices.map(\.reply) { names.record(group: name) }
            return
        default: break
        }
        guard let purpose = pending.removeValue(forKey: id) else { return }
        switch purpose {
        case .signal(let number):
            guard let failure = answer.notices.first(where: \.isFailure), let transfer = transfers[number] else { return }
            if let reply = failure.reply, Console.isGone(reply) { lose(transfer, reply) } else { giveUp(number, failure.text) }
            return
        case .offer(let number):
            if let failure = answer.notices.first(where: \.isFailure) { giveUp(number, failure.text) } else { showOffered(number) }
            return
        case .presence(let number): return handlePresence(of: number, answer)
        case .update: return
        case .relay(let number):
            if answer.isFailure { effects.append(.transfer(.refuseRelay(number))) }
            return
        default: break
        }
        for notice in answer.notices { recordAway(notice) }
        if refusesConversation(answer, to: purpose) {
            conversation = previousConversation
            previousConversation = nil
        }
        let found = answer.found.count
        for message in answer.found where !ignored.contains(message.from) {
            effects.append(.show(formatter.message(message)))
        }
        if case .past(let wanted) = purpose, answer.notices.isEmpty {
            if found == 0 { effects.append(.show(formatter.own(.hint, "Nothing found."))) }
            if found == Limits.messagesAtOnce, wanted > found {
                let text = "These are the latest \(found) messages. No more can be shown at once."
                report(text, formatter.own(.hint, text))
            }
        }
        let isKnown = knowsAway(answer, purpose)
        for notice in answer.notices where purpose != .command(.logout) || showsGoodbye {
            if isKnown, case .away? = notice.reply { continue }
            guard isReceiptWanted(notice.reply) else { continue }
            if case .activeUser(let name, _, _)? = notice.reply { recordUser(name, isActive: true) }
            if case .group(let name, _, _, _)? = notice.reply { names.record(group: name) }
            if case .member(let name, _)? = notice.reply { recordUser(name) }
            if case .sent(let name, _)? = notice.reply { recordUser(name) }
            if let text = formatter.answer(notice) { effects.append(.show(text)) }
        }
        let wasShownPending = shownPending.remove(id) != nil
        if answer.isFailure {
            guard case .message(let conversation, let text) = purpose else { return fail(.failed) }
            showUndelivered(text, in: conversation)
            fail(.notDelivered)
        } else if wasShownPending, case .message(let conversation, let text) = purpose {
            showStored(text, in: conversation)
        } else if case .command(.leavegroup) = purpose, case .group(let group)? = conversation,
            answer.notices.contains(where: { $0.reply == .left(group) })
        {
            conversation = nil
        }
        if purpose == .command(.logout) { leave() }
    }

    /// Whether a receipt is shown: not if receipts are switched off, and for a group once a minute.
    private mutating func isReceiptWanted(_ reply: Reply?) -> Bool {
        switch reply {
        case .sent: return configuration.showsReceipts
        case .sentToGroup(let group, let time):
            guard configuration.isInteractive else { return configuration.showsReceipts }
            let (key, minute) = (Name.fold(group), time.milliseconds / 60_000)
            if let lastReceipt, lastReceipt == (key, minute) {
                // The remark that nobody is there is suppressed with it.
                isReceiptRepeated = true
                return false
            }
            isReceiptRepeated = false
            lastReceipt = (key, minute)
            return configuration.showsReceipts
        case .nobodyElse: return formatter.kind == .plain ? false : !isReceiptRepeated
        default: return true
        }
    }

    /// Whether the answer shows that the current conversation does not exist.
    private func refusesConversation(_ answer: Answer, to purpose: Purpose) -> Bool {
        if case .entrance(let entered) = purpose, case .group(let group)? = conversation, Name.fold(entered) == Name.fold(group) {
            // The account is a member already, so the conversation exists.
            return answer.isFailure && !answer.notices.contains { if case .alreadyMember? = $0.reply { true } else { false } }
        }
        return answer.notices.contains { refusesConversation($0.reply) }
    }

    private func refusesConversation(_ reply: Reply?) -> Bool {
        switch (reply, conversation) {
        case (.noSuchUser(let name), .user(let user)), (.badUserName(let name, _), .user(let user)): Name.fold(name) == Name.fold(user)
        case (.noSuchGroup(let name), .group(let group)), (.notMember(let name), .group(let group)): Name.fold(name) == Name.fold(group)
        default: false
        }
    }

    /// A script ends with the status of its first failure.
    mutating func fail(_ status: ConsoleStatus) {
        if !configuration.isInteractive, self.status == .done { self.status = status }
    }

    private mutating func showMessage(_ message: ReceivedMessage) {
        guard !ignored.contains(message.from) else { return }
        if !message.isOwn {
            recordUser(message.from)
            received += 1
        }
        switch message.conversation {
        case .user(let user): recordUser(user)
        case .group(let group): names.record(group: group)
        }
        if configuration.isInteractive, !message.isOwn, unread.isDue(before: message) {
            effects.append(.show(formatter.unreadMark))
        }
        effects.append(.show(formatter.message(message)))
        guard !message.isOwn else { return }
        var isDirect = false
        if case .user(let user) = message.conversation {
            lastDirect = user
            isDirect = true
        }
        let isMention = account.map { Mention.isOf($0, in: message.text) } ?? false
        guard configuration.isInteractive else { return }
        switch configuration.bell {
        case .all: effects.append(.bell)
        case .direct where isDirect || isMention: effects.append(.bell)
        default: break
        }
    }

    private mutating func handleEnding(_ ending: ClientEvent.Ending) {
        switch ending {
        case .loggedOut: break
        case .unreachable(let text):
            effects.append(.complain(formatter.safe(text)))
            status = .unreachable
        case .refused(let text):
            if !text.isEmpty { effects.append(.complain(text)) }
            status = .refused
        case .failed(let text):
            effects.append(.complain(formatter.safe(text)))
            status = .failed
        }
        leave()
    }

    func isSelf(_ user: String) -> Bool { account.map { Name.fold($0) == Name.fold(user) } ?? false }

    mutating func recordUser(_ user: String, isActive: Bool = false) { if !isSelf(user) { names.record(user: user, isActive: isActive) } }
}
