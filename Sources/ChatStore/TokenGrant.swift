import ChatProtocol

/// What is kept of a token with which an account can log in instead of its password.
public struct TokenGrant: Hashable, Sendable {
    public let hash: [UInt8]
    public let account: AccountID
    /// It is of no use once the account's password is another; see ``Account/passwordGeneration``.
    public let passwordGeneration: Int
    public let expires: Timestamp
    public let at: Timestamp

    public init(hash: [UInt8], account: AccountID, passwordGeneration: Int, expires: Timestamp, at: Timestamp) {
        self.hash = hash
        self.account = account
        self.passwordGeneration = passwordGeneration
        self.expires = expires
        self.at = at
    }
}
