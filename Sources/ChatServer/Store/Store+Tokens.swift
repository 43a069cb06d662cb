import ChatHub
import ChatProtocol
import GRDB

extension Store {
    func accepts(_ token: ResumeToken, of account: AccountID, at now: Timestamp) throws -> Bool {
        try pool.read { db in
            try Bool.fetchOne(
                db.cachedStatement(sql: "SELECT 1 FROM tokens WHERE hash = ? AND account = ? AND expires > ?"),
                arguments: [token.hash, account.rawValue, now.milliseconds]) ?? false
        }
    }

    /// Keeps a new token; what has expired, and the oldest above ``ResumeToken/perAccount``, go.
    static func keep(_ token: ResumeToken, of account: AccountID, at now: Timestamp, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM tokens WHERE account = ? AND expires <= ?")
            .execute(arguments: [account.rawValue, now.milliseconds])
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
