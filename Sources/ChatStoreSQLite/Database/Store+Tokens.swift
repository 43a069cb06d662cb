import ChatProtocol
import ChatStore
import FoundationEssentials
import GRDB

extension Store {
    /// Looks for a token, given by its SHA-256, among an account's own.
    /// - Returns: the ``Account/passwordGeneration`` for which the token is valid; nil if it is not a valid token of the account.
    func findToken(_ hash: [UInt8], of account: AccountID, at now: Timestamp) throws -> Int? {
        try pool.read { db in
            try Int.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT a.passwords FROM tokens t JOIN accounts a ON a.id = t.account
                        WHERE t.hash = ? AND t.account = ? AND t.expires > ? AND t.expires <= ?
                        """), arguments: [Data(hash), account.rawValue, now.milliseconds, Store.latestExpiry(at: now)])
        }
    }

    /// The latest plausible expiry. A token beyond it was stored while the clock was far ahead, and would be valid for as long.
    private static func latestExpiry(at now: Timestamp) -> Int64 { now.milliseconds + 2 * Int64(ResumeToken.seconds) * 1000 }

    /// Stores a new token, unless the account's password has changed since. Deletes the account's expired tokens, those with an implausible
    /// expiry, and the oldest above ``ResumeToken/perAccount``.
    static func record(_ grant: TokenGrant, _ db: Database) throws {
        let account = grant.account.rawValue
        try db.cachedStatement(sql: "DELETE FROM tokens WHERE account = ? AND (expires <= ? OR expires > ?)")
            .execute(arguments: [account, grant.at.milliseconds, latestExpiry(at: grant.at)])
        try db.cachedStatement(
            sql: """
                DELETE FROM tokens WHERE hash IN
                (SELECT hash FROM tokens WHERE account = ? ORDER BY expires DESC LIMIT -1 OFFSET \(ResumeToken.perAccount - 1))
                """
        ).execute(arguments: [account])
        try db.cachedStatement(
            sql: "INSERT INTO tokens SELECT ?, id, ? FROM accounts WHERE id = ? AND passwords = ? AND folded IS NOT NULL"
        )
        .execute(arguments: [Data(grant.hash), grant.expires.milliseconds, account, grant.passwordGeneration])
    }

    /// Replaces the hash of an unchanged password by a stronger one.
    static func replaceHash(_ old: String, of account: AccountID, by phc: String, _ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE accounts SET phc = ? WHERE id = ? AND phc = ?").execute(
            arguments: [phc, account.rawValue, old])
    }

    /// Sets a new password and deletes the account's tokens.
    /// - Returns: the account's new ``Account/passwordGeneration``; nil if the account is removed.
    static func setPassword(of account: AccountID, to phc: String, _ db: Database) throws -> Int? {
        try db.cachedStatement(sql: "DELETE FROM tokens WHERE account = ?").execute(arguments: [account.rawValue])
        try db.cachedStatement(sql: "UPDATE accounts SET phc = ?, passwords = passwords + 1 WHERE id = ? AND folded IS NOT NULL")
            .execute(arguments: [phc, account.rawValue])
        return try Int.fetchOne(
            db.cachedStatement(sql: "SELECT passwords FROM accounts WHERE id = ? AND folded IS NOT NULL"), arguments: [account.rawValue])
    }
}
