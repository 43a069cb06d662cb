import ChatProtocol
import ChatStore
import Crypto
import FoundationEssentials

/// What stands in for a password for a while, so that a client that lost its connection, and ten thousand that lost it at once, log in without a costly hash.
///
/// 256 random bits: nothing to guess, so the store keeps a plain SHA-256 of it.
package struct ResumeToken: Sendable {
    /// Fourteen days.
    package static let seconds = 14 * 86_400
    /// Of one account, at the same time.
    static let perAccount = 32

    package let text: String

    package init() {
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        text = ResumeTokenText.prefix + bytes.map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
    }

    /// One that somebody has shown.
    package init(_ text: String) { self.text = text }

    package var hash: Data { Data(SHA256.hash(data: Data(text.utf8))) }

    /// What is kept of it for an account whose password has been set so often.
    func grant(to account: AccountID, passwordGeneration: Int = 0, at now: Timestamp) -> TokenGrant {
        TokenGrant(
            hash: Array(hash), account: account, passwordGeneration: passwordGeneration,
            expires: now.adding(milliseconds: Int64(ResumeToken.seconds) * 1000), at: now)
    }
}
