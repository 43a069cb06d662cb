import ChatProtocol
import ChatStore

/// A command of a logged-in session, on its way to an answer.
final class Request {
    let session: SessionID
    /// The place of its response; see ``Session/open(label:)``.
    let sequence: Int
    let account: Account
    let command: Command
    /// When the command began: the one timestamp of everything that follows from it.
    let at: EventTime
    /// Folded names that are known to have no account.
    let absent: Set<String>
    /// The request as it came, if this one is a translation of it.
    let original: Request?
    /// How often the engine has refused its proposal.
    let refusals: Int

    init(
        session: SessionID, sequence: Int, account: Account, command: Command, at: EventTime, absent: Set<String> = [],
        original: Request? = nil, refusals: Int = 0
    ) {
        self.session = session
        self.sequence = sequence
        self.account = account
        self.command = command
        self.at = at
        self.absent = absent
        self.original = original
        self.refusals = refusals
    }

    /// The same request with another command.
    func with(command: Command) -> Request {
        Request(
            session: session, sequence: sequence, account: account, command: command, at: at, absent: absent, original: original ?? self,
            refusals: refusals)
    }

    /// The same request with a command that holds no secrets, without a reference to the original.
    func without(secrets command: Command) -> Request {
        Request(session: session, sequence: sequence, account: account, command: command, at: at, absent: absent, refusals: refusals)
    }

    /// The same request with one more name that is known to have no account.
    func with(absent name: String) -> Request {
        Request(
            session: session, sequence: sequence, account: account, command: command, at: at,
            absent: absent.union(CollectionOfOne(name)), original: original, refusals: refusals)
    }

    /// The original request, after one more refusal.
    var again: Request {
        let first = original ?? self
        return Request(
            session: session, sequence: sequence, account: account, command: first.command, at: at, absent: absent,
            refusals: refusals + 1)
    }
}

/// The continuation of a request to the outside, which its answer resumes.
enum Pending {
    case nothing
    indirect case identify(SessionID, sequence: Int, name: Name)
    indirect case accountToVerify(PasswordAttemptQueue.Guess, Name)
    /// Looks for the account whose name stands before the first colon of `PASS`.
    indirect case accountOfPass(SessionID, sequence: Int, ServerPassword, Name)
    indirect case verification(PasswordAttemptQueue.Attempt, Account?)
    indirect case verified(PasswordAttemptQueue.Attempt, Account?, Event.Verification)
    /// A wrong password is stored in the lock-out table.
    indirect case failureStored(SessionID, sequence: Int, name: String, [Outgoing])
    /// Looks for the account of an unknown name in the request.
    indirect case account(Request, name: String)
    case message(Request, MessageDraft)
    /// - shown: the name in the response, such as the group's.
    indirect case change(Request, shown: String)
    indirect case history(Request, with: String?)
    indirect case oldPassword(PasswordAttemptQueue.Attempt, PasswordAttemptQueue.PasswordChange)
    case token(Request)
    indirect case tokenStored(Request, MadeToken)
    case cursors([AccountID])
    indirect case lockOut(name: String)
    case lockOutsEnded([String])
    /// Whether a client that fetches missed messages by itself missed any in that range.
    indirect case gap(SessionID, MessageRange)
    case page(SessionID)
    case pageWritten(SessionID)

    enum Result {
        case verification(Event.Verification)
        case caughtUp
        case found(StoreAnswer)
        case token(MadeToken)
        case drained
    }

    /// The session that proposed the change, if one waits for the outcome.
    var proposer: SessionID? {
        switch self {
        case .message(let request, _), .change(let request, _): request.session
        default: nil
        }
    }
}

extension Hub {
    /// Executes a request, or asks the outside for what is missing.
    mutating func execute(_ request: Request) {
        // The account may have been removed meanwhile.
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
        case .setTopic(let group, _): refuseChange(.topic, of: group, request)
        case .changeModes(let group): refuseChange(.modes, of: group, request)
        case .lookUp(let users, let query): lookUp(request, users: users, query)
        case .away(let text): setAway(request, text)
        case .signal(let to, let signal): relay(request, to: to, signal)
        case .history(let with, let range): history(request, with: with, range)
        case .search(let words, let limit): ask(.search(words, limit: limit), with: nil, for: request)
        case .historyTargets(let range): ask(.targets(range), with: nil, for: request)
        case .markRead(let with, let time): markRead(request, with: with, time)
        case .changePassword(let old, let new): changePassword(request, old: old, new: new)
        case .issueToken: issueToken(request)
        case .help(let topic): succeed(request, [.help(topic)])
        case .messageOfTheDay: succeed(request, [.messageOfTheDay(messageOfTheDay)])
        case .malformed(_, let reply): fail(request, reply)
        case .begin(let start, let client, let takesFiles, let watchesPresence):
            watchPresence(request.session, watchesPresence)
            beginSession(
                request.session, replaying: start, of: client, takesFiles: takesFiles, at: request.at, then: request.sequence)
        case .shown(let message):
            // A message beyond those sent to the session is cut to the last one, so that no later message is skipped.
            let last = max(directory.position, sessions[request.session]?.lastReplayed ?? .zero)
            recordReached(min(message, last), by: request.session)
            respond(request.session, request.sequence, [])
        case .watchPresence(let watches):
            watchPresence(request.session, watches)
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
        /// The engine is asked for new accounts; the request runs again afterwards.
        case asked
    }

    /// Finds the account of a name in a request. Another process may have added an unknown one a moment ago, so the engine is asked before
    /// the name counts as absent.
    mutating func resolve(_ name: String, for request: Request) -> Resolution {
        if let account = directory.account(named: name) { return .found(account) }
        guard let valid = try? Name(name), !request.absent.contains(valid.folded) else { return .absent }
        sessions[request.session]?.isBusy = true
        actions.append(.catchUp(newRequestID(.account(request, name: valid.folded))))
        return .asked
    }

    /// Continues the request that an answer from outside belongs to.
    mutating func finish(_ requestID: RequestID, _ result: Pending.Result, at now: EventTime) {
        guard let what = pending.removeValue(forKey: requestID) else { return }
        switch (what, result) {
        case (.identify(let session, let sequence, let name), .caughtUp):
            let isKnown = directory.account(named: name.text) != nil
            if isKnown {
                attempts.giveBack(sessions[session]?.throttledNetwork)
            } else if let address = sessions[session]?.address {
                let reason = Reply.noSuchUser(name.text).reason ?? ""
                log(.failed(user: SafeText.cut(name.text), phrase: "log in", reason: reason, address: address))
            }
            unblock(session)
            respond(session, sequence, [isKnown ? .askPassword(name: name.text) : .reply(.noSuchUser(name.text))])
            drainBacklog(of: session)
        case (.accountToVerify(let guess, let name), .caughtUp): verify(guess, account: directory.account(named: name.text), at: now)
        case (.accountOfPass(let session, let sequence, let pass, let name), .caughtUp):
            guess(session, sequence, directory.account(named: name.text) == nil ? pass.ofNick : pass.ofName, at: now)
        case (.verification(let attempt, let account), .verification(let verification)):
            sessions[attempt.session]?.verification = nil
            // The account's state counts as it is now, whoever has changed it.
            actions.append(.catchUp(newRequestID(.verified(attempt, account, verification))))
        case (.verified(let attempt, let account, let verification), .caughtUp):
            finishVerification(attempt, account, verification, at: now)
        case (.account(let request, let name), .caughtUp):
            unblock(request.session)
            execute(directory.account(named: name) == nil ? request.with(absent: name) : request)
            drainBacklog(of: request.session)
        case (.history(let request, let with), .found(let found)):
            unblock(request.session)
            switch found {
            case .messages(let messages): succeed(request, [.history(with: with, messages)])
            case .conversations(let targets): succeed(request, [.historyTargets(targets)])
            case .searchTooBroad: fail(request, .searchTooBroad)
            case .searchBusy: fail(request, .busy)
            case .failed: fail(request, .storeFailed)
            }
            drainBacklog(of: request.session)
        case (.oldPassword(let attempt, let change), .verification(let verification)):
            finishOldPassword(attempt, change, verification, at: now)
        case (.token(let request), .token(let token)):
            storeToken(request, token)
        case (.gap(let session, let gap), .found(let found)): finishGap(gap, of: session, found.messages)
        case (.page(let session), .found(let found)): replay(found.messages, to: session)
        case (.pageWritten(let session), .drained):
            readMissed(by: session)
        default:
            break
        }
    }

    mutating func unblock(_ session: SessionID) { sessions[session]?.isBusy = false }

    /// Proposes the change of a request. The session's next command waits for the outcome.
    /// - Parameter shown: see ``Pending/change(_:shown:)``.
    mutating func propose(_ change: Change, shown: String, for request: Request) {
        sessions[request.session]?.isBusy = true
        propose(change, then: .change(request, shown: shown))
    }
}

extension StoreAnswer {
    /// Nil if the messages could not be read.
    fileprivate var messages: [ChatMessage]? { if case .messages(let messages) = self { messages } else { nil } }
}
