import ChatProtocol
import ChatStore
import Dispatch
import GRDB

extension Store {
    /// The messages that an account may read: its direct ones, and those of its groups since it joined each; in the order of their ids.
    /// - Throws: `DatabaseError`; with `SQLITE_INTERRUPT` if a search took longer than `searchTime`.
    func history(
        _ account: AccountID, _ query: HistoryQuery, searchTime: DispatchTimeInterval = SearchTime.limit
    ) throws -> [ChatMessage] {
        try pool.read { db in
            let targets = try HistoryTargets(account, db)
            switch query {
            case .user(let other, let range):
                guard let conversation = try targets.conversation(with: other, db) else { return [] }
                return try Store.messages(of: conversation, after: 0, range, targets, db)
            case .group(let group, let range):
                guard let joined = targets.joined[-group.rawValue] else { return [] }
                return try Store.messages(of: -group.rawValue, after: joined, range, targets, db)
            case .search(let words, let limit):
                guard let pattern = SearchPattern(words) else { return [] }
                return try SearchTime.bounded(by: searchTime, db) { try Store.search(pattern, limit, targets, db) }
            case .targets: return []
            }
        }
    }

    /// The conversations of an account whose last messages lie in the range, in the order of those messages.
    func conversations(of account: AccountID, _ range: HistoryRange) throws -> [HistoryTarget] {
        let found = try pool.read { db in
            let targets = try HistoryTargets(account, db)
            return try targets.conversations(db).filter { target in
                let isLater = range.laterThan.map { target.time > $0 } ?? range.after.map { target.latest > $0 }
                let isEarlier = range.earlierThan.map { target.time < $0 } ?? range.before.map { target.latest < $0 }
                return isLater ?? true && isEarlier ?? true
            }
        }.sorted { $0.latest < $1.latest }
        return Array(range.takesLatest ? found.suffix(range.limit) : found.prefix(range.limit))
    }

    private static let columns = "m.conversation, m.id, m.time, m.sender, m.notice, m.text, a.name, p.low, p.high"
    private static let tables = "messages m JOIN accounts a ON a.id = m.sender LEFT JOIN pairs p ON p.id = m.conversation"

    private static func messages(
        of conversation: Int64, after joined: Int64, _ range: HistoryRange, _ targets: HistoryTargets, _ db: Database
    ) throws -> [ChatMessage] {
        func read(after: Int64, before: Int64, latest: Bool, _ limit: Int) throws -> [ChatMessage] {
            guard limit > 0 else { return [] }
            let rows = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT \(columns) FROM \(tables) WHERE m.conversation = ? AND m.id > ? AND m.id < ? AND m.time > ? AND m.time < ?
                        ORDER BY m.id \(latest ? "DESC" : "ASC") LIMIT ?
                        """),
                arguments: [
                    conversation, max(joined, after), before, range.laterThan?.milliseconds ?? .min,
                    range.earlierThan?.milliseconds ?? .max, limit,
                ])
            let messages = try rows.compactMap { try targets.message($0, db) }
            return latest ? messages.reversed() : messages
        }
        guard let around = range.around else {
            // An id is never earlier than its message's time, so a later time implies a later id. An earlier time need not imply an earlier
            // id.
            let isBoundById = try range.earlierThan == nil || !idsRunAhead(in: conversation, db)
            return try read(
                after: range.after?.rawValue ?? 0, before: isBoundById ? range.before?.rawValue ?? .max : .max, latest: range.takesLatest,
                range.limit)
        }
        // The bound may be the largest number, which is no message's id.
        let middle = min(around.upperBound.rawValue, .max - 1)
        let later = try read(after: middle, before: .max, latest: false, range.limit / 2)
        return try read(after: 0, before: middle + 1, latest: true, range.limit - later.count) + later
    }

    /// Whether ids of a conversation run ahead of their times, because the clock was set back. Messages stored at the same moment by
    /// several threads may be slightly out of order, and do not count.
    private static func idsRunAhead(in conversation: Int64, _ db: Database) throws -> Bool {
        let last = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT id, time FROM messages WHERE conversation = ? ORDER BY id DESC LIMIT 1"),
            arguments: [conversation])
        guard let last else { return false }
        let soon = Timestamp(milliseconds: last[1]).adding(milliseconds: 1000)
        return MessageID(rawValue: last[0]) > MessageID.range(at: soon).upperBound
    }

    /// The most hits that one search visits, the latest first. A very common word must not delay other queries.
    static let maximumHits = 500_000

    /// Reads the index backwards and stops at the limit, so that a common word costs no more than a rare one. Hits in conversations of
    /// others are skipped without reading their texts.
    private static func search(
        _ pattern: SearchPattern, _ limit: Int, _ targets: HistoryTargets, _ db: Database
    ) throws -> [ChatMessage] {
        let visible = try targets.visible(db)
        guard !visible.isEmpty else { return [] }
        let hits = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT i.conversation, i.id FROM words w JOIN indexed i ON i.id = w.rowid WHERE words MATCH ? ORDER BY w.rowid DESC LIMIT ?
                    """), arguments: [pattern.expression, maximumHits])
        let one = try db.cachedStatement(sql: "SELECT \(columns) FROM \(tables) WHERE m.conversation = ? AND m.id = ?")
        var found: [ChatMessage] = []
        while found.count < limit, let hit = try hits.next() {
            let conversation: Int64 = hit[0]
            let id: Int64 = hit[1]
            guard visible.contains(conversation), let row = try Row.fetchOne(one, arguments: [conversation, id]) else { continue }
            if let message = try targets.message(row, db) { found.append(message) }
        }
        return found.reversed()
    }
}

/// The conversations that an account may read, with the names of their partners.
private struct HistoryTargets {
    let account: AccountID
    /// For the conversation of each of its groups, the position at which it joined.
    private(set) var joined: [Int64: Int64] = [:]
    private var groups: [Int64: Name] = [:]

    init(_ account: AccountID, _ db: Database) throws {
        self.account = account
        for row in try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT m.group_id, m.after, g.name FROM members m JOIN groups g ON g.id = m.group_id WHERE m.account = ?"),
            arguments: [account.rawValue])
        {
            let id: Int64 = row[0]
            joined[-id] = row[1]
            groups[-id] = try? Name(row[2] as String)
        }
    }

    func conversation(with other: AccountID, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM pairs WHERE low = ? AND high = ?"),
            arguments: [min(account, other).rawValue, max(account, other).rawValue])
    }

    /// The conversations that the account is part of.
    func visible(_ db: Database) throws -> Set<Int64> {
        Set(joined.keys).union(
            try Int64.fetchAll(
                db.cachedStatement(sql: "SELECT id FROM pairs WHERE low = ?1 UNION SELECT id FROM pairs WHERE high = ?1"),
                arguments: [account.rawValue]))
    }

    /// All conversations with their last messages. Those with removed accounts are left out, because they cannot be asked for.
    func conversations(_ db: Database) throws -> [HistoryTarget] {
        let last = try db.cachedStatement(
            sql: "SELECT id, time FROM messages WHERE conversation = ? AND id > ? ORDER BY id DESC LIMIT 1")
        func target(_ name: String, _ conversation: Int64, after: Int64) throws -> HistoryTarget? {
            try Row.fetchOne(last, arguments: [conversation, after]).map { row in
                HistoryTarget(name: name, latest: MessageID(rawValue: row[0]), time: Timestamp(milliseconds: row[1]))
            }
        }
        var found = try groups.compactMap { try target("#" + $0.value.text, $0.key, after: joined[$0.key] ?? 0) }
        let pairs = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT p.id, a.name FROM pairs p JOIN accounts a ON a.id = p.high WHERE p.low = ?1 AND a.folded IS NOT NULL
                    UNION SELECT p.id, a.name FROM pairs p JOIN accounts a ON a.id = p.low WHERE p.high = ?1 AND a.folded IS NOT NULL
                    """), arguments: [account.rawValue])
        for row in pairs { if let target = try target(row[1], row[0], after: 0) { found.append(target) } }
        return found
    }

    /// The message of a row; nil if the account may not read it.
    func message(_ row: Row, _ db: Database) throws -> ChatMessage? {
        let conversation: Int64 = row[0]
        let id: Int64 = row[1]
        let sender = AccountID(rawValue: row[3])
        guard let senderName = try? Name(row[6] as String) else { return nil }
        let target: ChatMessage.Target
        if conversation < 0 {
            guard let since = joined[conversation], id > since, let name = groups[conversation] else { return nil }
            target = .group(GroupID(rawValue: -conversation), name)
        } else {
            guard let low = row[7] as Int64?, let high = row[8] as Int64?, [low, high].contains(account.rawValue) else { return nil }
            let receiver = AccountID(rawValue: low == sender.rawValue ? high : low)
            guard
                let text = try String.fetchOne(
                    db.cachedStatement(sql: "SELECT name FROM accounts WHERE id = ?"), arguments: [receiver.rawValue]),
                let name = try? Name(text)
            else { return nil }
            target = .user(receiver, name)
        }
        return ChatMessage(
            id: MessageID(rawValue: id), time: Timestamp(milliseconds: row[2]), sender: sender, senderName: senderName, target: target,
            text: row[5], isNotice: row[4])
    }
}
