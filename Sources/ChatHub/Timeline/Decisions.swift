import ChatProtocol
import ChatStore

// What the engine has decided. ``Hub/apply(_:for:at:)`` is the only place that changes the directory and tells sessions of it, whoever proposed the change;
// ``Hub/answer(_:_:at:)`` is the only place that replies to who asked for it.

extension Hub {
    mutating func decided(_ id: RequestID?, _ outcome: Outcome, at now: EventTime) {
        let what = id.flatMap { pending.removeValue(forKey: $0) }
        if case .stored(let entry) = outcome { apply(entry, for: what?.proposer, isOwn: id != nil, at: now) }
        if let what { answer(what, outcome) }
    }

    /// Takes an entry over: into the directory, and to the sessions that are to be told of it.
    /// - Parameter asking: the session that proposed it, which is told by its answer.
    private mutating func apply(_ entry: Entry, for asking: SessionID?, isOwn: Bool, at now: EventTime) {
        switch entry.content {
        case .message(let message):
            directory.apply(entry)
            announce(message, except: asking)
        case .groupCreated(let group):
            directory.apply(entry)
            tellEntry(of: group.founder, into: group.id, created: true, except: asking)
            for account in group.invited.keys.sorted() { announceInvitation(of: account, to: group.id, by: group.founder) }
        case .memberJoined(let group, let account):
            if let name = directory.accounts[account]?.name.text, let shown = directory.groups[group]?.name.text {
                tell(group: group, except: sessionsOfAccount[account] ?? [], .memberJoined(user: name, group: shown))
            }
            directory.apply(entry)
            audiences[group] = nil
            tellEntry(of: account, into: group, created: false, except: asking)
            if away[account] != nil, let member = directory.accounts[account] { tellPresence(of: member, in: group) }
        case .memberLeft(let group, let account):
            announceLeaving(of: account, group, except: asking)
            directory.apply(entry)
            audiences[group] = nil
        case .invited(let account, let group, let inviter):
            directory.apply(entry)
            announceInvitation(of: account, to: group, by: inviter)
        case .readMarked(let account, let target, let time):
            directory.apply(entry)
            announceMarker(target, of: account, time, except: asking)
        case .accountSet(let account):
            directory.apply(entry)
            // Who has changed the password knows the new one.
            if let asking { sessions[asking]?.passwordGeneration = account.passwordGeneration }
            if account.isBlocked { closeSessions(of: account.id) }
            closeSessionsOfOldPasswords(of: account)
        case .accountRemoved(let account): remove(account, entry)
        case .recorded(let record):
            directory.apply(entry)
            if !isOwn { follow(record, at: now) }
        }
    }

    /// Those who are still in the group, and with them the other sessions of who has left, are told so.
    private mutating func announceLeaving(of account: AccountID, _ group: GroupID, except asking: SessionID?) {
        guard let name = directory.accounts[account]?.name.text, let shown = directory.groups[group]?.name.text else { return }
        tell(group: group, except: asking.map { [$0] } ?? [], .memberLeft(user: name, group: shown))
    }

    private mutating func remove(_ id: AccountID, _ entry: Entry) {
        let left = directory.groups(of: id).sorted()
        // Its own sessions hear why they are closed, and nothing besides.
        closeSessions(of: id)
        for group in left { announceLeaving(of: id, group, except: nil) }
        directory.apply(entry)
        for group in left { audiences[group] = nil }
        cursors.forget(id)
        tokenAllowances[id] = nil
        away[id] = nil
    }

    private mutating func closeSessions(of account: AccountID) {
        guard sessionCounts[account] != nil else { return }
        for id in sessions.keys.sorted() {
            if let session = sessions[id], session.account == account { close(id, .accountGone(session.name)) }
        }
    }

    /// What another hub has noted.
    private mutating func follow(_ record: HubRecord, at now: EventTime) {
        switch record {
        case .lockOut(let row): lockOuts.merge(row, at: now, hasAccount: directory.account(named: row.name) != nil)
        case .lockOutsEnded(let names): for name in names { lockOuts.recordSuccess(of: name) }
        case .cursors(let rows):
            for (account, cursor) in rows where directory.accounts[account] != nil {
                // Where no session of the account is here, nothing is known of it but what others say.
                if sessionCounts[account] == nil { cursors.forget(account) }
                cursors.merge(cursor, of: account)
            }
        case .loggedIn, .token: break
        }
    }

    private mutating func answer(_ what: Pending, _ outcome: Outcome) {
        switch (what, outcome) {
        case (.message(let request, let draft), _):
            sessions[request.session]?.pendingMessages -= 1
            switch outcome {
            case .stored(let entry): if case .message(let message) = entry.content { acknowledge(request, message) }
            case .duplicate(let id, let time): acknowledge(request, ChatMessage(draft, id: id, time: time))
            case .refused: runAgain(request)
            case .failed: fail(request, .storeFailed)
            }
            drainBacklog(of: request.session)
        case (.change(let request, let shown), _):
            unblock(request.session)
            switch outcome {
            case .stored(let entry): succeed(request, answer(to: request, with: entry, shown: shown))
            case .refused: runAgain(request)
            case .duplicate, .failed: fail(request, .storeFailed)
            }
            drainBacklog(of: request.session)
        case (.failureKept(let session, let sequence, let name, let response), _):
            if !outcome.isStored { lockOuts.noteUnsaved(name) }
            unblock(session)
            respond(session, sequence, response)
            drainBacklog(of: session)
        case (.keptToken(let request, let token), _):
            unblock(request.session)
            let reply: Reply = outcome.isStored ? .resumeToken(token.text, seconds: token.seconds) : .storeFailed
            respond(request.session, request.sequence, [.reply(reply)])
            drainBacklog(of: request.session)
        // What could not be stored is tried again with the next tick.
        case (.cursors(let accounts), .failed): cursors.putBack(accounts)
        case (.lockOut(let name), .failed): lockOuts.noteUnsaved(name)
        case (.lockOutsEnded(let names), .failed): lockOuts.putBack(ended: names)
        default: break
        }
    }

    /// Something came before it in the order that rules it out: all of that has been applied, so what answers the request now is what answers it whenever it
    /// cannot be.
    private mutating func runAgain(_ request: Request) {
        guard request.refusals < Hub.mostRefusals else { return fail(request, .storeFailed) }
        run(request.again)
    }

    /// After so many the hub and its engine do not agree on what there is.
    private static let mostRefusals = 3

    private func answer(to request: Request, with entry: Entry, shown: String) -> [Outgoing] {
        switch entry.content {
        case .groupCreated(let group):
            let names = group.invited.keys.compactMap { directory.accounts[$0]?.name.text }.sorted()
            return entered(group.id, request, created: true) + [.reply(.groupCreated(shown, members: names))]
        case .memberJoined(let group, _): return entered(group, request, created: false) + [.reply(.joined(shown))]
        case .memberLeft: return [.reply(.left(shown))]
        case .invited(let account, _, _):
            guard let user = directory.accounts[account] else { return [] }
            // Who is away is told of to the inviter as well (RFC 2812 §3.2.7).
            return [.reply(.invited(user: user.name.text, group: shown))] + awayReply(of: account, user.name)
        case .readMarked(_, _, let time): return [.readMarker(target: shown, time)]
        case .accountSet: return [.reply(.passwordChanged)]
        case .message, .accountRemoved, .recorded: return []
        }
    }

    private func entered(_ group: GroupID, _ request: Request, created: Bool) -> [Outgoing] {
        roster(of: group, readBy: request.account.id).map { [.entered($0, created: created)] } ?? []
    }
}

extension Outcome {
    fileprivate var isStored: Bool { if case .stored = self { true } else { false } }
}
