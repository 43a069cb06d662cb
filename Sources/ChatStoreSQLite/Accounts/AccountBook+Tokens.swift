import ChatProtocol
import ChatStore
import GRDB
import SystemSupport

extension AccountBook {
    /// Adds accounts that log in by a token alone, for measurements without password hashes.
    /// - Returns: a token for each name, in their order.
    package func addWithTokens(_ names: [Name], at now: Timestamp) throws(UserFacingError) -> [String] {
        let tokens = names.map { _ in ResumeToken() }
        try writing { db in
            for (name, token) in zip(names, tokens) {
                guard try AccountBook.insert(name, PasswordHash(decoyAt: cost).text, now, db),
                    let id = try Int64.fetchOne(db, sql: "SELECT id FROM accounts WHERE folded = ?", arguments: [name.folded])
                else { throw UserFacingError("There is an account \(name) already.") }
                try Store.record(token.grant(to: AccountID(rawValue: id), at: now), db)
            }
        }
        return tokens.map(\.text)
    }
}
