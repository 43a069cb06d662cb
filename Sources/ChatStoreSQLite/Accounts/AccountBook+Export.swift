import ChatProtocol
import GRDB
import SystemSupport

extension AccountBook {
    /// Exports all stored data of an account as JSON objects, one a line: the account, its groups and invitations, its read markers, its
    /// tokens, then the messages that it sent and received in the order of their ids. Hashes of its password and tokens are not exported.
    /// - Parameter write: writes a line with its end; returns false to end the export.
    public func export(_ name: Name, to write: (String) -> Bool) throws(UserFacingError) {
        do {
            try store.pool.read { db in
                guard
                    let row = try Row.fetchOne(
                        db, sql: "SELECT id, name, created, last_login, blocked FROM accounts WHERE folded = ?", arguments: [name.folded])
                else { throw UserFacingError("There is no account \(name).") }
                let id: Int64 = row[0]
                guard write(AccountBook.accountLine(row)) else { return }
                for (key, sql) in AccountBook.namesOf {
                    for row in try Row.fetchAll(db, sql: sql, arguments: [id]) {
                        let time = (row[1] as Int64?).map { ",\"time\":\(JSONText.quoted(Timestamp(milliseconds: $0).iso8601))" } ?? ""
                        guard write("{\"\(key)\":\(JSONText.quoted(row[0]))\(time)}\n") else { return }
                    }
                }
                let messages = try Row.fetchCursor(db, sql: AccountBook.messagesOf, arguments: [id])
                while let message = try messages.next() {
                    guard write(AccountBook.messageLine(message)) else { return }
                }
            }
        } catch let error as UserFacingError {
            throw error
        } catch {
            throw Store.failure(store.folder, error)
        }
    }

    /// The key of each kind of line, and the query for its names and times.
    private static let namesOf = [
        ("group", "SELECT g.name, NULL FROM members m JOIN groups g ON g.id = m.group_id WHERE m.account = ? ORDER BY g.name"),
        ("invited", "SELECT g.name, NULL FROM invitations i JOIN groups g ON g.id = i.group_id WHERE i.account = ? ORDER BY g.name"),
        (
            "read",
            """
            SELECT coalesce('#' || g.name, a.name) AS shown, r.time FROM read_markers r LEFT JOIN groups g ON g.id = -r.target
            LEFT JOIN accounts a ON a.id = r.target WHERE r.account = ? AND shown IS NOT NULL ORDER BY shown
            """
        ),
        ("token", "SELECT 'until', expires FROM tokens WHERE account = ? ORDER BY expires"),
    ]

    private static let messagesOf = """
        SELECT m.id, m.time, s.name, m.text, coalesce('#' || g.name, r.name) FROM messages m
        JOIN accounts s ON s.id = m.sender
        LEFT JOIN groups g ON g.id = -m.conversation
        LEFT JOIN pairs p ON p.id = m.conversation
        LEFT JOIN accounts r ON r.id = CASE WHEN p.low = m.sender THEN p.high ELSE p.low END
        WHERE (m.conversation IN (SELECT -group_id FROM members WHERE account = ?1)
            AND (m.sender = ?1 OR m.id > (SELECT after FROM members WHERE account = ?1 AND group_id = -m.conversation)))
        OR m.conversation IN (SELECT id FROM pairs WHERE low = ?1 UNION SELECT id FROM pairs WHERE high = ?1)
        OR (m.conversation < 0 AND m.sender = ?1)
        ORDER BY m.id
        """

    private static func accountLine(_ row: Row) -> String {
        func time(_ value: Int64?) -> String { value.map { JSONText.quoted(Timestamp(milliseconds: $0).iso8601) } ?? "null" }
        let isBlocked: Bool = row[4]
        return
            "{\"account\":\(JSONText.quoted(row[1])),\"created\":\(time(row[2])),\"last_login\":\(time(row[3])),\"blocked\":\(isBlocked)}\n"
    }

    private static func messageLine(_ row: Row) -> String {
        let members: [(String, String)] = [
            ("id", MessageID(rawValue: row[0]).description), ("time", Timestamp(milliseconds: row[1]).iso8601), ("from", row[2]),
            ("to", row[4] ?? ""), ("text", row[3]),
        ]
        return "{" + members.map { "\"\($0.0)\":\(JSONText.quoted($0.1))" }.joined(separator: ",") + "}\n"
    }
}
