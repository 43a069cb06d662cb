import ChatProtocol

/// Who and what there is: accounts, groups, and which sessions are active for them.
struct Directory {
    private(set) var accounts: [AccountID: Account] = [:]
    private var accountByName: [String: AccountID] = [:]
    private(set) var groups: [GroupID: Group] = [:]
    private var groupByName: [String: GroupID] = [:]
    private(set) var groupsOfAccount: [AccountID: Set<GroupID>] = [:]
    private var foundedBy: [AccountID: Int] = [:]
    /// Accounts that have been removed; what the store said of one before that is no news. Numbers are never used again.
    private var gone: Set<AccountID> = []

    init(_ state: HubState) {
        replaceAccounts(state.accounts)
        for group in state.groups { insert(group) }
    }

    func account(named name: String) -> Account? { accountByName[Name.fold(name)].flatMap { accounts[$0] } }
    func group(named name: String) -> Group? { groupByName[Name.fold(name)].flatMap { groups[$0] } }
    func groups(of account: AccountID) -> Set<GroupID> { groupsOfAccount[account] ?? [] }
    /// How many groups that are still there the account has made.
    func foundedGroups(of account: AccountID) -> Int { foundedBy[account] ?? 0 }

    mutating func insert(_ account: Account) {
        accounts[account.id] = account
        accountByName[account.name.folded] = account.id
    }

    /// The store has found an account that was not known: unless it is by now, or has been removed meanwhile.
    mutating func learn(_ account: Account) {
        if accounts[account.id] == nil, !gone.contains(account.id) { insert(account) }
    }

    /// - Returns: those that are not there any more, in their order, and the groups that each was in.
    @discardableResult
    mutating func replaceAccounts(_ all: [Account]) -> [(account: Account, groups: [GroupID])] {
        let kept = Set(all.map(\.id))
        let removed = accounts.values.filter { !kept.contains($0.id) }.sorted { $0.id < $1.id }
        accounts = [:]
        accountByName = [:]
        for account in all { insert(account) }
        return removed.map { account in
            gone.insert(account.id)
            let left = groups(of: account.id).sorted()
            for group in left { removeMember(account.id, from: group) }
            groupsOfAccount[account.id] = nil
            for group in groups.keys where groups[group]?.invited.contains(account.id) == true {
                groups[group]?.invited.remove(account.id)
            }
            return (account, left)
        }
    }

    mutating func insert(_ group: Group) {
        groups[group.id] = group
        foundedBy[group.founder, default: 0] += 1
        groupByName[group.name.folded] = group.id
        for member in group.members { groupsOfAccount[member, default: []].insert(group.id) }
    }

    mutating func remove(_ id: GroupID) {
        guard let group = groups.removeValue(forKey: id) else { return }
        foundedBy[group.founder, default: 1] -= 1
        if foundedBy[group.founder] == 0 { foundedBy[group.founder] = nil }
        groupByName[group.name.folded] = nil
        for member in group.members { groupsOfAccount[member]?.remove(id) }
    }

    mutating func addMember(_ account: AccountID, to group: GroupID) {
        groups[group]?.members.insert(account)
        groups[group]?.invited.remove(account)
        groupsOfAccount[account, default: []].insert(group)
    }

    mutating func removeMember(_ account: AccountID, from group: GroupID) {
        groups[group]?.members.remove(account)
        groupsOfAccount[account]?.remove(group)
    }

    mutating func invite(_ account: AccountID, to group: GroupID) { groups[group]?.invited.insert(account) }
}
