import ChatProtocol

/// A command of a logged-in session, on its way to an answer.
final class Request {
    let session: SessionID
    /// The place of its answer; see ``Session/open(label:)``.
    let sequence: Int
    let account: Account
    let command: Command
    /// When its turn came: the one timestamp of all that comes of it.
    let at: EventTime
    /// Names that the store has been asked for in vain, folded.
    let absent: Set<String>

    init(session: SessionID, sequence: Int, account: Account, command: Command, at: EventTime, absent: Set<String> = []) {
        self.session = session
        self.sequence = sequence
        self.account = account
        self.command = command
        self.at = at
        self.absent = absent
    }

    /// The same, with another command, or with one more name that the store has been asked for in vain.
    func with(command: Command? = nil, absent name: String? = nil) -> Request {
        Request(
            session: session, sequence: sequence, account: account, command: command ?? self.command, at: at,
            absent: name.map { absent.union(CollectionOfOne($0)) } ?? absent)
    }
}

/// What is to be done when the outside answers.
enum Pending {
    case nothing
    indirect case identify(SessionID, sequence: Int, name: String)
    indirect case accountToVerify(PasswordAttemptQueue.Guess)
    /// Whether there is an account of the name that stands before the first colon of `PASS`.
    indirect case accountOfPass(SessionID, sequence: Int, ServerPassword)
    indirect case verification(PasswordAttemptQueue.Attempt, Account?)
    /// A wrong password has been counted on the disk.
    indirect case failureKept(SessionID, sequence: Int, name: String, [Outgoing])
    /// The store looks for an account by a name in the request.
    indirect case account(Request, name: String)
    case message(Request, ChatMessage)
    indirect case change(Request, Change)
    /// All that was to be stored before has been; the request can be run again.
    case barrier(Request)
    indirect case history(Request, with: String?)
    case historyTargets(Request)
    indirect case oldPassword(PasswordAttemptQueue.Attempt, PasswordAttemptQueue.PasswordChange)
    case newPassword(Request)
    case token(Request)
    indirect case keptToken(Request, MadeToken)
    case cursors([AccountID])
    indirect case lockOut(name: String)
    case lockOutsEnded([String])
    /// Whether anything of it was missed by a session that is not replayed.
    indirect case gap(SessionID, MessageRange)
    case page(SessionID)
    case pageWritten(SessionID)

    enum Change {
        case created(Group)
        case joined(GroupID)
        case left(GroupID)
        case invited(AccountID, GroupID)
        case markedRead(ReadTarget, shown: String, Timestamp)
    }

    enum Result {
        case verification(Event.Verification)
        case account(Account?)
        case stored(Bool)
        case messages([ChatMessage]?)
        /// And why.
        case notSearched(Reply)
        case historyTargets([HistoryTarget]?)
        /// Nil where it could not be kept.
        case passwordSet(Int?)
        case token(MadeToken)
        case drained
    }
}

extension Hub {
    /// Carries a request out, or asks the outside for what is missing.
    mutating func run(_ request: Request) {
        // It may have been removed while the outside was asked.
        guard directory.accounts[request.account.id] != nil else { return fail(request, .accountGone(request.account.name.text)) }
        switch request.command {
        case .message(let to, let text, let isNotice, let nonce, let tags):
            sendDirect(request, to: to, text: text, isNotice: isNotice, nonce: nonce, tags: tags)
        case .groupMessage(let group, let text, let isNotice, let nonce, let tags):
            sendToGroup(request, group: group, text: text, isNotice: isNotice, nonce: nonce, tags: tags)
        case .tagMessage(let to, let tags): sendTags(request, to: to, tags)
        case .listActive: listActive(request)
        case .createGroup(let name, let members): createGroup(request, name: name, members: members)
        case .joinGroup(let name, let createsMissing): joinGroup(request, name: name, createsMissing: createsMissing)
        case .leaveGroup(let name): leaveGroup(request, name: name)
        case .invite(let user, let group): invite(request, user: user, group: group)
        case .listGroups: listGroups(request)
        case .listMembers(let group): listMembers(request, group: group)
        case .lookUp(let users, let query): lookUp(request, users: users, query)
        case .away(let text): setAway(request, text)
        case .signal(let to, let signal): relay(request, to: to, signal)
        case .history(let with, let range): history(request, with: with, range)
        case .search(let words, let limit): ask(.search(words, limit: limit), with: nil, for: request)
        case .historyTargets(let range):
            sessions[request.session]?.isBusy = true
            actions.append(.loadHistory(newRequestID(.historyTargets(request)), account: request.account.id, .targets(range)))
        case .markRead(let with, let time): markRead(request, with: with, time)
        case .changePassword(let old, let new): changePassword(request, old: old, new: new)
        case .issueToken: issueToken(request)
        case .help(let topic): succeed(request, [.help(topic)])
        case .messageOfTheDay: succeed(request, [.messageOfTheDay(messageOfTheDay)])
        case .malformed(_, let reply): fail(request, reply)
        case .begin(let start, let client, let takesFiles, let hearsPresence):
            hearPresence(request.session, hearsPresence)
            beginSession(
                request.session, replaying: start, of: client, takesFiles: takesFiles, at: request.at, then: request.sequence)
        case .shown(let message):
            // A client that names what it cannot have seen would only hide from itself what comes.
            recordReached(min(message, messageIDs.last), by: request.session)
            respond(request.session, request.sequence, [])
        case .hearPresence(let hears):
            hearPresence(request.session, hears)
            respond(request.session, request.sequence, [])
        case .answeredByCodec: respond(request.session, request.sequence, [])
        case .identify, .logIn, .logInByPass: respond(request.session, request.sequence, [])
        case .logOut:
            log(.carriedOut(user: request.account.name.text, Phrase(request.command)))
            close(request.session, .goodbye(name: request.account.name.text))
        }
    }

    mutating func succeed(_ request: Request, _ response: [Outgoing]) {
        if request.command.slashWord != nil {
            log(.carriedOut(user: request.account.name.text, Phrase(request.command)))
        }
        respond(request.session, request.sequence, response)
    }

    mutating func fail(_ request: Request, _ reply: Reply) {
        if request.command.slashWord != nil {
            log(
                .failed(
                    user: request.account.name.text, phrase: Phrase(request.command).attempted, reason: reply.reason ?? reply.code))
        }
        respond(request.session, request.sequence, [.reply(reply)])
    }

    enum Resolution {
        case found(Account)
        case absent
        /// The store has been asked; the request will be run again.
        case asked
    }

    /// The account of a name in a request. One that is not known may have been added from outside a moment ago, so the store is asked before it is said not to be there.
    mutating func resolve(_ name: String, for request: Request) -> Resolution {
        if let account = directory.account(named: name) { return .found(account) }
        guard let valid = try? Name(name), !request.absent.contains(valid.folded) else { return .absent }
        sessions[request.session]?.isBusy = true
        actions.append(.findAccount(newRequestID(.account(request, name: valid.folded)), name: valid))
        return .asked
    }

    /// The outside has answered.
    mutating func finish(_ requestID: RequestID, _ result: Pending.Result, at now: EventTime) {
        guard let what = pending.removeValue(forKey: requestID) else { return }
        switch (what, result) {
        case (.identify(let session, let sequence, let name), .account(let account)):
            if let account {
                directory.learn(account)
                attempts.giveBack(sessions[session]?.throttledNetwork)
            } else if let address = sessions[session]?.address {
                log(.failed(user: SafeText.cut(name), phrase: "log in", reason: Reply.noSuchUser(name).reason ?? "", address: address))
            }
            unblock(session)
            respond(session, sequence, [account == nil ? .reply(.noSuchUser(name)) : .askPassword(name: name)])
            drainBacklog(of: session)
        case (.accountToVerify(let guess), .account(let account)):
            if let account { directory.learn(account) }
            verify(guess, account: account, at: now)
        case (.accountOfPass(let session, let sequence, let pass), .account(let account)):
            if let account { directory.learn(account) }
            guess(session, sequence, account == nil ? pass.ofNick : pass.ofName, at: now)
        case (.verification(let attempt, let account), .verification(let verification)):
            finishVerification(attempt, account, verification, at: now)
        case (.failureKept(let session, let sequence, let name, let response), .stored(let succeeded)):
            if !succeeded { lockOuts.noteUnsaved(name) }
            unblock(session)
            respond(session, sequence, response)
            drainBacklog(of: session)
        case (.account(let request, let name), .account(let account)):
            if let account { directory.learn(account) }
            unblock(request.session)
            run(account == nil ? request.with(absent: name) : request)
            drainBacklog(of: request.session)
        case (.message(let request, let message), .stored(let succeeded)):
            sessions[request.session]?.pendingMessages -= 1
            finishMessage(request, message, succeeded: succeeded)
            drainBacklog(of: request.session)
        case (.barrier(let request), .stored):
            unblock(request.session)
            run(request)
            drainBacklog(of: request.session)
        case (.change(let request, let change), .stored(let succeeded)):
            unblock(request.session)
            finishChange(request, change, succeeded: succeeded)
            drainBacklog(of: request.session)
        case (.history(let request, let with), .messages(let messages)):
            unblock(request.session)
            if let messages { succeed(request, [.history(with: with, messages)]) } else { fail(request, .storeFailed) }
            drainBacklog(of: request.session)
        case (.history(let request, _), .notSearched(let reply)):
            unblock(request.session)
            fail(request, reply)
            drainBacklog(of: request.session)
        case (.historyTargets(let request), .historyTargets(let targets)):
            unblock(request.session)
            if let targets { succeed(request, [.historyTargets(targets)]) } else { fail(request, .storeFailed) }
            drainBacklog(of: request.session)
        case (.oldPassword(let attempt, let change), .verification(let verification)):
            finishOldPassword(attempt, change, verification, at: now)
        case (.newPassword(let request), .passwordSet(let passwords)):
            finishNewPassword(request, passwords: passwords)
        case (.token(let request), .token(let token)):
            keepToken(request, token)
        case (.keptToken(let request, let token), .stored(let succeeded)):
            unblock(request.session)
            respond(
                request.session, request.sequence, [.reply(succeeded ? .resumeToken(token.text, seconds: token.seconds) : .storeFailed)])
            drainBacklog(of: request.session)
        // What could not be kept is tried again with the next tick.
        case (.cursors(let accounts), .stored(false)): cursors.putBack(accounts)
        case (.lockOut(let name), .stored(false)): lockOuts.noteUnsaved(name)
        case (.lockOutsEnded(let names), .stored(false)): lockOuts.putBack(ended: names)
        case (.gap(let session, let gap), .messages(let messages)): finishGap(gap, of: session, messages)
        case (.page(let session), .messages(let messages)):
            replay(messages, to: session)
        case (.pageWritten(let session), .drained):
            readMissed(by: session)
        default:
            break
        }
    }

    mutating func unblock(_ session: SessionID) { sessions[session]?.isBusy = false }

    /// Asks for a change to be kept; the session's next command waits for it.
    mutating func keep(_ write: StoreWrite, _ change: Pending.Change, for request: Request) {
        sessions[request.session]?.isBusy = true
        store(write, then: .change(request, change))
    }

    private mutating func finishChange(_ request: Request, _ change: Pending.Change, succeeded: Bool) {
        guard directory.accounts[request.account.id] != nil else { return takeBack(change, of: request, succeeded: succeeded) }
        switch change {
        case .created(let group): finishCreation(request, group, succeeded: succeeded)
        case .joined(let group): finishJoining(request, group, succeeded: succeeded)
        case .left(let group): finishLeaving(request, group, succeeded: succeeded)
        case .invited(let account, let group): finishInvitation(request, account, group, succeeded: succeeded)
        case .markedRead(let target, let shown, let time):
            finishMarking(request, target, shown: shown, time, succeeded: succeeded)
        }
    }
    /// The account has been removed while its change was being kept: with it everything that it had a part in, this as well.
    private mutating func takeBack(_ change: Pending.Change, of request: Request, succeeded: Bool) {
        switch change {
        case .created(let group):
            reservedGroups.remove(group.name.folded)
            if succeeded { store(.groupRemoved(group.id), then: .nothing) }
        case .joined(let group): endJoining(group)
        case .left, .invited, .markedRead: break
        }
        fail(request, .accountGone(request.account.name.text))
    }
}
