import ChatHub
import ChatProtocol
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
    /// Above so many that wait the writer takes a step between commits, even when it is busy.
    static let patience = 4096

    private var waiting: [Entry] = []
    /// Where the catching up after a start stands; nil once it is done.
    private var catchUp: (conversation: Int64, id: Int64, until: Int64)?
    private var lastIndexed: Int64 = 0

    /// - Parameter db: to see what an earlier server left undone.
    init(_ db: Database) throws {
        let last = try Int64.fetchOne(db, sql: "SELECT value FROM counters WHERE name = 'last_message'") ?? 0
        lastIndexed = try Int64.fetchOne(db, sql: "SELECT value FROM counters WHERE name = 'last_indexed'") ?? 0
        if lastIndexed < last { catchUp = (.min, .min, last) }
    }

    var isIdle: Bool { waiting.isEmpty && catchUp == nil }
    var isImpatient: Bool { waiting.count >= SearchIndex.patience }

    /// A message has been committed.
    mutating func note(_ message: ChatMessage, conversation: Int64) {
        waiting.append(Entry(id: message.id.rawValue, conversation: conversation, text: message.text))
    }

    /// Indexes a few of those that wait, in a transaction of its own.
    mutating func work(_ db: Database) throws {
        var next = self
        try db.inTransaction(.immediate) {
            try next.step(db)
            return .commit
        }
        self = next
    }

    private mutating func step(_ db: Database) throws {
        if let position = catchUp { return try stepBack(position, db) }
        let count = min(SearchIndex.step, waiting.count)
        for entry in waiting[..<count] { try insert(entry, db) }
        if count > 0 { lastIndexed = max(lastIndexed, waiting[count - 1].id) }
        waiting.removeFirst(count)
        try keepPosition(db)
    }

    private func keepPosition(_ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE counters SET value = ? WHERE name = 'last_indexed'").execute(arguments: [lastIndexed])
    }

    /// Reads on through the table, conversation by conversation; the counter moves only at its end, so an interrupted catching up begins again.
    private mutating func stepBack(_ position: (conversation: Int64, id: Int64, until: Int64), _ db: Database) throws {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT conversation, id, text FROM messages WHERE (conversation, id) > (?, ?) AND id > ? AND id <= ?
                    ORDER BY conversation, id LIMIT \(SearchIndex.step)
                    """),
            arguments: [position.conversation, position.id, lastIndexed, position.until])
        for row in rows { try insert(Entry(id: row[1], conversation: row[0], text: row[2]), db) }
        if let last = rows.last, rows.count == SearchIndex.step {
            catchUp = (last[0], last[1], position.until)
        } else {
            catchUp = nil
            lastIndexed = max(lastIndexed, position.until)
            try keepPosition(db)
        }
    }

    private func insert(_ entry: Entry, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO indexed VALUES(?, ?)").execute(arguments: [entry.id, entry.conversation])
        guard db.changesCount == 1 else { return }
        try db.cachedStatement(sql: "INSERT INTO words(rowid, text) VALUES(?, ?)").execute(arguments: [entry.id, entry.text])
    }
}
