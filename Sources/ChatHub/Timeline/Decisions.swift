import ChatProtocol
import ChatStore

// Outcomes of proposals. ``Hub/apply(_:for:isOwn:at:)`` is the only place that changes the directory and announces entries, whoever
// proposed them. ``Hub/answer(_:_:)`` is the only place that responds to the proposer.

extension Hub {
    mutating func decided(_ id: RequestID?, _ outcome: Outcome, at now: EventTime) {
        let what = id.flatMap { pending.removeValue(forKey: $0) }
        if case .stored(let entry) = outcome { apply(entry, for: what?.proposer, isOwn: id != nil, at: now) }
        if let what { answer(what, outcome) }
    }

    /// Applies an entry to the directory and announces it to the sessions concerned.
    /// - Parameter asking: the session that proposed the change. Its response announces the entry to it.
    private mutating func apply(_ entry: Entry, for asking: SessionID?, isOwn: Bool, at now: EventTime) {
        switch entry.content {
        case .message(let message):
            directory.apply(entry)
            announce(message, except: asking)
        case .groupCreated(let group):
            directory.apply(entry)
            announceEntry(of: group.founder, into: group.id, created: true, except: asking)
            for account in group.invited.keys.sorted() { announceInvitation(of: account, to: group.id, by: group.founder) }
        case .memberJoined(let group, let account):
            if let name = directory.accounts[account]?.name.text, let shown = directory.groups[group]?.name.text {
                deliver(toGroup: group, except: sessionsOfAccount[account] ?? [], .memberJoined(user: name, group: shown))
            }
            directory.apply(entry)
            audiences[group] = nil
            announceEntry(of: account, into: group, created: false, except: asking)
            if away[account] != nil, let member = directory.accounts[account] { announcePresence(of: member, in: group) }
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
            // The session that changed the password knows the new one.
            if let asking { sessions[asking]?.passwordGeneration = account.passwordGeneration }
            if account.isBlocked { closeSessions(of: account.id) }
            closeSessionsOfOldPasswords(of: account)
        case .accountRemoved(let account): remove(account, entry)
        case .recorded(let record):
            directory.apply(entry)
            if !isOwn { follow(record, at: now) }
        }
    }

    /// Announces a departure to the remaining members and to the leaving account's other sessions.
    private mutating func announceLeaving(of account: AccountID, _ group: GroupID, except asking: SessionID?) {
        guard let name = directory.accounts[account]?.name.text, let shown = directory.groups[group]?.name.text else { return }
        deliver(toGroup: group, except: asking.map { [$0] } ?? [], .memberLeft(user: name, group: shown))
    }

    private mutating func remove(_ id: AccountID, _ entry: Entry) {
        let left = directory.groups(of: id).sorted()
        // The account's own sessions get the reason for their close, and no departures.
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

    /// Merges a record of another hub into this hub's state.
    private mutating func follow(_ record: HubRecord, at now: EventTime) {
        switch record {
        case .lockOut(let row): lockOuts.merge(row, at: now, hasAccount: directory.account(named: row.name) != nil)
        case .lockOutsEnded(let names): for name in names { lockOuts.recordSuccess(of: name) }
        case .cursors(let rows):
            for (account, cursor) in rows where directory.accounts[account] != nil {
                // Without a session of the account here, the other hub's record is the whole truth.
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
            case .refused: retry(request)
            case .failed: fail(request, .storeFailed)
            }
            drainBacklog(of: request.session)
        case (.change(let request, let shown), _):
            unblock(request.session)
            switch outcome {
            case .stored(let entry): succeed(request, answer(to: request, with: entry, shown: shown))
            case .refused: retry(request)
            case .duplicate, .failed: fail(request, .storeFailed)
            }
            drainBacklog(of: request.session)
        case (.failureStored(let session, let sequence, let name, let response), _):
            if !outcome.isStored { lockOuts.markUnsaved(name) }
            unblock(session)
            respond(session, sequence, response)
            drainBacklog(of: session)
        case (.tokenStored(let request, let token), _):
            unblock(request.session)
            let reply: Reply = outcome.isStored ? .resumeToken(token.text, seconds: token.seconds) : .storeFailed
            respond(request.session, request.sequence, [.reply(reply)])
            drainBacklog(of: request.session)
        // A record that could not be stored is proposed again with the next tick.
        case (.cursors(let accounts), .failed): cursors.putBack(accounts)
        case (.lockOut(let name), .failed): lockOuts.markUnsaved(name)
        case (.lockOutsEnded(let names), .failed): lockOuts.putBack(ended: names)
        default: break
        }
    }

    /// Runs a refused request again. An earlier entry rules the change out. Every earlier entry is applied by now, so the usual checks give
    /// the usual answer.
    private mutating func retry(_ request: Request) {
        guard request.refusals < Hub.mostRefusals else { return fail(request, .storeFailed) }
        execute(request.again)
    }

    /// The number of refusals after which the hub and its engine evidently disagree about the state.
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
            // The inviter learns that the invited user is away (RFC 2812 §3.2.7).
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
