import ChatProtocol

// Group chats: made, joined, left; open to all or to the invited.

extension Hub {
    mutating func createGroup(_ request: Request, name: String, members: [String]) {
        let valid: Name
        do throws(Name.Defect) { valid = try Name(name) } catch { return fail(request, .badGroupName(name, error)) }
        guard directory.group(named: name) == nil, !reservedGroups.contains(valid.folded) else {
            return fail(request, .groupExists(directory.group(named: name)?.name.text ?? name))
        }
        guard members.count <= Limits.membersPerGroup else { return fail(request, .tooManyMembers(limit: Limits.membersPerGroup)) }
        guard hasRoomForGroup(request.account) else { return fail(request, .tooManyGroups(limit: Limits.groupsPerAccount)) }
        guard directory.foundedGroups(of: request.account.id) < Limits.groupsPerAccount else {
            return fail(request, .tooManyGroupsMade(limit: Limits.groupsPerAccount))
        }
        var invited: Set<AccountID> = []
        for member in members {
            switch resolve(member, for: request) {
            case .asked: return
            case .absent: return fail(request, .noSuchUser(member))
            case .found(let account): if account.id != request.account.id { invited.insert(account.id) }
            }
        }
        lastGroup = GroupID(rawValue: lastGroup.rawValue + 1)
        let group = Group(
            id: lastGroup, name: valid, founder: request.account.id, isOpen: members.isEmpty, created: request.at.wall,
            members: [request.account.id], invited: invited)
        reservedGroups.insert(valid.folded)
        keep(.groupCreated(group), .created(group), for: request)
    }

    mutating func finishCreation(_ request: Request, _ group: Group, succeeded: Bool) {
        reservedGroups.remove(group.name.folded)
        guard succeeded else { return fail(request, .storeFailed) }
        directory.insert(group)
        let names = group.invited.compactMap { directory.accounts[$0]?.name.text }.sorted()
        enter(request, group.id, created: true, .groupCreated(group.name.text, members: names))
        for account in group.invited.sorted() { announceInvitation(of: account, to: group.name.text, by: request.account) }
    }

    mutating func joinGroup(_ request: Request, name: String, createsMissing: Bool) {
        guard let group = directory.group(named: name) else {
            if createsMissing, reservedGroups.contains(Name.fold(name)) {
                // Somebody else is making it this moment: it is joined when that is through.
                sessions[request.session]?.isBusy = true
                return store(.barrier, then: .barrier(request))
            }
            if createsMissing {
                // From here on it is what it does, so that the server's log says what was done.
                let creation = request.with(command: .createGroup(name: name, members: []))
                return createGroup(creation, name: name, members: [])
            }
            return fail(request, .noSuchGroup(name))
        }
        guard !group.members.contains(request.account.id) else { return fail(request, .alreadyMember(group.name.text)) }
        guard group.isOpen || group.invited.contains(request.account.id) else { return fail(request, .notInvited(group.name.text)) }
        guard hasRoomForGroup(request.account) else { return fail(request, .tooManyGroups(limit: Limits.groupsPerAccount)) }
        joining[group.id, default: 0] += 1
        keep(.memberJoined(group.id, request.account.id, after: messageIDs.last), .joined(group.id), for: request)
    }

    mutating func finishJoining(_ request: Request, _ id: GroupID, succeeded: Bool) {
        defer { endJoining(id) }
        guard succeeded, let group = directory.groups[id] else { return fail(request, .storeFailed) }
        guard !group.members.contains(request.account.id) else { return fail(request, .alreadyMember(group.name.text)) }
        directory.addMember(request.account.id, to: id)
        tell(
            group: id, except: sessionsOfAccount[request.account.id] ?? [],
            .memberJoined(user: request.account.name.text, group: group.name.text))
        enter(request, id, created: false, .joined(group.name.text))
        if away[request.account.id] != nil { tellPresence(of: request.account, in: id) }
    }

    /// One less is joining the group; what has been waited for may have been its only member to be.
    mutating func endJoining(_ id: GroupID) {
        joining[id, default: 1] -= 1
        if joining[id] == 0 { joining[id] = nil }
        removeIfEmpty(id)
    }

    /// Every session of the account is in the group now; the one that asked is told so in its answer.
    private mutating func enter(_ request: Request, _ group: GroupID, created: Bool, _ reply: Reply) {
        audiences[group] = nil
        guard let roster = roster(of: group, readBy: request.account.id) else { return fail(request, .storeFailed) }
        succeed(request, [.entered(roster, created: created), .reply(reply)])
        let others = (sessionsOfAccount[request.account.id] ?? []).filter { $0 != request.session && sessions[$0]?.isClosing == false }
        for id in others { actions.append(.deliver([id], .entered(roster, created: created))) }
    }

    mutating func leaveGroup(_ request: Request, name: String) {
        guard let group = directory.group(named: name) else { return fail(request, .noSuchGroup(name)) }
        guard group.members.contains(request.account.id) else { return fail(request, .notMember(group.name.text)) }
        keep(.memberLeft(group.id, request.account.id), .left(group.id), for: request)
    }

    mutating func finishLeaving(_ request: Request, _ id: GroupID, succeeded: Bool) {
        guard succeeded else { return fail(request, .storeFailed) }
        // Another session of the account may have left it meanwhile, and the group may have gone with that: as if the one had come after the other.
        guard let group = directory.groups[id] else {
            guard case .leaveGroup(let name) = request.command else { return fail(request, .storeFailed) }
            return fail(request, .noSuchGroup(name))
        }
        guard group.members.contains(request.account.id) else { return fail(request, .notMember(group.name.text)) }
        announceLeaving(of: request.account, group, except: [request.session])
        directory.removeMember(request.account.id, from: id)
        audiences[id] = nil
        succeed(request, [.reply(.left(group.name.text))])
        removeIfEmpty(id)
    }

    /// A group goes with its last member, unless somebody is just joining it. Nobody can read what was said in it any more, and a later one of its name is
    /// another group.
    mutating func removeIfEmpty(_ id: GroupID) {
        guard let group = directory.groups[id], group.members.isEmpty, joining[id] == nil else { return }
        directory.remove(id)
        audiences[id] = nil
        for account in readMarkers.keys { readMarkers[account]?[.group(id)] = nil }
        store(.groupRemoved(id), then: .nothing)
    }

    mutating func invite(_ request: Request, user: String, group name: String) {
        guard let group = directory.group(named: name) else { return fail(request, .noSuchGroup(name)) }
        guard group.members.contains(request.account.id) else { return fail(request, .notMember(group.name.text)) }
        switch resolve(user, for: request) {
        case .asked: return
        case .absent: fail(request, .noSuchUser(user))
        case .found(let account):
            guard !group.members.contains(account.id) else {
                return fail(request, .alreadyMemberOther(user: account.name.text, group: group.name.text))
            }
            keep(.invited(group.id, account.id), .invited(account.id, group.id), for: request)
        }
    }

    mutating func finishInvitation(_ request: Request, _ account: AccountID, _ id: GroupID, succeeded: Bool) {
        guard succeeded, case .invite(let asked, let name) = request.command else { return fail(request, .storeFailed) }
        // All of it may have changed while it was being kept: as if it had come after that.
        guard let group = directory.groups[id] else { return fail(request, .noSuchGroup(name)) }
        guard let user = directory.accounts[account] else { return fail(request, .noSuchUser(asked)) }
        guard !group.members.contains(account) else {
            return fail(request, .alreadyMemberOther(user: user.name.text, group: group.name.text))
        }
        directory.invite(account, to: id)
        // Who is away is told of to the inviter as well (RFC 2812 §3.2.7).
        succeed(request, [.reply(.invited(user: user.name.text, group: group.name.text))] + awayReply(of: account, user.name))
        announceInvitation(of: account, to: group.name.text, by: request.account)
    }

    mutating func listGroups(_ request: Request) {
        let mine = request.account.id
        let seen = directory.groups.values.filter { $0.isOpen || $0.members.contains(mine) || $0.invited.contains(mine) }
            .sorted { $0.name.folded < $1.name.folded }
        let lines = seen.map { group in
            Outgoing.reply(
                .group(group.name.text, members: group.members.count, open: group.isOpen, joined: group.members.contains(mine)))
        }
        succeed(request, lines.isEmpty ? [.reply(.noGroups)] : lines)
    }

    mutating func listMembers(_ request: Request, group name: String) {
        guard let group = directory.group(named: name) else { return fail(request, .noSuchGroup(name)) }
        guard group.isOpen || group.members.contains(request.account.id) else { return fail(request, .notMember(group.name.text)) }
        guard let roster = roster(of: group.id) else { return fail(request, .noSuchGroup(name)) }
        succeed(request, [.members(roster)])
    }

    /// - Parameter reader: whose read marker goes with it.
    func roster(of id: GroupID, readBy reader: AccountID? = nil) -> Outgoing.Roster? {
        guard let group = directory.groups[id] else { return nil }
        let members = group.members.compactMap { directory.accounts[$0] }.sorted { $0.name.folded < $1.name.folded }
        return Outgoing.Roster(
            group: group.name.text, isOpen: group.isOpen, created: group.created,
            members: members.map {
                Outgoing.Roster.Member(
                    name: $0.name.text, isFounder: $0.id == group.founder, isActive: sessionsOfAccount[$0.id] != nil,
                    isAway: awayText(of: $0.id) != nil)
            }, readUpTo: reader.flatMap { readMarkers[$0]?[.group(id)] })
    }

    private func hasRoomForGroup(_ account: Account) -> Bool { directory.groups(of: account.id).count < Limits.groupsPerAccount }

    private mutating func announceInvitation(of account: AccountID, to group: String, by inviter: Account) {
        guard let name = directory.accounts[account]?.name.text else { return }
        let sessions = sessionsOfAccount[account] ?? []
        if !sessions.isEmpty { actions.append(.deliver(sessions, .invitation(by: inviter.name.text, to: name, group: group))) }
    }

    /// Those who are still in the group, and with them the other sessions of who has left, are told so.
    mutating func announceLeaving(of account: Account, _ group: Group, except silent: [SessionID]) {
        tell(group: group.id, except: silent, .memberLeft(user: account.name.text, group: group.name.text))
    }

    private mutating func tell(group: GroupID, except silent: [SessionID], _ outgoing: Outgoing) {
        let told = audience(of: group).sessions.filter { !silent.contains($0) && sessions[$0]?.isClosing == false }
        if !told.isEmpty { actions.append(.deliver(told, outgoing)) }
    }
}
