import ChatProtocol
import ChatStore
import DequeModule
import GRDB

/// Makes committed messages findable by their words, behind the commits: what the writer has no time for now waits, and after a restart is found again.
///
/// Belongs to the writing connection's thread.
struct SearchIndex {
    private struct Entry {
        let id: Int64
        let conversation: Int64
        let text: String
    }

    /// Messages of one step: a transaction short enough to hold nobody up.
    static let step = 256
    /// So many wait in memory at most; those over it are found again in the table.
    static let maximumWaiting = 32_768
    /// And so many bytes of text.
    static let maximumWaitingBytes = 8 << 20

    private var waiting: Deque<Entry> = []
    /// Bytes of what waits in memory.
    private(set) var waitingTextBytes = 0
    /// Conversations that are still to be read again; nil where nothing was left undone.
    private var catchUp: CatchUp?
    /// Where the next catching up must reach: more came than could wait.
    private var missedUntil: Int64?
    private var lastIndexed: Int64 = 0

    private struct CatchUp {
        /// Those not read to their end, the next one last.
        var conversations: [Int64]
        /// How far the next one has been read.
        var after: Int64
        let until: Int64
    }

    /// - Parameter db: to see what an earlier server left undone.
    init(_ db: Database) throws {
        let last = try Int64.fetchOne(db, sql: "SELECT value FROM counters WHERE name = 'last_message'") ?? 0
        lastIndexed = try Int64.fetchOne(db, sql: "SELECT value FROM counters WHERE name = 'last_indexed'") ?? 0
        if lastIndexed < last { missedUntil = last }
    }

    var isIdle: Bool { waiting.isEmpty && catchUp == nil && missedUntil == nil }

    /// A message has been committed.
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

    /// Indexes a few of those that wait, in a transaction of its own; where that fails nothing has changed.
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

    /// Reads on through the conversations; the counter moves only at the end, so an interrupted catching up begins again.
    private mutating func readAgain(_ position: CatchUp, _ db: Database) throws {
        var next = position
        try db.inTransaction(.immediate) {
            var left = SearchIndex.step
            // A conversation without anything new costs one look.
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
        // It may have been taken away while it waited.
        try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO indexed SELECT id, conversation FROM messages WHERE conversation = ? AND id = ?"
        ).execute(arguments: [entry.conversation, entry.id])
        guard db.changesCount == 1 else { return }
        try db.cachedStatement(sql: "INSERT INTO words(rowid, text) VALUES(?, ?)")
            .execute(arguments: [entry.id, SearchText.folded(entry.text)])
    }
}
