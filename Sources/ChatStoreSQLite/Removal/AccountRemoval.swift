import ChatProtocol
import GRDB

/// Removes an account. Its name, password, tokens and memberships go at once, so that it is unusable; the rest of its data and the direct
/// messages to it follow in bounded steps. Messages that it has sent to others stay.
///
/// Until the end the account is listed in `removals`. Every step may be repeated, so an interrupted removal starts again from the first.
struct AccountRemoval {
    /// The rows that one step visits. Its transaction is short enough to delay nobody.
    static let step = 256

    private enum Phase {
        /// Nonces of messages after this one.
        case nonces(after: Int64)
        /// Invitations into groups after this one.
        case invitations(after: Int64)
        /// Read markers between the account and accounts after this one.
        case readMarkers(after: Int64)
        /// Messages: the conversations left, the next one last, and the last message visited in it.
        case messages(conversations: [Int64], after: Int64)
        case end
    }

    let account: Int64
    private var phase = Phase.nonces(after: 0)

    /// Continues a removal that has begun.
    init(of account: Int64) { self.account = account }

    /// Performs the first step, in a transaction of the caller's.
    static func begin(of account: Int64, _ name: Name, _ db: Database) throws {
        try db.execute(sql: "UPDATE accounts SET folded = NULL, phc = NULL WHERE id = ?", arguments: [account])
        try db.execute(sql: "DELETE FROM lockouts WHERE name = ?", arguments: [name.folded])
        try db.execute(sql: "INSERT OR IGNORE INTO removals VALUES(?)", arguments: [account])
        try deleteOwn(account, db)
    }

    /// Deletes the rows that an account may have again. They are few, and an index finds them.
    private static func deleteOwn(_ account: Int64, _ db: Database) throws {
        for table in ["tokens", "members", "cursors", "debts"] {
            try db.execute(sql: "DELETE FROM \(table) WHERE account = ?", arguments: [account])
        }
        try GroupRemoval.removeEmpty(db)
    }

    /// The removals that have begun and not ended, with the accounts' names.
    static func unfinished(_ db: Database) throws -> [(account: Int64, name: String)] {
        try Row.fetchAll(db, sql: "SELECT r.account, coalesce(a.name, '') FROM removals r LEFT JOIN accounts a ON a.id = r.account")
            .map { ($0[0], $0[1]) }
    }

    /// Performs the next step in a transaction of its own. If that fails nothing has changed.
    /// - Returns: whether another step follows.
    mutating func work(_ db: Database) throws -> Bool {
        var next = phase
        try db.inTransaction(.immediate) {
            next = try step(db)
            return .commit
        }
        if case .end = phase { return false }
        phase = next
        return true
    }

    private func step(_ db: Database) throws -> Phase {
        switch phase {
        case .nonces(let after):
            // The table has no index by account. It is short, because its rows live for a day.
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: "SELECT message, account FROM sent WHERE message > ? ORDER BY message LIMIT ?"),
                arguments: [after, AccountRemoval.step])
            for row in rows where row[1] == account {
                try db.execute(sql: "DELETE FROM sent WHERE message = ?", arguments: [row[0] as Int64])
            }
            return last(of: rows).map { .nonces(after: $0) } ?? .invitations(after: 0)
        case .invitations(let after):
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: "SELECT id FROM groups WHERE id > ? ORDER BY id LIMIT ?"), arguments: [after, AccountRemoval.step])
            let statement = try db.cachedStatement(sql: "DELETE FROM invitations WHERE group_id = ? AND account = ?")
            for row in rows { try statement.execute(arguments: [row[0] as Int64, account]) }
            return last(of: rows).map { .invitations(after: $0) } ?? .readMarkers(after: 0)
        case .readMarkers(let after):
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: "SELECT id FROM accounts WHERE id > ? ORDER BY id LIMIT ?"),
                arguments: [after, AccountRemoval.step])
            let statement = try db.cachedStatement(sql: "DELETE FROM read_markers WHERE account = ? AND target = ?")
            for row in rows {
                try statement.execute(arguments: [row[0] as Int64, account])
                try statement.execute(arguments: [account, row[0] as Int64])
            }
            if let last = last(of: rows) { return .readMarkers(after: last) }
            // The account's read markers in groups are left. They are few.
            try db.execute(sql: "DELETE FROM read_markers WHERE account = ?", arguments: [account])
            let conversations = try Int64.fetchAll(
                db, sql: "SELECT id FROM pairs WHERE low = ?1 UNION SELECT id FROM pairs WHERE high = ?1", arguments: [account])
            return .messages(conversations: conversations, after: 0)
        case .messages(let conversations, let after): return try deleteMessages(conversations, after: after, db)
        case .end:
            // A server that had not seen the removal yet may have written rows again.
            try AccountRemoval.deleteOwn(account, db)
            try db.execute(sql: "DELETE FROM removals WHERE account = ?", arguments: [account])
            return .end
        }
    }

    private func deleteMessages(_ conversations: [Int64], after: Int64, _ db: Database) throws -> Phase {
        var (conversations, after) = (conversations, after)
        var left = AccountRemoval.step
        // A conversation without messages to the account costs one query.
        var looks = AccountRemoval.step
        while left > 0, looks > 0, let conversation = conversations.last {
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: "SELECT id, text, sender FROM messages WHERE conversation = ? AND id > ? ORDER BY id LIMIT ?"),
                arguments: [conversation, after, left])
            try MessageDeletion.delete(rows.filter { $0[2] != account }, from: conversation, db)
            if rows.count < left {
                conversations.removeLast()
                after = 0
            } else if let last = rows.last {
                after = last[0]
            }
            left -= rows.count
            looks -= 1
        }
        return conversations.isEmpty ? .end : .messages(conversations: conversations, after: after)
    }

    /// The last row, after which the next step continues; nil if no rows follow.
    private func last(of rows: [Row]) -> Int64? { rows.count < AccountRemoval.step ? nil : rows.last?[0] }
}
