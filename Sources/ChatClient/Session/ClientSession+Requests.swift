import ChatProtocol

// Requests and their answers, matched by labels (IRCv3 labeled-response): one labelled line, a labelled `ACK`, or a batch.

extension ClientSession {
    mutating func enqueue(_ request: ClientRequest, _ id: RequestID, at now: Int64) {
        if let defect = request.defect { return emit(.answered(id, Answer([ServerNotice(defect)]))) }
        if request == .logOut {
            loggingOut = true
            guard stage == .online else {
                emit(.answered(id, Answer([ServerNotice(.goodbye(name: account ?? ""))])))
                return end(.loggedOut)
            }
        }
        guard outstanding.count < ClientSession.outstandingLimit else {
            return emit(
                .answered(id, Answer([ServerNotice(text: "Too many commands wait for an answer. Try again later.", isFailure: true)])))
        }
        // The server learns what was shown before the connection ends.
        if request == .logOut { acknowledge() }
        outstanding.append(Outstanding(id: id, request: request))
        if stage == .online { sendWaiting(at: now) }
    }

    /// Sends the requests that were not sent over this connection yet, in their order.
    mutating func sendWaiting(at now: Int64) {
        for index in outstanding.indices where outstanding[index].deadline == nil {
            // A user who types has seen the messages above.
            acknowledge()
            outstanding[index].deadline = now + configuration.answerTimeout
            var line = outstanding[index].request.line
            line.tags.append(.init("label", label(outstanding[index].id)))
            send(line)
        }
    }

    /// Sends the acknowledgement that is due, if any.
    mutating func acknowledge() {
        guard stage == .online, let line = acknowledgement.popLine() else { return }
        send(line)
    }

    private func label(_ id: RequestID) -> String { configuration.labelPrefix + String(id.rawValue) }

    /// Handles a line of a batch or of an answer.
    /// - Returns: false for any other line.
    mutating func collect(_ message: IRCMessage, at now: Int64) -> Bool {
        if message.command == "BATCH", let reference = message.parameters.first {
            if let begun = reference.rest(behind: "+") {
                guard batches.count < ClientSession.batchLimit else { return true }
                batches[begun] = Batch(label: message.tag("label"), lines: [])
            } else if let batch = reference.rest(behind: "-").flatMap({ batches.removeValue(forKey: $0) }), let label = batch.label {
                answer(label, batch.lines, at: now)
            }
            return true
        }
        if let reference = message.tag("batch"), let batch = batches[reference], batch.label != nil {
            if batch.lines.count < ClientSession.batchLineLimit { batches[reference]?.lines.append(message) }
            return true
        }
        guard let label = message.tag("label") else { return false }
        answer(label, message.command == "ACK" ? [] : [message], at: now)
        return true
    }

    private mutating func answer(_ label: String, _ lines: [IRCMessage], at now: Int64) {
        if label == configuration.labelPrefix + ClientSession.tokenLabel {
            if case .resumeToken(let token, _)? = lines.first.flatMap(Reply.init) { self.token = token }
            return
        }
        guard let index = outstanding.firstIndex(where: { $0.deadline != nil && self.label($0.id) == label }) else {
            // The request has timed out. The lines of its answer are still handled.
            for line in lines { receiveUnasked(line, at: now) }
            return
        }
        let entry = outstanding.remove(at: index)
        // Answers come in the order of the requests, and a busy server is slow: the next request has its full time from now.
        for later in outstanding.indices[index...] where outstanding[later].deadline != nil {
            outstanding[later].deadline = now + configuration.answerTimeout
        }
        var answer = Answer([])
        if entry.request.asksForMessages {
            answer.found = lines.compactMap(received)
            answer.notices = lines.compactMap(notice)
            return emit(.answered(entry.id, answer))
        }
        for line in lines {
            if line.command == "PRIVMSG" || line.command == "NOTICE", let sent = received(line), sent.isOwn {
                if let id = sent.id { _ = seen.insert(id) }
                answer.sent = sent
                switch sent.conversation {
                case .user(let name): answer.notices.insert(ServerNotice(.sent(to: name, at: sent.time)), at: 0)
                case .group(let name): answer.notices.insert(ServerNotice(.sentToGroup(name, at: sent.time)), at: 0)
                }
            } else if let notice = notice(of: line) {
                answer.notices.append(notice)
            } else {
                receiveUnasked(line, at: now)
            }
        }
        if case .changePassword(_, let new) = entry.request, !answer.isFailure, let name = credentials?.name {
            // A new password ends all tokens.
            credentials = Credentials(name: name, password: new)
            token = nil
            requestToken()
        }
        emit(.answered(entry.id, answer))
    }

    /// Decodes a standard reply or a numeric error; nil for other lines.
    func notice(of message: IRCMessage) -> ServerNotice? {
        switch message.command {
        case "FAIL", "WARN", "NOTE":
            if let reply = Reply(message) { return ServerNotice(reply) }
            return message.parameters.count < 3
                ? nil : message.parameters.last.map { ServerNotice(text: $0, isFailure: message.command == "FAIL") }
        default:
            guard let number = Int(message.command), (400...599).contains(number), number != 422 else { return nil }
            return message.parameters.last.map { ServerNotice(text: $0, isFailure: true) }
        }
    }
}
