import ChatProtocol
import ChatStore

// Group chats: made, joined, left; open to all or to the invited.

extension Hub {
    mutating func createGroup(_ request: Request, name: String, members: [String]) {
        let valid: Name
        do throws(Name.Defect) { valid = try Name(name) } catch { return fail(request, .badGroupName(name, error)) }
        guard directory.group(named: name) == nil else {
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
        propose(
            .createGroup(valid, founder: request.account.id, isOpen: members.isEmpty, invited: invited), shown: valid.text, for: request)
    }

    mutating func joinGroup(_ request: Request, name: String, createsMissing: Bool) {
        guard let group = directory.group(named: name) else {
            guard createsMissing else { return fail(request, .noSuchGroup(name)) }
            // The request becomes what it does, so that the server's log says what was done.
            return createGroup(request.with(command: .createGroup(name: name, members: [])), name: name, members: [])
        }
        guard !group.members.contains(request.account.id) else { return fail(request, .alreadyMember(group.name.text)) }
        guard group.isOpen || group.invited[request.account.id] != nil else { return fail(request, .notInvited(group.name.text)) }
        guard hasRoomForGroup(request.account) else { return fail(request, .tooManyGroups(limit: Limits.groupsPerAccount)) }
        propose(.joinGroup(group.id, request.account.id), shown: group.name.text, for: request)
    }

    mutating func leaveGroup(_ request: Request, name: String) {
        guard let group = directory.group(named: name) else { return fail(request, .noSuchGroup(name)) }
        guard group.members.contains(request.account.id) else { return fail(request, .notMember(group.name.text)) }
        propose(.leaveGroup(group.id, request.account.id), shown: group.name.text, for: request)
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
            propose(.invite(account.id, to: group.id, by: request.account.id), shown: group.name.text, for: request)
        }
    }

    /// Nobody may change the topic or the modes of a group.
    mutating func refuseChange(_ change: Reply.GroupChange, of name: String, _ request: Request) {
        guard let group = directory.group(named: name) else { return fail(request, .noSuchGroup(name)) }
        guard group.members.contains(request.account.id) else { return fail(request, .notMember(group.name.text)) }
        fail(request, .notPermitted(change, group: group.name.text))
    }

    mutating func listGroups(_ request: Request) {
        let mine = request.account.id
        let seen = directory.groups.values.filter { $0.isOpen || $0.members.contains(mine) || $0.invited[mine] != nil }
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

    /// - Parameter reader: the account whose read marker the roster carries.
    func roster(of id: GroupID, readBy reader: AccountID? = nil) -> Outgoing.Roster? {
        guard let group = directory.groups[id] else { return nil }
        let members = group.members.compactMap { directory.accounts[$0] }.sorted { $0.name.folded < $1.name.folded }
        return Outgoing.Roster(
            group: group.name.text, isOpen: group.isOpen, created: group.created,
            members: members.map {
                Outgoing.Roster.Member(
                    name: $0.name.text, isFounder: $0.id == group.founder, isActive: sessionsOfAccount[$0.id] != nil,
                    isAway: awayText(of: $0.id) != nil)
            }, readUpTo: reader.flatMap { directory.readMarkers[$0]?[.group(id)] })
    }

    private func hasRoomForGroup(_ account: Account) -> Bool { directory.groups(of: account.id).count < Limits.groupsPerAccount }

    mutating func announceInvitation(of account: AccountID, to group: GroupID, by inviter: AccountID) {
        let recipients = sessionsOfAccount[account] ?? []
        if !recipients.isEmpty, let invitation = invitation(of: account, to: group, by: inviter) {
            actions.append(.deliver(recipients, invitation))
        }
    }

    /// Sends a session that has begun its account's open invitations.
    mutating func sendInvitations(to id: SessionID, of account: Account) {
        for group in directory.invitations(of: account.id).sorted() {
            guard let inviter = directory.groups[group]?.invited[account.id] else { continue }
            if let invitation = invitation(of: account.id, to: group, by: inviter) { actions.append(.deliver([id], invitation)) }
        }
    }

    /// - Parameter inviter: if that account is gone, the invitation names the founder instead; if both are gone, there is none.
    private func invitation(of account: AccountID, to group: GroupID, by inviter: AccountID) -> Outgoing? {
        guard let group = directory.groups[group], let name = directory.accounts[account]?.name.text,
            let inviter = directory.accounts[inviter] ?? directory.accounts[group.founder]
        else { return nil }
        return .invitation(by: inviter.name.text, to: name, group: group.name.text)
    }

    mutating func deliver(toGroup group: GroupID, except silent: [SessionID], _ outgoing: Outgoing) {
        let recipients = audience(of: group).sessions.filter { !silent.contains($0) && sessions[$0]?.isClosing == false }
        if !recipients.isEmpty { actions.append(.deliver(recipients, outgoing)) }
    }

    /// Announces to the account's sessions that they are in the group. The asking session learns it from its response.
    mutating func announceEntry(of account: AccountID, into group: GroupID, created: Bool, except asking: SessionID?) {
        guard let roster = roster(of: group, readBy: account) else { return }
        for id in sessionsOfAccount[account] ?? [] where id != asking && sessions[id]?.isClosing == false {
            actions.append(.deliver([id], .entered(roster, created: created)))
        }
    }
}
