import ChatProtocol
import ChatStore

// Change of a session's own password, and its effect on the account's other sessions.

extension Hub {
    mutating func changePassword(_ request: Request, old: String, new: String) {
        if let defect = PasswordRule.defect(of: new) { return fail(request, .badPassword(defect)) }
        sessions[request.session]?.isBusy = true
        // The change waits in line with the log-ins of the name, so that wrong passwords block the name whichever way they come, and
        // however many at once.
        tryPassword(
            PasswordAttemptQueue.Guess(
                attempt: PasswordAttemptQueue.Attempt(
                    session: request.session, sequence: request.sequence, name: request.account.name.text, shown: request.account.name.text,
                    begins: false, isToken: false, address: "", network: nil,
                    change: PasswordAttemptQueue.PasswordChange(
                        request: request.without(secrets: .changePassword(old: "", new: "")), new: new)
                ),
                // Always a password: a token must not lead to a new password.
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
            actions.append(.setPassword(newRequestID(.change(request, shown: "")), account: request.account.id, password: change.new))
        case .wrong:
            // A session left open must not become the place to guess its password.
            let failure = lockOuts.recordFailure(of: name, hasAccount: true, at: now)
            if failure.isNowBlocked { statistics.lockOuts += 1 }
            record(.lockOut(failure.row))
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

    /// Closes the sessions that logged in by a password that has been replaced since.
    mutating func closeSessionsOfOldPasswords(of account: Account) {
        guard sessionCounts[account.id] != nil else { return }
        let old = sessions.values.filter {
            $0.account == account.id && !$0.isClosing && $0.passwordGeneration < account.passwordGeneration
        }
        guard !old.isEmpty else { return }
        for id in old.map(\.id).sorted() { close(id, .passwordReplaced(account.name.text)) }
        let count = "\(old.count) \(old.count == 1 ? "session" : "sessions")"
        log(.succeeded(user: account.name.text, phrase: "logged out \(count) that used the old password"))
    }
}
