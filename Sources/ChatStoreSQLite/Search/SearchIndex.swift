import ChatProtocol
import ChatStore
import DequeModule
import GRDB

/// The full-text index of committed messages, filled in the background. Messages that are not indexed yet wait in memory; after a restart
/// they are read from the table.
///
/// Belongs to the writing connection's thread.
struct SearchIndex {
    private struct Entry {
        let id: Int64
        let conversation: Int64
        let text: String
    }

    /// The messages of one step. Its transaction is short enough to delay nobody.
    static let step = 256
    /// The most messages that wait in memory. Further ones are read from the table later.
    static let maximumWaiting = 32_768
    /// The most bytes of text that wait in memory.
    static let maximumWaitingBytes = 8 << 20

    private var waiting: Deque<Entry> = []
    /// The bytes of text that wait in memory.
    private(set) var waitingTextBytes = 0
    /// The conversations that are read from the table again; nil if none is.
    private var catchUp: CatchUp?
    /// The last message that the next pass over the table must reach; nil if every unindexed message waits in memory.
    private var missedUntil: Int64?
    private var lastIndexed: Int64 = 0

    private struct CatchUp {
        /// The conversations not read to their end, the next one last.
        var conversations: [Int64]
        /// The last message read in the next conversation.
        var after: Int64
        let until: Int64
    }

    /// - Parameter db: the store, to find what an earlier server left unindexed.
    init(_ db: Database) throws {
        let last = try Int64.fetchOne(db, sql: "SELECT value FROM counters WHERE name = 'last_message'") ?? 0
        lastIndexed = try Int64.fetchOne(db, sql: "SELECT value FROM counters WHERE name = 'last_indexed'") ?? 0
        if lastIndexed < last { missedUntil = last }
    }

    var isIdle: Bool { waiting.isEmpty && catchUp == nil && missedUntil == nil }

    /// Queues a committed message.
    mutating func add(_ message: ChatMessage, conversation: Int64) {
        if waiting.count >= SearchIndex.maximumWaiting || waitingTextBytes >= SearchIndex.maximumWaitingBytes {
            missedUntil = message.id.rawValue
        }
        guard missedUntil == nil else {
            missedUntil = message.id.rawValue
            waiting = []
            waitingTextBytes = 0
            return
        }
        waitingTextBytes += message.text.utf8.count
        waiting.append(Entry(id: message.id.rawValue, conversation: conversation, text: message.text))
    }

    /// Indexes some messages in a transaction of its own. If that fails nothing has changed.
    mutating func work(_ db: Database) throws {
        if catchUp == nil, let until = missedUntil {
            catchUp = CatchUp(
                conversations: try Int64.fetchAll(db, sql: "SELECT id FROM pairs UNION ALL SELECT -id FROM groups"), after: lastIndexed,
                until: until)
            missedUntil = nil
        }
        if let position = catchUp { return try readAgain(position, db) }
        let entries = waiting.prefix(SearchIndex.step)
        let last = max(lastIndexed, entries.last?.id ?? 0)
        try db.inTransaction(.immediate) {
            for entry in entries { try insert(entry, db) }
            try recordPosition(last, db)
            return .commit
        }
        lastIndexed = last
        waitingTextBytes -= entries.reduce(0) { $0 + $1.text.utf8.count }
        waiting.removeFirst(entries.count)
    }

    private func recordPosition(_ last: Int64, _ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE counters SET value = ? WHERE name = 'last_indexed'").execute(arguments: [last])
    }

    /// Reads on through the conversations. The counter advances only at the end, so an interrupted pass begins again.
    private mutating func readAgain(_ position: CatchUp, _ db: Database) throws {
        var next = position
        try db.inTransaction(.immediate) {
            var left = SearchIndex.step
            // A conversation without new messages costs one query.
            var looks = SearchIndex.step
            while left > 0, looks > 0, let conversation = next.conversations.last {
                let rows = try Row.fetchAll(
                    db.cachedStatement(
                        sql: "SELECT id, text FROM messages WHERE conversation = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?"),
                    arguments: [conversation, next.after, position.until, left])
                for row in rows { try insert(Entry(id: row[0], conversation: conversation, text: row[1]), db) }
                if rows.count == left, let last = rows.last {
                    next.after = last[0]
                } else {
                    next.conversations.removeLast()
                    next.after = lastIndexed
                }
                left -= rows.count
                looks -= 1
            }
            if next.conversations.isEmpty { try recordPosition(position.until, db) }
            return .commit
        }
        if next.conversations.isEmpty {
            lastIndexed = position.until
            catchUp = nil
        } else {
            catchUp = next
        }
    }

    private func insert(_ entry: Entry, _ db: Database) throws {
        // The message may have been deleted while it waited.
        try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO indexed SELECT id, conversation FROM messages WHERE conversation = ? AND id = ?"
        ).execute(arguments: [entry.conversation, entry.id])
        guard db.changesCount == 1 else { return }
        try db.cachedStatement(sql: "INSERT INTO words(rowid, text) VALUES(?, ?)")
            .execute(arguments: [entry.id, SearchText.folded(entry.text)])
    }
}
