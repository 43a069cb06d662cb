import ChatProtocol
import ChatStore

// Log-in: names, passwords and tokens.

extension Hub {
    /// Begins a command of a session that has not logged in.
    mutating func beginUnauthenticated(_ session: Session, _ sequence: Int, _ command: Command, at now: EventTime) {
        switch command {
        case .identify(let name):
            identify(session, sequence, name, at: now)
        case .logIn(let name, let password, let begins):
            guess(session.id, sequence, Credentials(name: name, shown: name, password: password, begins: begins), at: now)
        case .logInByPass(let nick, let text):
            logIn(session, sequence, by: ServerPassword(nick: nick, text), at: now)
        case .malformed(_, let reply):
            respond(session.id, sequence, [.reply(reply)])
        case .begin:
            close(session.id, .loginRequired, answering: sequence)
        case .logOut:
            close(session.id, .goodbye(name: "stranger"))
        default:
            respond(session.id, sequence, [])
        }
    }

    /// The name and password of a log-in attempt.
    struct Credentials {
        let name: String
        /// See ``PasswordAttemptQueue/Attempt/shown``.
        let shown: String
        let password: String
        let begins: Bool
    }

    mutating func guess(_ id: SessionID, _ sequence: Int, _ credentials: Credentials, at now: EventTime) {
        guard let session = sessions[id] else { return }
        session.isBusy = true
        let proof = Proof(toLogIn: credentials.password)
        let attempt = PasswordAttemptQueue.Attempt(
            session: id, sequence: sequence, name: credentials.name, shown: credentials.shown, begins: credentials.begins,
            isToken: proof == .token(credentials.password), address: session.address, network: session.throttledNetwork)
        if let wait = attempts.charge(attempt.network, at: now.uptime, isGuess: !attempt.isToken) {
            return answer(attempt, .tooManyAttempts(seconds: wait))
        }
        // No account has so long a password. There is nothing to hash, and it is no guess at anybody's password.
        guard credentials.password.utf8.count <= Limits.passwordBytes else {
            return refuseUncounted(attempt, reason: PasswordRule.Defect.tooLong.reason)
        }
        tryPassword(PasswordAttemptQueue.Guess(attempt: attempt, proof: proof), at: now)
    }

    /// Logs in by IRC's `PASS`. The text before a colon is an account's name if such an account exists or the nick is the same; else it is
    /// part of the password.
    private mutating func logIn(_ session: Session, _ sequence: Int, by pass: ServerPassword, at now: EventTime) {
        guard let name = pass.name else { return guess(session.id, sequence, pass.ofNick, at: now) }
        // While names are concealed, nothing may depend on whether the account exists, so the text is always a name.
        if configuration.concealsUserNames || pass.isNick || directory.account(named: name.text) != nil {
            return guess(session.id, sequence, pass.ofName, at: now)
        }
        // An address that is over its limit causes no query to the store either.
        if let wait = attempts.charge(session.throttledNetwork, at: now.uptime, isGuess: false) {
            return respond(session.id, sequence, [.reply(.tooManyAttempts(seconds: wait))])
        }
        session.isBusy = true
        actions.append(.catchUp(newRequestID(.accountOfPass(session.id, sequence: sequence, pass, name))))
    }

    private mutating func identify(_ session: Session, _ sequence: Int, _ name: String, at now: EventTime) {
        if configuration.concealsUserNames || directory.account(named: name) != nil {
            return respond(session.id, sequence, [.askPassword(name: name)])
        }
        do throws(Name.Defect) {
            let valid = try Name(name)
            // Finding out names is guessing, too.
            if let wait = attempts.charge(session.throttledNetwork, at: now.uptime) {
                return respond(session.id, sequence, [.reply(.tooManyAttempts(seconds: wait))])
            }
            sessions[session.id]?.isBusy = true
            actions.append(.catchUp(newRequestID(.identify(session.id, sequence: sequence, name: valid))))
        } catch {
            respond(session.id, sequence, [.reply(.badUserName(name, error))])
        }
    }

    mutating func tryPassword(_ guess: PasswordAttemptQueue.Guess, at now: EventTime) {
        let attempt = guess.attempt
        if lockOuts.isBlocked(Name.fold(attempt.name), at: now) { return refuse(attempt, .blocked, reason: "blocked") }
        switch guesses.admit(guess) {
        case .wait: return
        case .refuse:
            giveBack(attempt)
            return refuse(attempt, .busy, reason: "the server is busy")
        case .verify: break
        }
        if let change = attempt.change {
            return verify(.oldPassword(attempt, change), account: change.request.account.id, guess)
        }
        // While names are concealed, a known name takes the same steps as an unknown one.
        if !configuration.concealsUserNames, let account = directory.account(named: attempt.name) {
            return verify(guess, account: account, at: now)
        }
        guard let name = try? Name(attempt.name) else {
            // No account has such a name, which is no secret.
            if configuration.concealsUserNames {
                refuseUncounted(attempt, reason: "the name is not allowed")
                return verifyNext(after: attempt, at: now)
            }
            return verify(guess, account: nil, at: now)
        }
        actions.append(.catchUp(newRequestID(.accountToVerify(guess, name))))
    }

    mutating func verify(_ guess: PasswordAttemptQueue.Guess, account: Account?, at now: EventTime) {
        let attempt = guess.attempt
        guard account != nil || configuration.concealsUserNames else {
            statistics.failedLogIns += 1
            refuse(attempt, .noSuchUser(attempt.name), reason: Reply.noSuchUser(attempt.name).reason ?? "")
            return verifyNext(after: attempt, at: now)
        }
        verify(.verification(attempt, account), account: account?.id, guess)
    }

    private mutating func verify(_ pending: Pending, account: AccountID?, _ guess: PasswordAttemptQueue.Guess) {
        let requestID = newRequestID(pending)
        let session = sessions[guess.attempt.session]
        session?.verification = requestID
        actions.append(.verify(requestID, account: account, guess.proof, from: session?.network ?? ""))
        // The session has gone during the search for its account.
        if session == nil { actions.append(.abandon(requestID)) }
    }

    mutating func finishVerification(
        _ attempt: PasswordAttemptQueue.Attempt, _ account: Account?, _ verification: Event.Verification, at now: EventTime
    ) {
        let name = Name.fold(attempt.name)
        // The account may have been removed or blocked while its password was hashed.
        let current = account.flatMap { directory.accounts[$0.id] }
        switch (verification, current) {
        case (.right(let generation), let account?):
            giveBack(attempt)
            // Another hub may have counted wrong passwords meanwhile.
            if lockOuts.isBlocked(name, at: now) {
                refuse(attempt, .blocked, reason: "blocked")
                break
            }
            endLockOut(of: name)
            if account.isBlocked {
                refuse(attempt, .blocked, reason: "blocked by the administrator")
            } else if generation < account.passwordGeneration {
                refuse(attempt, .passwordReplaced(account.name.text), reason: "the password has been changed")
            } else {
                logIn(attempt, account, generation: generation, at: now)
            }
        case (.right, nil), (.wrong, _):
            let failure = lockOuts.recordFailure(of: name, hasAccount: directory.account(named: name) != nil, at: now)
            statistics.failedLogIns += 1
            if failure.isNowBlocked { statistics.lockOuts += 1 }
            var response: [Outgoing] = [.reply(.invalidCredentials)]
            if failure.isNowBlocked { response.append(.reply(.nowBlocked(seconds: configuration.blockSeconds))) }
            logFailure(of: attempt, reason: failure.isNowBlocked ? "invalid credentials, now blocked" : "invalid credentials")
            record(.lockOut(failure.row), then: .failureStored(attempt.session, sequence: attempt.sequence, name: name, response))
        case (.expiredToken, _):
            statistics.failedLogIns += 1
            attempts.count(attempt.network, at: now.uptime)
            refuse(attempt, .tokenExpired, reason: "the token has expired")
        case (.busy, _), (.failed, _):
            giveBack(attempt)
            refuse(attempt, .busy, reason: "the server is busy")
        case (.abandoned, _): giveBack(attempt)
        }
        verifyNext(after: attempt, at: now)
    }

    /// Refunds the attempt to its address. A token's attempt has not been charged.
    private mutating func giveBack(_ attempt: PasswordAttemptQueue.Attempt) { if !attempt.isToken { attempts.giveBack(attempt.network) } }

    mutating func verifyNext(after attempt: PasswordAttemptQueue.Attempt, at now: EventTime) {
        var next = guesses.finish(Name.fold(attempt.name))
        while let waiting = next {
            guard sessions[waiting.attempt.session]?.isClosing == false else {
                giveBack(waiting.attempt)
                next = guesses.finish(Name.fold(waiting.attempt.name))
                continue
            }
            next = nil
            // A name that has been blocked meanwhile is refused here, and so is everybody in line behind it.
            let wasBlocked = lockOuts.isBlocked(Name.fold(waiting.attempt.name), at: now)
            tryPassword(waiting, at: now)
            if wasBlocked { next = guesses.finish(Name.fold(waiting.attempt.name)) }
        }
    }

    private mutating func refuse(_ attempt: PasswordAttemptQueue.Attempt, _ reply: Reply, reason: String) {
        if let request = attempt.change?.request {
            unblock(request.session)
            fail(request, reply)
            return drainBacklog(of: request.session)
        }
        logFailure(of: attempt, reason: reason)
        answer(attempt, reply)
    }

    /// Refuses an attempt that is wrong for every account, and so no guess at a password. The address stays charged for it.
    private mutating func refuseUncounted(_ attempt: PasswordAttemptQueue.Attempt, reason: String) {
        statistics.failedLogIns += 1
        refuse(attempt, .invalidCredentials, reason: reason)
    }

    /// The log shows no more than a name's length of a text that may fill a line.
    private mutating func logFailure(of attempt: PasswordAttemptQueue.Attempt, reason: String) {
        let user = directory.account(named: attempt.name) == nil ? attempt.shown : attempt.name
        log(.failed(user: SafeText.cut(user), phrase: "log in", reason: reason, address: attempt.address))
    }

    /// Ends the count of wrong passwords of a name, in the store as well.
    mutating func endLockOut(of name: String) {
        lockOuts.recordSuccess(of: name)
        forgetLockOuts()
    }

    /// Deletes obsolete lock-outs from the store, a bounded number at a time.
    mutating func forgetLockOuts() {
        let ended = lockOuts.popEnded(Hub.lockOutsForgottenAtOnce)
        if !ended.isEmpty { record(.lockOutsEnded(ended), then: .lockOutsEnded(ended)) }
    }

    private static let lockOutsForgottenAtOnce = 1000

    private mutating func answer(_ attempt: PasswordAttemptQueue.Attempt, _ reply: Reply) {
        sessions[attempt.session]?.isBusy = false
        respond(attempt.session, attempt.sequence, [.reply(reply)])
        drainBacklog(of: attempt.session)
    }

    private mutating func logIn(_ attempt: PasswordAttemptQueue.Attempt, _ account: Account, generation: Int, at now: EventTime) {
        guard let session = sessions[attempt.session], !session.isClosing else { return }
        guard sessionCounts[account.id] ?? 0 < Limits.sessionsPerAccount else {
            return refuse(attempt, .tooManySessions(limit: Limits.sessionsPerAccount), reason: "too many sessions")
        }
        notLoggedIn.remove(session.id)
        sessionCounts[account.id, default: 0] += 1
        sessions[session.id]?.account = account.id
        sessions[session.id]?.name = account.name.text
        sessions[session.id]?.passwordGeneration = generation
        sessions[session.id]?.isBusy = false
        // The log-in itself does not count against the message rate.
        fillBuckets(of: session, at: now)
        statistics.logIns += 1
        log(.succeeded(user: account.name.text, phrase: "logged in"))
        record(.loggedIn(account.id, at: now.wall))
        let greeting: [Outgoing] = attempt.begins && !messageOfTheDay.isEmpty ? [.messageOfTheDay(messageOfTheDay)] : []
        respond(session.id, attempt.sequence, [.loggedIn(name: account.name.text)] + greeting)
        if attempt.begins { beginSession(session.id, replaying: .whereItLeftOff, of: nil, takesFiles: false, at: now, then: nil) }
        drainBacklog(of: session.id)
    }

    /// Begins a session: it gets its groups, is active, and gets the messages that it missed. A client that fetches missed messages by
    /// itself may get a message both ways, and never loses one between them.
    mutating func beginSession(
        _ id: SessionID, replaying start: Command.ReplayStart, of client: String?, takesFiles: Bool, at now: EventTime, then sequence: Int?
    ) {
        if let sequence { respond(id, sequence, [.messageOfTheDay(messageOfTheDay)]) }
        guard let session = sessions[id], !session.hasBegun, !session.isClosing, let account = session.account else { return }
        sessions[id]?.hasBegun = true
        sessions[id]?.activeSince = now.wall
        sessions[id]?.takesFiles = takesFiles
        sessionsOfAccount[account, default: []].append(id)
        forgetAudiences(of: account)
        let known = directory.accounts[account]
        if let known, sessionsOfAccount[account] == [id] { announcePresence(of: known) }
        for group in directory.groups(of: account).sorted() {
            if let roster = roster(of: group, readBy: account) { actions.append(.deliver([id], .entered(roster, created: false))) }
        }
        if let known {
            sendAwayText(to: id, of: known)
            sendInvitations(to: id, of: known)
        }
        beginReplay(of: session, account, from: start, client: client)
    }
}
