import ChatProtocol
import ChatStore
import GRDB

/// The table of entries that processes other than the server append: changes of accounts, which the running server follows.
enum EntryTable {
    /// Appends an entry at the next position, in the caller's transaction, which also makes the change itself.
    static func append(_ content: Entry.Content, at now: Timestamp, _ db: Database) throws {
        let position = MessageIDSource(after: try lastPosition(db)).following(at: now)
        let row: (account: AccountID, name: String, isBlocked: Bool, generation: Int, isRemoved: Bool)? =
            switch content {
            case .accountSet(let account): (account.id, account.name.text, account.isBlocked, account.passwordGeneration, false)
            case .accountRemoved(let account): (account, "", false, 0, true)
            default: nil
            }
        guard let row else { throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "such an entry is not for other processes") }
        try db.cachedStatement(sql: "INSERT INTO entries VALUES(?, ?, ?, ?, ?, ?, ?)").execute(
            arguments: [
                position.rawValue, now.milliseconds, row.account.rawValue, row.name, row.isBlocked, row.generation, row.isRemoved,
            ])
        try record(position: position, db)
    }

    /// Appends an entry with the current state of an account, after a change of its row.
    static func appendAccount(_ id: Int64, at now: Timestamp, _ db: Database) throws {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT id, name, blocked, passwords FROM accounts WHERE id = ? AND folded IS NOT NULL"),
            arguments: [id])
        if let account = row.flatMap(Store.account) { try append(.accountSet(account), at: now, db) }
    }

    /// The entries after a position, in order.
    static func entries(after position: MessageID, _ db: Database) throws -> [Entry] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT position, time, account, name, blocked, passwords, removed FROM entries WHERE position > ? ORDER BY position"),
            arguments: [position.rawValue]
        ).compactMap { row in
            let account = AccountID(rawValue: row[2])
            var content = Entry.Content.accountRemoved(account)
            if !(row[6] as Bool) {
                guard let name = try? Name(row[3] as String) else { return nil }
                content = .accountSet(Account(id: account, name: name, isBlocked: row[4], passwordGeneration: row[5]))
            }
            return Entry(position: MessageID(rawValue: row[0]), time: Timestamp(milliseconds: row[1]), content)
        }
    }

    static func deleteUp(to position: MessageID, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM entries WHERE position <= ?").execute(arguments: [position.rawValue])
    }

    /// The last position of any entry.
    static func lastPosition(_ db: Database) throws -> MessageID {
        let last = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT max(value) FROM counters WHERE name IN ('position', 'last_message')"))
        return MessageID(rawValue: last ?? 0)
    }

    static func record(position: MessageID, _ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE counters SET value = max(value, ?) WHERE name = 'position'")
            .execute(arguments: [position.rawValue])
    }
}
