import ChatProtocol
import ChatStore
import GRDB

/// Writes each ``Entry`` as SQL within the caller's transaction. Belongs to the writing connection.
struct StoreApplier {
    /// A cache of pairs' ids. It is emptied when full.
    private var pairs: [Pair: Int64] = [:]
    private static let rememberedPairs = 65_536
    /// Accounts that may have undelivered ranges in the store; nil if not read yet.
    private var withUndelivered: Set<Int64>?
    private var noncesSinceCleaning = 0
    private var messageStatement: MessageStatement?
    /// How long nonces are stored, as in ``DedupWindow``.
    static let nonceMilliseconds: Int64 = 86_400_000

    private struct Pair: Hashable {
        let low: Int64
        let high: Int64
    }

    /// Drops the caches after a transaction that was rolled back.
    mutating func forget() {
        pairs.removeAll(keepingCapacity: true)
        withUndelivered = nil
    }

    /// Writes an entry.
    /// - Parameter change: the change that became the entry.
    mutating func apply(_ entry: Entry, from change: Change, _ db: Database) throws {
        switch entry.content {
        case .message(let message): _ = try insert(message, db)
        case .groupCreated(let group): try insert(group, at: entry.position, db)
        case .memberJoined(let group, let account):
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO members VALUES(?, ?, ?)")
                .execute(arguments: [group.rawValue, account.rawValue, entry.position.rawValue])
            try db.cachedStatement(sql: "DELETE FROM invitations WHERE group_id = ? AND account = ?")
                .execute(arguments: [group.rawValue, account.rawValue])
        case .memberLeft(let group, let account):
            try db.cachedStatement(sql: "DELETE FROM members WHERE group_id = ? AND account = ?")
                .execute(arguments: [group.rawValue, account.rawValue])
            let rest = try db.cachedStatement(sql: "SELECT 1 FROM members WHERE group_id = ? LIMIT 1")
            if try Int64.fetchOne(rest, arguments: [group.rawValue]) == nil { try GroupRemoval.remove(group, db) }
        case .invited(let account, let group, let inviter):
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO invitations(group_id, account, inviter) VALUES(?, ?, ?)")
                .execute(arguments: [group.rawValue, account.rawValue, inviter.rawValue])
        case .readMarked(let account, let target, let time):
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO read_markers VALUES(?, ?, ?)")
                .execute(arguments: [account.rawValue, target.row, time.milliseconds])
        case .accountSet(let account):
            // Of an account, a server changes only the password.
            if case .setPassword(_, let hash) = change { _ = try Store.setPassword(of: account.id, to: hash, db) }
        case .accountRemoved: break
        case .recorded(let record): try store(record, db)
        }
    }

    private mutating func store(_ record: HubRecord, _ db: Database) throws {
        switch record {
        case .lockOut(let row):
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO lockouts(name, failures, blocked_until, last) VALUES(?, ?, ?, ?)")
                .execute(arguments: [row.name, row.failures, row.blockedUntil?.milliseconds, row.last.milliseconds])
        case .lockOutsEnded(let names):
            let statement = try db.cachedStatement(sql: "DELETE FROM lockouts WHERE name = ?")
            for name in names { try statement.execute(arguments: [name]) }
        case .cursors(let cursors): try store(cursors, db)
        case .token(let grant): try Store.record(grant, db)
        case .loggedIn(let account, let time):
            try db.cachedStatement(sql: "UPDATE accounts SET last_login = ? WHERE id = ?")
                .execute(arguments: [time.milliseconds, account.rawValue])
        }
    }

    /// Writes the cursors that have changed. A running server does so every second.
    private mutating func store(_ cursors: [AccountID: DeliveryCursor], _ db: Database) throws {
        // Skips accounts that another process has removed meanwhile.
        let reached = try db.cachedStatement(
            sql: """
                INSERT INTO cursors SELECT id, ?2 FROM accounts WHERE id = ?1 AND folded IS NOT NULL
                ON CONFLICT(account) DO UPDATE SET message = excluded.message
                """)
        // Nearly all accounts have no undelivered ranges, neither before nor now.
        var withUndelivered = try withUndelivered ?? Set(Int64.fetchAll(db.cachedStatement(sql: "SELECT DISTINCT account FROM debts")))
        defer { self.withUndelivered = withUndelivered }
        for (account, cursor) in cursors {
            try reached.execute(arguments: [account.rawValue, cursor.reached.rawValue])
            if withUndelivered.remove(account.rawValue) != nil {
                try db.cachedStatement(sql: "DELETE FROM debts WHERE account = ?").execute(arguments: [account.rawValue])
            }
            if !cursor.undelivered.isEmpty { withUndelivered.insert(account.rawValue) }
            for lost in cursor.undelivered {
                try db.cachedStatement(
                    sql: "INSERT INTO debts SELECT id, ?2, ?3, ?4 FROM accounts WHERE id = ?1 AND folded IS NOT NULL"
                ).execute(arguments: [account.rawValue, lost.range.after.rawValue, lost.range.upTo.rawValue, lost.client])
            }
        }
    }

    /// Writes a message.
    /// - Returns: the conversation of the message.
    mutating func insert(_ message: ChatMessage, _ db: Database) throws -> Int64 {
        let conversation: Int64
        switch message.target {
        case .group(let group, _): conversation = -group.rawValue
        case .user(let account, _): conversation = try pair(message.sender, account, db)
        }
        let statement = try messageStatement ?? MessageStatement(db)
        messageStatement = statement
        try statement.store(message, conversation: conversation, db)
        if let nonce = message.nonce { try store(nonce, of: message, db) }
        return conversation
    }

    /// Stores the nonce of a message, and now and then deletes nonces older than a day.
    private mutating func store(_ nonce: String, of message: ChatMessage, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT INTO sent VALUES(?, ?, ?, ?)").execute(
            arguments: [message.id.rawValue, message.sender.rawValue, nonce, message.time.milliseconds])
        noncesSinceCleaning += 1
        guard noncesSinceCleaning >= 4096 else { return }
        noncesSinceCleaning = 0
        // An id's upper 42 bits are its time in milliseconds.
        try db.cachedStatement(sql: "DELETE FROM sent WHERE message < ?").execute(
            arguments: [(message.time.milliseconds - StoreApplier.nonceMilliseconds) << 21])
    }

    private func insert(_ group: Group, at position: MessageID, _ db: Database) throws {
        try GroupRemoval.freeName(group.name, db)
        try db.cachedStatement(sql: "INSERT INTO groups VALUES(?, ?, ?, ?, ?, ?)").execute(
            arguments: [
                group.id.rawValue, group.name.text, group.name.folded, group.founder.rawValue, group.isOpen, group.created.milliseconds,
            ])
        let member = try db.cachedStatement(sql: "INSERT INTO members VALUES(?, ?, ?)")
        for account in group.members { try member.execute(arguments: [group.id.rawValue, account.rawValue, position.rawValue]) }
        let invitation = try db.cachedStatement(sql: "INSERT INTO invitations(group_id, account, inviter) VALUES(?, ?, ?)")
        for (account, inviter) in group.invited {
            try invitation.execute(arguments: [group.id.rawValue, account.rawValue, inviter.rawValue])
        }
    }

    private mutating func pair(_ one: AccountID, _ other: AccountID, _ db: Database) throws -> Int64 {
        let pair = Pair(low: min(one, other).rawValue, high: max(one, other).rawValue)
        if let id = pairs[pair] { return id }
        let id: Int64
        if let found = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM pairs WHERE low = ? AND high = ?"), arguments: [pair.low, pair.high])
        {
            id = found
        } else {
            try db.cachedStatement(sql: "INSERT INTO pairs(low, high) VALUES(?, ?)").execute(arguments: [pair.low, pair.high])
            id = db.lastInsertedRowID
        }
        if pairs.count >= StoreApplier.rememberedPairs { pairs.removeAll(keepingCapacity: true) }
        pairs[pair] = id
        return id
    }
}
