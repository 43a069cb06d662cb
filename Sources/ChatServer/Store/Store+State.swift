import ChatHub
import ChatProtocol
import GRDB

extension Store {
    /// All that the hub starts from.
    public func loadState() throws(ServerError) -> HubState {
        do {
            return try pool.read(Store.state)
        } catch {
            throw Store.failure(folder, error)
        }
    }

    private static func state(_ db: Database) throws -> HubState {
        var state = HubState()
        state.accounts = try accounts(db)
        state.groups = try groups(db)
        state.lockOuts = try Row.fetchAll(db, sql: "SELECT name, failures, blocked_until, last FROM lockouts").map { row in
            HubState.LockOut(
                name: row[0], failures: row[1], blockedUntil: (row[2] as Int64?).map(Timestamp.init(milliseconds:)),
                last: Timestamp(milliseconds: row[3]))
        }
        for row in try Row.fetchAll(db, sql: "SELECT account, message FROM cursors") {
            state.cursors[AccountID(rawValue: row[0])] = DeliveryCursor(reached: MessageID(rawValue: row[1]))
        }
        for row in try Row.fetchAll(db, sql: "SELECT account, behind, up_to, client FROM debts ORDER BY account, behind") {
            let stretch = MessageRange(after: MessageID(rawValue: row[1]), upTo: MessageID(rawValue: row[2]))
            state.cursors[AccountID(rawValue: row[0]), default: DeliveryCursor(reached: .zero)].debts.append(.init(stretch, client: row[3]))
        }
        for row in try Row.fetchAll(db, sql: "SELECT account, target, time FROM read_markers") {
            state.readMarkers[AccountID(rawValue: row[0]), default: [:]][ReadTarget(row: row[1])] = Timestamp(milliseconds: row[2])
        }
        state.sent = try Row.fetchAll(
            db, sql: "SELECT account, nonce, message, time FROM (SELECT * FROM sent ORDER BY message DESC LIMIT 100000) ORDER BY message"
        ).map { row in
            HubState.Sent(
                account: AccountID(rawValue: row[0]), nonce: row[1], message: MessageID(rawValue: row[2]),
                time: Timestamp(milliseconds: row[3]))
        }
        state.lastMessage = MessageID(
            rawValue: try Int64.fetchOne(db, sql: "SELECT value FROM counters WHERE name = 'last_message'") ?? 0)
        state.lastGroup = try GroupRemoval.last(db)
        return state
    }

    /// Those that can be logged in to.
    static func accounts(_ db: Database) throws -> [Account] {
        try Row.fetchAll(db, sql: "SELECT id, name, blocked, passwords FROM accounts WHERE folded IS NOT NULL ORDER BY id").compactMap(
            account)
    }

    /// From a row of id, name, blocked, passwords; nil for a name that breaks the rules, which no version has written.
    static func account(_ row: Row) -> Account? {
        guard let name = try? Name(row[1] as String) else { return nil }
        return Account(id: AccountID(rawValue: row[0]), name: name, isBlocked: row[2], passwords: row[3])
    }

    private static func groups(_ db: Database) throws -> [Group] {
        var members: [Int64: Set<AccountID>] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT group_id, account FROM members") {
            members[row[0], default: []].insert(AccountID(rawValue: row[1]))
        }
        var invited: [Int64: Set<AccountID>] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT group_id, account FROM invitations") {
            invited[row[0], default: []].insert(AccountID(rawValue: row[1]))
        }
        return try Row.fetchAll(db, sql: "SELECT id, name, founder, open, created FROM groups ORDER BY id").compactMap { row in
            guard let name = try? Name(row[1] as String) else { return nil }
            let id: Int64 = row[0]
            // It is gone (see GroupRemoval).
            guard let members = members[id] else { return nil }
            return Group(
                id: GroupID(rawValue: id), name: name, founder: AccountID(rawValue: row[2]), isOpen: row[3],
                created: Timestamp(milliseconds: row[4]), members: members, invited: invited[id] ?? [])
        }
    }
}
