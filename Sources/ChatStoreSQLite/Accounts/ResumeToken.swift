import ChatProtocol
import ChatStore
import Crypto
import FoundationEssentials

/// A token that replaces the password for a while, so that a client that lost its connection, or ten thousand at once, log in without a
/// costly hash.
///
/// It has 256 random bits. They cannot be guessed, so the store keeps a plain SHA-256.
package struct ResumeToken: Sendable {
    /// Its lifetime, seconds: fourteen days.
    package static let seconds = 14 * 86_400
    /// The most tokens of one account at a time.
    static let perAccount = 32

    package let text: String

    package init() {
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        text = ResumeTokenText.prefix + bytes.map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
    }

    /// A token that a client has sent.
    package init(_ text: String) { self.text = text }

    package var hash: Data { Data(SHA256.hash(data: Data(text.utf8))) }

    /// The record to store for the token.
    func grant(to account: AccountID, passwordGeneration: Int = 0, at now: Timestamp) -> TokenGrant {
        TokenGrant(
            hash: Array(hash), account: account, passwordGeneration: passwordGeneration,
            expires: now.adding(milliseconds: Int64(ResumeToken.seconds) * 1000), at: now)
    }
}
