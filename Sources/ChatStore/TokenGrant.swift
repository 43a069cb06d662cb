import ChatProtocol

/// The stored record of a resume token, with which an account can log in instead of its password.
public struct TokenGrant: Hashable, Sendable {
    /// The SHA-256 of the token.
    public let hash: [UInt8]
    public let account: AccountID
    /// The password for which the token is valid; see ``Account/passwordGeneration``. A new password invalidates it.
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
