import ChatProtocol

/// The accounts, groups and read markers at one position of the order. They result from all entries up to it.
public struct Directory: Sendable {
    /// The position of the last applied entry.
    public private(set) var position: MessageID
    public private(set) var accounts: [AccountID: Account] = [:]
    private var accountByName: [String: AccountID] = [:]
    public private(set) var groups: [GroupID: Group] = [:]
    private var groupByName: [String: GroupID] = [:]
    public private(set) var groupsOfAccount: [AccountID: Set<GroupID>] = [:]
    private var foundedBy: [AccountID: Int] = [:]
    /// The groups that each account is invited into and has not joined.
    private var invitations: [AccountID: Set<GroupID>] = [:]
    public private(set) var readMarkers: [AccountID: [ReadTarget: Timestamp]]
    /// The inverses of the changes since ``beginJournal()``, the first one first; nil outside a transaction.
    private var journal: [Undo]?

    private enum Undo {
        case account(AccountID, Account?)
        case insertedGroup(GroupID)
        case removedGroup(Group)
        case addedMember(GroupID, AccountID)
        case removedMember(GroupID, AccountID)
        case invitation(AccountID, GroupID, inviter: AccountID?)
        case readMarkers(AccountID, [ReadTarget: Timestamp]?)
    }

    public init(_ state: StoreState = StoreState()) {
        position = state.position
        readMarkers = state.readMarkers
        for account in state.accounts { set(account.id, account) }
        for group in state.groups { insert(group) }
    }

    public func account(named name: String) -> Account? { accountByName[Name.fold(name)].flatMap { accounts[$0] } }
    public func group(named name: String) -> Group? { groupByName[Name.fold(name)].flatMap { groups[$0] } }
    public func groups(of account: AccountID) -> Set<GroupID> { groupsOfAccount[account] ?? [] }
    public func invitations(of account: AccountID) -> Set<GroupID> { invitations[account] ?? [] }
    /// The number of existing groups that the account has founded.
    public func foundedGroups(of account: AccountID) -> Int { foundedBy[account] ?? 0 }

    /// Applies an entry. An entry about something that does not exist changes only the position.
    public mutating func apply(_ entry: Entry) {
        position = max(position, entry.position)
        switch entry.content {
        case .message, .recorded: break
        case .groupCreated(let group): insert(group)
        case .memberJoined(let group, let account):
            guard accounts[account] != nil else { return }
            setInvitation(account, group, nil)
            addMember(account, to: group)
        case .memberLeft(let group, let account): removeMember(account, from: group)
        case .invited(let account, let group, let inviter):
            guard accounts[account] != nil, groups[group]?.members.contains(account) == false else { return }
            setInvitation(account, group, inviter)
        case .readMarked(let account, let target, let time): setReadMarker(account, target, time)
        case .accountSet(let account): set(account.id, account)
        case .accountRemoved(let account):
            for group in groups(of: account).sorted() { removeMember(account, from: group) }
            for group in invitations(of: account) { setInvitation(account, group, nil) }
            setReadMarkers(account, nil)
            set(account, nil)
        }
    }

    // Each of these changes keeps the indices consistent and appends its inverse to the journal.

    private mutating func set(_ id: AccountID, _ account: Account?) {
        let old = accounts[id]
        journal?.append(.account(id, old))
        accounts[id] = account
        if let old, account?.name.folded != old.name.folded, accountByName[old.name.folded] == id { accountByName[old.name.folded] = nil }
        if let account { accountByName[account.name.folded] = id }
    }

    private mutating func insert(_ group: Group) {
        guard groups[group.id] == nil else { return }
        journal?.append(.insertedGroup(group.id))
        groups[group.id] = group
        foundedBy[group.founder, default: 0] += 1
        groupByName[group.name.folded] = group.id
        for member in group.members { groupsOfAccount[member, default: []].insert(group.id) }
        for account in group.invited.keys { invitations[account, default: []].insert(group.id) }
    }

    private mutating func remove(_ id: GroupID) {
        guard let group = groups.removeValue(forKey: id) else { return }
        journal?.append(.removedGroup(group))
        foundedBy[group.founder, default: 1] -= 1
        if foundedBy[group.founder] == 0 { foundedBy[group.founder] = nil }
        if groupByName[group.name.folded] == id { groupByName[group.name.folded] = nil }
        for member in group.members { Directory.remove(id, from: &groupsOfAccount, of: member) }
        for account in group.invited.keys { Directory.remove(id, from: &invitations, of: account) }
    }

    private mutating func addMember(_ account: AccountID, to id: GroupID) {
        guard groups[id]?.members.insert(account).inserted == true else { return }
        journal?.append(.addedMember(id, account))
        groupsOfAccount[account, default: []].insert(id)
    }

    /// Removes a member. A group ends with its last member: nobody can read it then, and a later group of its name is another one.
    private mutating func removeMember(_ account: AccountID, from id: GroupID) {
        guard groups[id]?.members.remove(account) != nil else { return }
        journal?.append(.removedMember(id, account))
        Directory.remove(id, from: &groupsOfAccount, of: account)
        guard groups[id]?.members.isEmpty == true else { return }
        remove(id)
        for reader in readMarkers.keys where readMarkers[reader]?[.group(id)] != nil {
            var markers = readMarkers[reader]
            markers?[.group(id)] = nil
            setReadMarkers(reader, markers)
        }
    }

    private mutating func setInvitation(_ account: AccountID, _ id: GroupID, _ inviter: AccountID?) {
        guard let group = groups[id], group.invited[account] != inviter else { return }
        journal?.append(.invitation(account, id, inviter: group.invited[account]))
        groups[id]?.invited[account] = inviter
        if inviter == nil {
            Directory.remove(id, from: &invitations, of: account)
        } else {
            invitations[account, default: []].insert(id)
        }
    }

    private mutating func setReadMarker(_ account: AccountID, _ target: ReadTarget, _ time: Timestamp) {
        guard accounts[account] != nil else { return }
        var markers = readMarkers[account] ?? [:]
        markers[target] = time
        setReadMarkers(account, markers)
    }

    private mutating func setReadMarkers(_ account: AccountID, _ markers: [ReadTarget: Timestamp]?) {
        journal?.append(.readMarkers(account, readMarkers[account]))
        readMarkers[account] = markers?.isEmpty == true ? nil : markers
    }

    private static func remove(_ group: GroupID, from index: inout [AccountID: Set<GroupID>], of account: AccountID) {
        index[account]?.remove(group)
        if index[account]?.isEmpty == true { index[account] = nil }
    }

    // Transactions.

    mutating func beginJournal() { journal = [] }
    mutating func endJournal() { journal = nil }

    /// Reverts all changes since ``beginJournal()`` except the position.
    mutating func rollBack() {
        let steps = journal ?? []
        journal = nil
        for step in steps.reversed() {
            switch step {
            case .account(let id, let old): set(id, old)
            case .insertedGroup(let id): remove(id)
            case .removedGroup(let group): insert(group)
            case .addedMember(let group, let account):
                groups[group]?.members.remove(account)
                Directory.remove(group, from: &groupsOfAccount, of: account)
            case .removedMember(let group, let account): addMember(account, to: group)
            case .invitation(let account, let group, let inviter): setInvitation(account, group, inviter)
            case .readMarkers(let account, let markers): setReadMarkers(account, markers)
            }
        }
    }

    // Rules.

    /// How far ahead of the clock a read marker may be, milliseconds. One further ahead was set by a wrong clock and counts as none.
    private static let latestMarker: Int64 = 86_400_000

    /// The valid read marker at a time; nil if there is none.
    public func readMarker(of account: AccountID, _ target: ReadTarget, at now: Timestamp) -> Timestamp? {
        readMarkers[account]?[target].flatMap { $0 > now.adding(milliseconds: Directory.latestMarker) ? nil : $0 }
    }

    /// Why a change cannot happen now; nil if it can.
    public func conflict(with change: Change, at now: Timestamp) -> Conflict? {
        do throws(Conflict) {
            switch change {
            case .message(let draft):
                try check(draft.sender)
                switch draft.target {
                case .user(let account, _): try check(account)
                case .group(let group, _): try check(draft.sender, isIn: group)
                }
            case .createGroup(let name, let founder, _, let invited):
                try check(founder)
                for account in invited { try check(account) }
                if groupByName[name.folded] != nil { throw .nameTaken(name) }
                if invited.count > Limits.membersPerGroup { throw .tooManyMembers }
                try checkRoom(of: founder)
                if foundedGroups(of: founder) >= Limits.groupsPerAccount { throw .tooManyGroupsMade }
            case .joinGroup(let id, let account):
                try check(account)
                guard let group = groups[id] else { throw .noSuchGroup(id) }
                if group.members.contains(account) { throw .alreadyMember }
                if !group.isOpen, group.invited[account] == nil { throw .notInvited }
                try checkRoom(of: account)
            case .leaveGroup(let id, let account): try check(account, isIn: id)
            case .invite(let account, let id, let inviter):
                try check(inviter, isIn: id)
                try check(account)
                if groups[id]?.members.contains(account) == true { throw .alreadyMember }
            case .markRead(let account, let target, let time):
                try check(account)
                if case .group(let group) = target { try check(account, isIn: group) }
                if let marker = readMarker(of: account, target, at: now), time <= marker { throw .notForward }
            case .setPassword(let account, _): try check(account)
            case .record: break
            }
            return nil
        } catch {
            return error
        }
    }

    private func check(_ account: AccountID) throws(Conflict) {
        if accounts[account] == nil { throw .noSuchAccount(account) }
    }

    private func check(_ account: AccountID, isIn id: GroupID) throws(Conflict) {
        // A lookup by account is cheaper, because it does not copy the group.
        if groupsOfAccount[account]?.contains(id) == true { return }
        throw groups[id] == nil ? .noSuchGroup(id) : .notMember
    }

    private func checkRoom(of account: AccountID) throws(Conflict) {
        if groups(of: account).count >= Limits.groupsPerAccount { throw .tooManyGroups }
    }
}

extension Directory: Equatable {
    /// Journals are not compared.
    public static func == (left: Directory, right: Directory) -> Bool {
        left.position == right.position && left.accounts == right.accounts && left.groups == right.groups
            && left.readMarkers == right.readMarkers && left.groupsOfAccount == right.groupsOfAccount
            && left.invitations == right.invitations && left.foundedBy == right.foundedBy && left.accountByName == right.accountByName
            && left.groupByName == right.groupByName
    }
}
