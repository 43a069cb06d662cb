import ChatProtocol

// Timeouts, lost connections, and connecting again.

extension ClientSession {
    /// Handles what is due: a connection attempt, a ping, an acknowledgement, and requests without an answer.
    mutating func handleTimer(at now: Int64) {
        switch stage {
        case .ended: return
        case .offline(let retryAt):
            if let retryAt, now >= retryAt { connect(at: now) }
            return
        default: break
        }
        if let stageDeadline, now >= stageDeadline {
            outputs.append(.disconnect)
            return lose("The server does not answer.", at: now)
        }
        guard isConnected() else { return }
        if (probeBy ?? .max) <= now || now >= lastHeard + configuration.pingInterval + configuration.pingTimeout && pinged {
            outputs.append(.disconnect)
            return lose("The server does not answer.", at: now)
        }
        if now >= lastHeard + configuration.pingInterval, !pinged {
            pinged = true
            send(IRCMessage("PING", "chatty"))
        }
        if (acknowledgement.due ?? .max) <= now { acknowledge() }
        while let overdue = outstanding.firstIndex(where: { ($0.deadline ?? .max) <= now }) {
            let request = outstanding.remove(at: overdue)
            emit(.answered(request.id, Answer([ServerNotice(text: "The server did not answer.", isFailure: true)])))
        }
    }

    /// The parameter of a ping after a sleep, and of its answer.
    static let probe = "awake"

    /// Handles a sleep of the machine: deadlines start again, a lost connection is retried at once, and an open one is probed with a short
    /// timeout.
    mutating func wake(at now: Int64) {
        backoff.reset()
        lostAt = lostAt.map { _ in now }
        switch stage {
        case .ended, .offline(retryAt: nil): return
        case .offline: connect(at: now)
        case .connecting:
            // A first attempt may be waiting for the user's answer about the key, so it has the full time.
            stageDeadline = now + (account == nil ? configuration.answerTimeout : configuration.probeTimeout)
        default:
            if stageDeadline != nil { stageDeadline = now + configuration.answerTimeout }
            for index in outstanding.indices where outstanding[index].deadline != nil {
                outstanding[index].deadline = now + configuration.answerTimeout
            }
            lastHeard = now
            pinged = false
            probeBy = now + configuration.probeTimeout
            send(IRCMessage("PING", ClientSession.probe))
        }
    }

    /// The connection is gone.
    mutating func lose(_ reason: String, at now: Int64, atLeast floor: Int64 = 0) {
        guard stage != .ended else { return }
        stageDeadline = nil
        probeBy = nil
        if loggingOut {
            for entry in outstanding {
                let isFarewell = entry.request == .logOut
                emit(.answered(entry.id, isFarewell ? Answer([ServerNotice(.goodbye(name: account ?? ""))]) : ClientSession.unconfirmed))
            }
            outstanding = []
            return end(closed: .loggedOut)
        }
        guard account != nil else {
            let said = farewell.map { _ in "The server closed the connection." } ?? reason
            if let farewell { emit(.logInReply(farewell)) }
            return end(closed: .unreachable(said))
        }
        if lostAt == nil {
            if let farewell { emit(.notice(farewell)) }
            emit(.connectionLost)
            lostAt = now
        }
        farewell = nil
        failUnanswered()
        let retryAt = now + backoff.wait(atLeast: floor)
        if let limit = configuration.reconnectFor, retryAt - (lostAt ?? now) > limit { return end(closed: .unreachable(reason)) }
        stage = .offline(retryAt: retryAt)
    }

    /// Like ``end(_:)``, but the connection is closed already.
    private mutating func end(closed ending: ClientEvent.Ending) {
        stage = .ended
        emit(.ended(ending))
    }

    /// Ends the requests that were under way when the connection was lost. Repeatable ones are sent again; for the others it is unknown
    /// whether the server has carried them out.
    private mutating func failUnanswered() {
        for (index, entry) in outstanding.enumerated() where entry.deadline != nil && entry.request.isRepeatable {
            outstanding[index].deadline = nil
        }
        let lost = outstanding.filter { $0.deadline != nil }
        outstanding.removeAll { $0.deadline != nil }
        for entry in lost { emit(.answered(entry.id, ClientSession.unconfirmed)) }
    }

    private static var unconfirmed: Answer {
        Answer([ServerNotice(text: "The connection was lost before the server confirmed this. It may not have been done.", isFailure: true)]
        )
    }
}
