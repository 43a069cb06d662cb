import ChatHub
import ChatProtocol
import GRDB

extension Store {
    /// Messages that an account can see: its direct ones, and those of its groups since it joined each; in the order of their ids.
    func history(_ account: AccountID, _ query: HistoryQuery) throws -> [ChatMessage] {
        try pool.read { db in
            let targets = try HistoryTargets(account, db)
            switch query {
            case .user(let other, let range):
                guard let conversation = try targets.conversation(with: other, db) else { return [] }
                return try Store.stretch(of: conversation, after: 0, range, targets, db)
            case .group(let group, let range):
                guard let joined = targets.joined[-group.rawValue] else { return [] }
                return try Store.stretch(of: -group.rawValue, after: joined, range, targets, db)
            case .search(let words, let limit):
                guard let pattern = FTS5Pattern(matchingAllTokensIn: words) else { return [] }
                return try Store.search(pattern, limit, targets, db)
            }
        }
    }

    private static let columns = "m.conversation, m.id, m.time, m.sender, m.notice, m.text, a.name, p.low, p.high"
    private static let tables = "messages m JOIN accounts a ON a.id = m.sender LEFT JOIN pairs p ON p.id = m.conversation"

    private static func stretch(
        of conversation: Int64, after joined: Int64, _ range: HistoryRange, _ targets: HistoryTargets, _ db: Database
    ) throws -> [ChatMessage] {
        let order = range.takesLatest ? "DESC" : "ASC"
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT \(columns) FROM \(tables) WHERE m.conversation = ? AND m.id > ? AND m.id < ? ORDER BY m.id \(order) LIMIT ?
                    """),
            arguments: [conversation, max(joined, range.after?.rawValue ?? 0), range.before?.rawValue ?? .max, range.limit])
        let messages = try rows.compactMap { try targets.message($0, db) }
        return range.takesLatest ? messages.reversed() : messages
    }

    /// The index is read backwards and stops as soon as there are enough: a common word costs no more than a rare one.
    private static func search(
        _ pattern: FTS5Pattern, _ limit: Int, _ targets: HistoryTargets, _ db: Database
    ) throws -> [ChatMessage] {
        let cursor = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT \(columns) FROM words w JOIN indexed i ON i.id = w.rowid
                    JOIN messages m ON m.conversation = i.conversation AND m.id = i.id JOIN accounts a ON a.id = m.sender
                    LEFT JOIN pairs p ON p.id = m.conversation WHERE words MATCH ? ORDER BY w.rowid DESC
                    """), arguments: [pattern])
        var found: [ChatMessage] = []
        while found.count < limit, let row = try cursor.next() {
            if let message = try targets.message(row, db) { found.append(message) }
        }
        return found.reversed()
    }
}

/// What an account can see, and under which names.
private struct HistoryTargets {
    let account: AccountID
    /// Conversation of each group it is in, to the last message before it joined.
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

    /// The message of a row; nil where the account cannot see it.
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
