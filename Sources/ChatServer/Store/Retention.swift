import ChatHub
import ChatProtocol
import GRDB

/// Takes away messages that are older than the host wants to keep, a few at a time between the commits.
///
/// Belongs to the writing connection's thread.
struct Retention {
    /// Messages of one step: a transaction short enough to hold nobody up.
    static let step = 256
    /// Between two looks, milliseconds.
    static let interval: Int64 = 3_600_000

    private let age: Int64
    /// When the last look was; nil before the first.
    private var last: Moment?
    /// What is still to be gone through: conversations, the next one last, and before which message.
    private var pass: (conversations: [Int64], before: MessageID)?

    /// - Parameter days: what is older goes.
    init(days: Int) { age = Int64(days) * 86_400_000 }

    var isIdle: Bool { pass == nil }

    /// Takes away a few, in a transaction of its own; where that fails nothing has changed.
    mutating func work(_ db: Database, at now: Moment) throws {
        if pass == nil { try look(db, at: now) }
        guard var conversations = pass?.conversations, let before = pass?.before else { return }
        try db.inTransaction(.immediate) {
            var left = Retention.step
            // A conversation without anything old costs one look.
            var looks = Retention.step
            while left > 0, looks > 0, let conversation = conversations.last {
                let rows = try Row.fetchAll(
                    db.cachedStatement(sql: "SELECT id, text FROM messages WHERE conversation = ? AND id < ? ORDER BY id LIMIT ?"),
                    arguments: [conversation, before.rawValue, left])
                try MessageDeletion.delete(rows, from: conversation, db)
                if rows.count < left { conversations.removeLast() }
                left -= rows.count
                looks -= 1
            }
            return .commit
        }
        pass = conversations.isEmpty ? nil : (conversations, before)
    }

    /// Begins anew once an hour. A clock that was set meanwhile is believed only when it still says so an hour later, and so is one that at the start says that
    /// nothing has been written for a day (a machine that has not asked for the time yet): what is gone does not come back.
    private mutating func look(_ db: Database, at now: Moment) throws {
        if last == nil, try Retention.looksWrong(now, db) {
            last = now
            return
        }
        if let last {
            guard now.uptime - last.uptime >= Retention.interval else { return }
            let step = (now.wall.milliseconds - last.wall.milliseconds) - (now.uptime - last.uptime)
            self.last = now
            guard step < Retention.interval else { return }
        }
        last = now
        pass = (
            try Int64.fetchAll(db, sql: "SELECT id FROM pairs UNION ALL SELECT -id FROM groups"),
            MessageID.range(at: now.wall.adding(milliseconds: -age)).lowerBound
        )
    }

    private static func looksWrong(_ now: Moment, _ db: Database) throws -> Bool {
        let newest = try Int64.fetchOne(db, sql: "SELECT value FROM counters WHERE name = 'last_message'") ?? 0
        return MessageID(rawValue: newest) < MessageID.range(at: now.wall.adding(milliseconds: -86_400_000)).lowerBound
    }
}
