import ChatProtocol
import ChatStore
import GRDB

extension Store {
    /// The stored hash of an account's password, and its ``Account/passwordGeneration``; nil if the account is removed or has no password.
    func password(of account: AccountID) throws -> PasswordRecord? {
        try pool.read { db in
            try Row.fetchOne(
                db.cachedStatement(sql: "SELECT phc, passwords FROM accounts WHERE id = ? AND phc IS NOT NULL"),
                arguments: [account.rawValue]
            ).map { PasswordRecord(hash: $0[0], generation: $0[1]) }
        }
    }

    /// The messages to an account: direct ones, and those of its groups since it joined each, in the order of their ids.
    /// - Parameters:
    ///   - after: returns only larger ids, up to `upTo`.
    ///   - ownAfter: returns the account's own messages only with ids larger than this; by default none.
    ///   - limit: the most messages; the earliest come first.
    func missed(
        _ account: AccountID, after: MessageID, upTo: MessageID = MessageID(rawValue: .max),
        ownAfter: MessageID = MessageID(rawValue: .max), limit: Int
    ) throws -> [ChatMessage] {
        guard limit > 0 else { return [] }
        return try pool.read { db in
            guard let name = try Store.accountName(account, db) else { return [] }
            var merge = MissedMerge(account: account, upTo: upTo, ownAfter: ownAfter, limit: limit)
            for row in try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT m.group_id, m.after, g.name FROM members m JOIN groups g ON g.id = m.group_id WHERE m.account = ?
                        """), arguments: [account.rawValue])
            {
                guard let group = try? Name(row[2] as String) else { continue }
                let id: Int64 = row[0]
                let target = ChatMessage.Target.group(GroupID(rawValue: id), group)
                try merge.add(
                    conversation: -id, targets: (target, target), after: max(after, MessageID(rawValue: row[1])), db)
            }
            for row in try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT p.id, p.other, a.name FROM (SELECT id, high AS other FROM pairs WHERE low = ?1
                        UNION SELECT id, low AS other FROM pairs WHERE high = ?1) p JOIN accounts a ON a.id = p.other
                        """), arguments: [account.rawValue])
            {
                guard let other = try? Name(row[2] as String) else { continue }
                try merge.add(
                    conversation: row[0], targets: (.user(account, name), .user(AccountID(rawValue: row[1]), other)), after: after, db)
            }
            return try merge.finish(db)
        }
    }

    private static func accountName(_ account: AccountID, _ db: Database) throws -> Name? {
        try String.fetchOne(db.cachedStatement(sql: "SELECT name FROM accounts WHERE id = ?"), arguments: [account.rawValue])
            .flatMap { try? Name($0) }
    }
}

/// Merges the first messages of many conversations into one order. It reads each conversation in small pages, so the work grows with the
/// result and not with all that was missed.
private struct MissedMerge {
    private struct Source {
        let conversation: Int64
        /// The targets of messages from others, and of the account's own.
        let targets: (others: ChatMessage.Target, own: ChatMessage.Target)
        var buffer: [ChatMessage]
        var next = 0
        var isExhausted: Bool
    }

    private let account: AccountID
    private let upTo: MessageID
    private let ownAfter: MessageID
    private let limit: Int
    private var sources: [Source] = []
    private static let firstRead = 8
    private static let laterRead = 128

    init(account: AccountID, upTo: MessageID, ownAfter: MessageID, limit: Int) {
        self.account = account
        self.upTo = upTo
        self.ownAfter = ownAfter
        self.limit = limit
    }

    mutating func add(
        conversation: Int64, targets: (others: ChatMessage.Target, own: ChatMessage.Target), after: MessageID, _ db: Database
    ) throws {
        let messages = try read(conversation, targets, after: after, MissedMerge.firstRead, db)
        guard !messages.isEmpty else { return }
        sources.append(
            Source(
                conversation: conversation, targets: targets, buffer: messages, isExhausted: messages.count < MissedMerge.firstRead))
    }

    mutating func finish(_ db: Database) throws -> [ChatMessage] {
        var merged: [ChatMessage] = []
        while merged.count < limit, let earliest = sources.indices.min(by: { head($0).id < head($1).id }) {
            let message = head(earliest)
            merged.append(message)
            sources[earliest].next += 1
            guard sources[earliest].next == sources[earliest].buffer.count else { continue }
            if !sources[earliest].isExhausted {
                let source = sources[earliest]
                let more = try read(source.conversation, source.targets, after: message.id, MissedMerge.laterRead, db)
                sources[earliest].buffer = more
                sources[earliest].next = 0
                sources[earliest].isExhausted = more.count < MissedMerge.laterRead
            }
            if sources[earliest].next == sources[earliest].buffer.count { sources.remove(at: earliest) }
        }
        return merged
    }

    private func head(_ index: Int) -> ChatMessage { sources[index].buffer[sources[index].next] }

    private func read(
        _ conversation: Int64, _ targets: (others: ChatMessage.Target, own: ChatMessage.Target), after: MessageID, _ count: Int,
        _ db: Database
    ) throws -> [ChatMessage] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT m.id, m.time, m.sender, m.notice, m.text, a.name FROM messages m JOIN accounts a ON a.id = m.sender
                    WHERE m.conversation = ? AND m.id > ? AND m.id <= ? AND (m.sender <> ? OR m.id > ?) ORDER BY m.id LIMIT ?
                    """),
            arguments: [conversation, after.rawValue, upTo.rawValue, account.rawValue, ownAfter.rawValue, count]
        ).compactMap { row in
            guard let sender = try? Name(row[5] as String) else { return nil }
            let id = AccountID(rawValue: row[2])
            return ChatMessage(
                id: MessageID(rawValue: row[0]), time: Timestamp(milliseconds: row[1]), sender: id, senderName: sender,
                target: id == account ? targets.own : targets.others, text: row[4], isNotice: row[3])
        }
    }
}
