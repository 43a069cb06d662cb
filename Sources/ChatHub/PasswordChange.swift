import ChatProtocol

// One's own password, changed by who knows the old one; and what a new one does to who came in by another.

extension Hub {
    mutating func changePassword(_ request: Request, old: String, new: String) {
        if let defect = PasswordRule.defect(of: new) { return fail(request, .badPassword(defect)) }
        sessions[request.session]?.isBusy = true
        // In line with the log-ins of that name: so many wrong passwords block it, whichever way they come and however many come at once.
        tryPassword(
            PasswordAttemptQueue.Guess(
                attempt: PasswordAttemptQueue.Attempt(
                    session: request.session, sequence: request.sequence, name: request.account.name.text, shown: request.account.name.text,
                    begins: false, isToken: false, address: "", network: nil,
                    change: PasswordAttemptQueue.PasswordChange(request: request.with(command: .changePassword(old: "", new: "")), new: new)
                ),
                // Whatever it looks like: a token must not become a password.
                proof: .password(old)), at: request.at)
    }

    mutating func finishOldPassword(
        _ attempt: PasswordAttemptQueue.Attempt, _ change: PasswordAttemptQueue.PasswordChange, _ verification: Event.Verification,
        at now: EventTime
    ) {
        let request = change.request
        let name = request.account.name.folded
        sessions[request.session]?.verification = nil
        switch verification {
        case .right:
            endLockOut(of: name)
            actions.append(.setPassword(newRequestID(.newPassword(request)), account: request.account.id, password: change.new))
        case .wrong:
            // A session left open must not become the place to guess its password.
            let failure = lockOuts.recordFailure(of: name, hasAccount: true, at: now)
            if failure.isNowBlocked { statistics.lockOuts += 1 }
            store(.lockOut(failure.row), then: .nothing)
            unblock(request.session)
            fail(request, failure.isNowBlocked ? .nowBlocked(seconds: configuration.blockSeconds) : .invalidCredentials)
        case .expiredToken:
            unblock(request.session)
            fail(request, .invalidCredentials)
        case .abandoned: break
        case .busy, .failed:
            unblock(request.session)
            fail(request, .busy)
        }
        drainBacklog(of: request.session)
        verifyNext(after: attempt, at: now)
    }

    /// - Parameter passwords: see ``Account/passwords``; nil where the new one could not be kept.
    mutating func finishNewPassword(_ request: Request, passwords: Int?) {
        unblock(request.session)
        if let passwords {
            if let account = directory.accounts[request.account.id] {
                directory.insert(Account(id: account.id, name: account.name, isBlocked: account.isBlocked, passwords: passwords))
            }
            // Who has changed it knows the new one.
            sessions[request.session]?.passwords = passwords
            succeed(request, [.reply(.passwordChanged)])
            closeSessionsOfOldPasswords()
        } else {
            fail(request, .storeFailed)
        }
        drainBacklog(of: request.session)
    }

    /// Whoever came in by a password that has been replaced since has to come in by the new one.
    mutating func closeSessionsOfOldPasswords() {
        var closed: [AccountID: Int] = [:]
        for id in sessions.keys.sorted() {
            guard let session = sessions[id], !session.isClosing, let account = session.account.flatMap({ directory.accounts[$0] }),
                session.passwords < account.passwords
            else { continue }
            close(id, .passwordReplaced(account.name.text))
            closed[account.id, default: 0] += 1
        }
        for (id, count) in closed.sorted(by: { $0.key < $1.key }) {
            guard let name = directory.accounts[id]?.name.text else { continue }
            log(.succeeded(user: name, phrase: "logged out \(count) \(count == 1 ? "session" : "sessions") that used the old password"))
        }
    }
}
