import ChatProtocol
import ChatStore
import GRDB
import SystemSupport

extension Store {
    /// The stored state from which a hub starts.
    public func loadState() throws(UserFacingError) -> StoreState {
        do {
            return try pool.read(Store.state)
        } catch {
            throw Store.failure(folder, error)
        }
    }

    private static func state(_ db: Database) throws -> StoreState {
        var state = StoreState()
        state.accounts = try accounts(db)
        state.groups = try groups(db)
        state.lockOuts = try Row.fetchAll(db, sql: "SELECT name, failures, blocked_until, last FROM lockouts").map { row in
            StoreState.LockOut(
                name: row[0], failures: row[1], blockedUntil: (row[2] as Int64?).map(Timestamp.init(milliseconds:)),
                last: Timestamp(milliseconds: row[3]))
        }
        for row in try Row.fetchAll(db, sql: "SELECT account, message FROM cursors") {
            state.cursors[AccountID(rawValue: row[0])] = DeliveryCursor(reached: MessageID(rawValue: row[1]))
        }
        for row in try Row.fetchAll(db, sql: "SELECT account, behind, up_to, client FROM debts ORDER BY account, behind") {
            let range = MessageRange(after: MessageID(rawValue: row[1]), upTo: MessageID(rawValue: row[2]))
            state.cursors[AccountID(rawValue: row[0]), default: DeliveryCursor(reached: .zero)].undelivered.append(
                .init(range, client: row[3]))
        }
        for row in try Row.fetchAll(db, sql: "SELECT account, target, time FROM read_markers") {
            state.readMarkers[AccountID(rawValue: row[0]), default: [:]][ReadTarget(row: row[1])] = Timestamp(milliseconds: row[2])
        }
        state.sent = try Row.fetchAll(
            db, sql: "SELECT account, nonce, message, time FROM (SELECT * FROM sent ORDER BY message DESC LIMIT 100000) ORDER BY message"
        ).map { row in
            StoreState.Sent(
                account: AccountID(rawValue: row[0]), nonce: row[1], message: MessageID(rawValue: row[2]),
                time: Timestamp(milliseconds: row[3]))
        }
        state.position = try EntryTable.lastPosition(db)
        state.lastGroup = try GroupRemoval.last(db)
        return state
    }

    /// The accounts that are not removed.
    static func accounts(_ db: Database) throws -> [Account] {
        try Row.fetchAll(db, sql: "SELECT id, name, blocked, passwords FROM accounts WHERE folded IS NOT NULL ORDER BY id").compactMap(
            account)
    }

    /// The account of a row of id, name, blocked, passwords; nil for an invalid name, which no version has written.
    static func account(_ row: Row) -> Account? {
        guard let name = try? Name(row[1] as String) else { return nil }
        return Account(id: AccountID(rawValue: row[0]), name: name, isBlocked: row[2], passwordGeneration: row[3])
    }

    private static func groups(_ db: Database) throws -> [Group] {
        var members: [Int64: Set<AccountID>] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT group_id, account FROM members") {
            members[row[0], default: []].insert(AccountID(rawValue: row[1]))
        }
        var invited: [Int64: [AccountID: AccountID]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT group_id, account, inviter FROM invitations") {
            invited[row[0], default: [:]][AccountID(rawValue: row[1])] = AccountID(rawValue: row[2])
        }
        return try Row.fetchAll(db, sql: "SELECT id, name, founder, open, created FROM groups ORDER BY id").compactMap { row in
            guard let name = try? Name(row[1] as String) else { return nil }
            let id: Int64 = row[0]
            // A group without members is removed (see GroupRemoval).
            guard let members = members[id] else { return nil }
            return Group(
                id: GroupID(rawValue: id), name: name, founder: AccountID(rawValue: row[2]), isOpen: row[3],
                created: Timestamp(milliseconds: row[4]), members: members, invited: invited[id] ?? [:])
        }
    }
}
