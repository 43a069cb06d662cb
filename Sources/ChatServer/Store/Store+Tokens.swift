import ChatHub
import ChatProtocol
import GRDB

extension Store {
    func accepts(_ token: ResumeToken, of account: AccountID, at now: Timestamp) throws -> Bool {
        try pool.read { db in
            try Bool.fetchOne(
                db.cachedStatement(sql: "SELECT 1 FROM tokens WHERE hash = ? AND account = ? AND expires > ? AND expires <= ?"),
                arguments: [token.hash, account.rawValue, now.milliseconds, Store.latestExpiry(at: now)]) ?? false
        }
    }

    /// No token that is kept now could be used for half as long: what claims to be was kept while the clock was far ahead, and would be good for as long as that.
    private static func latestExpiry(at now: Timestamp) -> Int64 { now.milliseconds + 2 * Int64(ResumeToken.seconds) * 1000 }

    /// Keeps a new token; what has expired, what was kept by a clock far ahead, and the oldest above ``ResumeToken/perAccount``, go.
    static func keep(_ token: ResumeToken, of account: AccountID, at now: Timestamp, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM tokens WHERE account = ? AND (expires <= ? OR expires > ?)")
            .execute(arguments: [account.rawValue, now.milliseconds, latestExpiry(at: now)])
        try db.cachedStatement(
            sql: """
                DELETE FROM tokens WHERE hash IN
                (SELECT hash FROM tokens WHERE account = ? ORDER BY expires DESC LIMIT -1 OFFSET \(ResumeToken.perAccount - 1))
                """
        ).execute(arguments: [account.rawValue])
        try db.cachedStatement(sql: "INSERT INTO tokens VALUES(?, ?, ?)").execute(
            arguments: [token.hash, account.rawValue, now.milliseconds + Int64(ResumeToken.seconds) * 1000])
    }

    /// The same password, hashed anew, unless it has been changed meanwhile.
    static func replaceHash(_ old: String, of account: AccountID, by phc: String, _ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE accounts SET phc = ? WHERE id = ? AND phc = ?").execute(
            arguments: [phc, account.rawValue, old])
    }

    /// A new password: whoever got in by the old one has to know the new.
    static func setPassword(of account: AccountID, to phc: String, _ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE accounts SET phc = ? WHERE id = ?").execute(arguments: [phc, account.rawValue])
        try db.cachedStatement(sql: "DELETE FROM tokens WHERE account = ?").execute(arguments: [account.rawValue])
    }
}
