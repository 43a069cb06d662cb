import ChatHub
import ChatProtocol
import GRDB

/// Turns each ``StoreWrite`` into SQL, within a transaction that somebody else opens. Belongs to the writing connection.
struct StoreApplier {
    /// Ids of pairs that were looked up; forgotten as a whole when it is full, so that it stays small.
    private var pairs: [Pair: Int64] = [:]
    private static let rememberedPairs = 65_536
    /// Accounts with debts in the store, or more; nil where that is to be read.
    private var indebted: Set<Int64>?
    private var notedSinceCleaning = 0
    private var messageStatement: MessageStatement?
    /// A hub knows them as long.
    static let nonceMilliseconds: Int64 = 86_400_000

    /// The one of the second argument, unless another process has removed it meanwhile.
    private static let thatAccount = "accounts WHERE id = ?2 AND folded IS NOT NULL"

    private struct Pair: Hashable {
        let low: Int64
        let high: Int64
    }

    /// After a transaction that was taken back: what was changed in it is as before.
    mutating func forget() {
        pairs.removeAll(keepingCapacity: true)
        indebted = nil
    }

    mutating func apply(_ write: StoreWrite, _ db: Database) throws {
        switch write {
        case .message(let message): _ = try insert(message, db)
        case .groupCreated(let group): try insert(group, db)
        case .memberJoined(let group, let account, let after):
            // Two sessions of one account may join at once: what was said between the two is for both.
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO members SELECT ?1, id, ?3 FROM \(StoreApplier.thatAccount)")
                .execute(arguments: [group.rawValue, account.rawValue, after.rawValue])
            try db.cachedStatement(sql: "DELETE FROM invitations WHERE group_id = ? AND account = ?")
                .execute(arguments: [group.rawValue, account.rawValue])
        case .memberLeft(let group, let account):
            try db.cachedStatement(sql: "DELETE FROM members WHERE group_id = ? AND account = ?")
                .execute(arguments: [group.rawValue, account.rawValue])
        case .invited(let group, let account):
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO invitations SELECT ?1, id FROM \(StoreApplier.thatAccount)")
                .execute(arguments: [group.rawValue, account.rawValue])
        case .groupRemoved(let group): try GroupRemoval.remove(group, db)
        case .lockOut(let row):
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO lockouts(name, failures, blocked_until, last) VALUES(?, ?, ?, ?)")
                .execute(arguments: [row.name, row.failures, row.blockedUntil?.milliseconds, row.last.milliseconds])
        case .lockOutsEnded(let names):
            let statement = try db.cachedStatement(sql: "DELETE FROM lockouts WHERE name = ?")
            for name in names { try statement.execute(arguments: [name]) }
        case .cursors(let cursors): try keep(cursors, db)
        case .barrier: break
        case .readMarker(let account, let target, let time, let beyond):
            // Only forward, whichever of an account's sessions was the last to ask.
            try db.cachedStatement(
                sql: """
                    INSERT INTO read_markers VALUES(?, ?, ?) ON CONFLICT(account, target)
                    DO UPDATE SET time = CASE WHEN time > ? THEN excluded.time ELSE max(time, excluded.time) END
                    """
            ).execute(arguments: [account.rawValue, target.row, time.milliseconds, beyond.milliseconds])
        case .token(let grant): try Store.keep(grant, db)
        case .loggedIn(let account, let time):
            try db.cachedStatement(sql: "UPDATE accounts SET last_login = ? WHERE id = ?")
                .execute(arguments: [time.milliseconds, account.rawValue])
        }
    }

    /// Every second those of everybody who has been told something, some at a time.
    private mutating func keep(_ cursors: [AccountID: DeliveryCursor], _ db: Database) throws {
        // Not of one that another process has removed meanwhile.
        let reached = try db.cachedStatement(
            sql: """
                INSERT INTO cursors SELECT id, ?2 FROM accounts WHERE id = ?1 AND folded IS NOT NULL
                ON CONFLICT(account) DO UPDATE SET message = excluded.message
                """)
        // Nearly all owe nothing, now and before.
        var indebted = try indebted ?? Set(Int64.fetchAll(db.cachedStatement(sql: "SELECT DISTINCT account FROM debts")))
        defer { self.indebted = indebted }
        for (account, mark) in cursors {
            try reached.execute(arguments: [account.rawValue, mark.reached.rawValue])
            if indebted.remove(account.rawValue) != nil {
                try db.cachedStatement(sql: "DELETE FROM debts WHERE account = ?").execute(arguments: [account.rawValue])
            }
            if !mark.debts.isEmpty { indebted.insert(account.rawValue) }
            for debt in mark.debts {
                try db.cachedStatement(
                    sql: "INSERT INTO debts SELECT id, ?2, ?3, ?4 FROM accounts WHERE id = ?1 AND folded IS NOT NULL"
                ).execute(arguments: [account.rawValue, debt.stretch.after.rawValue, debt.stretch.upTo.rawValue, debt.client])
            }
        }
    }

    /// - Returns: the conversation it lies in.
    mutating func insert(_ message: ChatMessage, _ db: Database) throws -> Int64 {
        let conversation: Int64
        switch message.target {
        case .group(let group, _): conversation = -group.rawValue
        case .user(let account, _): conversation = try pair(message.sender, account, db)
        }
        let statement = try messageStatement ?? MessageStatement(db)
        messageStatement = statement
        try statement.insert(message, conversation: conversation, db)
        if let nonce = message.nonce { try note(nonce, of: message, db) }
        return conversation
    }

    /// Keeps the sender's name for a message, and now and then drops those of more than a day ago.
    private mutating func note(_ nonce: String, of message: ChatMessage, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT INTO sent VALUES(?, ?, ?, ?)").execute(
            arguments: [message.id.rawValue, message.sender.rawValue, nonce, message.time.milliseconds])
        notedSinceCleaning += 1
        guard notedSinceCleaning >= 4096 else { return }
        notedSinceCleaning = 0
        // Ids grow with time, whose milliseconds are their upper 42 bits.
        try db.cachedStatement(sql: "DELETE FROM sent WHERE message < ?").execute(
            arguments: [(message.time.milliseconds - StoreApplier.nonceMilliseconds) << 21])
    }

    private func insert(_ group: Group, _ db: Database) throws {
        try GroupRemoval.freeName(group.name, db)
        try db.cachedStatement(sql: "INSERT INTO groups VALUES(?, ?, ?, ?, ?, ?)").execute(
            arguments: [
                group.id.rawValue, group.name.text, group.name.folded, group.founder.rawValue, group.isOpen, group.created.milliseconds,
            ])
        let member = try db.cachedStatement(sql: "INSERT INTO members SELECT ?1, id, 0 FROM \(StoreApplier.thatAccount)")
        for account in group.members { try member.execute(arguments: [group.id.rawValue, account.rawValue]) }
        let invitation = try db.cachedStatement(sql: "INSERT INTO invitations SELECT ?1, id FROM \(StoreApplier.thatAccount)")
        for account in group.invited { try invitation.execute(arguments: [group.id.rawValue, account.rawValue]) }
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
