import ChatProtocol
import ChatStore
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
    private var notice: String?
    /// When the last look was; nil before the first.
    private var last: EventTime?
    private var pass: Pass?

    /// What is still to be gone through.
    private struct Pass {
        /// The next one last.
        var conversations: [Int64]
        /// The last message of the next one that was looked at.
        var position: Int64 = 0
        /// Nothing of that id or a later one is old.
        let before: Int64
        /// What is older goes.
        let time: Timestamp
    }

    /// - Parameter days: what is older goes.
    init(days: Int) { age = Int64(days) * 86_400_000 }

    var isIdle: Bool { pass == nil }

    /// What the host has to know, since the last call.
    mutating func popNotice() -> String? {
        defer { notice = nil }
        return notice
    }

    /// Takes away a few, in a transaction of its own; where that fails nothing has changed.
    mutating func work(_ db: Database, at now: EventTime) throws {
        if pass == nil { try findExpired(db, at: now) }
        guard var pass else { return }
        try db.inTransaction(.immediate) {
            var left = Retention.step
            // A conversation without anything old costs one look.
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

    /// Begins anew once an hour. A clock that was set meanwhile is believed only when it still says so an hour later, and so is one that at the start says that
    /// nothing has been written for a day (a machine that has not asked for the time yet): what is gone does not come back.
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
        // Ids that run ahead of the clock, which was set back, say nothing of the age of what they name: all is looked at.
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
