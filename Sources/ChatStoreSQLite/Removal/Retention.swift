import ChatProtocol
import ChatStore
import GRDB

/// Deletes messages that are older than the configured age, some at a time between the commits.
///
/// Belongs to the writing connection's thread.
struct Retention {
    /// The messages of one step. Its transaction is short enough to delay nobody.
    static let step = 256
    /// The time between two passes, milliseconds.
    static let interval: Int64 = 3_600_000

    private let age: Int64
    private var notice: String?
    /// When the last pass began or was put off; nil before the first.
    private var last: EventTime?
    private var pass: Pass?

    /// The rest of a pass over all conversations.
    private struct Pass {
        /// The conversations not finished, the next one last.
        var conversations: [Int64]
        /// The last message visited in the next conversation.
        var position: Int64 = 0
        /// Messages from this id on are not old.
        let before: Int64
        /// Messages earlier than this are deleted.
        let time: Timestamp
    }

    /// - Parameter days: the age, in days, beyond which messages are deleted.
    init(days: Int) { age = Int64(days) * 86_400_000 }

    var isIdle: Bool { pass == nil }

    /// Removes and returns a message for the operator, if there is one.
    mutating func popNotice() -> String? {
        defer { notice = nil }
        return notice
    }

    /// Deletes some messages in a transaction of its own. If that fails nothing has changed.
    mutating func work(_ db: Database, at now: EventTime) throws {
        if pass == nil { try findExpired(db, at: now) }
        guard var pass else { return }
        try db.inTransaction(.immediate) {
            var left = Retention.step
            // A conversation without old messages costs one query.
            var looks = Retention.step
            while left > 0, looks > 0, let conversation = pass.conversations.last {
                let rows = try Row.fetchAll(
                    db.cachedStatement(
                        sql: "SELECT id, text, time FROM messages WHERE conversation = ? AND id > ? AND id < ? ORDER BY id LIMIT ?"),
                    arguments: [conversation, pass.position, pass.before, left])
                try MessageDeletion.delete(
                    rows.filter { Timestamp(milliseconds: $0[2]) < pass.time }, from: conversation, db)
                if rows.count < left {
                    if conversation < 0 { try GroupRemoval.forget(GroupID(rawValue: -conversation), db) }
                    pass.conversations.removeLast()
                    pass.position = 0
                } else if let last = rows.last {
                    pass.position = last[0]
                }
                left -= rows.count
                looks -= 1
            }
            return .commit
        }
        self.pass = pass.conversations.isEmpty ? nil : pass
    }

    /// Begins a pass once an hour. Deleted messages do not come back, so a doubtful clock must say the same an hour later: one that was set
    /// meanwhile, and at the start one by which nothing was written for a day, because the machine may not have synchronised it yet.
    private mutating func findExpired(_ db: Database, at now: EventTime) throws {
        if last == nil, try Retention.looksWrong(now, db) {
            last = now
            return
        }
        if let last {
            guard now.uptime - last.uptime >= Retention.interval else { return }
            let step = (now.wall.milliseconds - last.wall.milliseconds) - (now.uptime - last.uptime)
            self.last = now
            guard step < Retention.interval else {
                notice =
                    "The clock was set forward by \(step / Retention.interval) hours. If it is still so in an hour, messages older than --keep-days are deleted."
                return
            }
        }
        last = now
        let time = now.wall.adding(milliseconds: -age)
        // If the clock was set back, ids run ahead of it and say nothing about age. The pass then visits all messages.
        let idsRunAhead = try Retention.newest(db) > MessageID.range(at: now.wall.adding(milliseconds: Retention.interval)).upperBound
        pass = Pass(
            conversations: try Int64.fetchAll(db, sql: "SELECT id FROM pairs UNION ALL SELECT -id FROM groups"),
            before: idsRunAhead ? .max : MessageID.range(at: time).lowerBound.rawValue, time: time)
    }

    private static func newest(_ db: Database) throws -> MessageID {
        MessageID(rawValue: try Int64.fetchOne(db, sql: "SELECT value FROM counters WHERE name = 'last_message'") ?? 0)
    }

    private static func looksWrong(_ now: EventTime, _ db: Database) throws -> Bool {
        try newest(db) < MessageID.range(at: now.wall.adding(milliseconds: -86_400_000)).lowerBound
    }
}
