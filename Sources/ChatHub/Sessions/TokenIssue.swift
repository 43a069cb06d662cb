import ChatProtocol
import ChatStore

/// A new resume token that is not stored yet.
struct MadeToken {
    let text: String
    /// The hash by which the store knows the token.
    let hash: [UInt8]
    let seconds: Int
}

// Resume tokens: a burst for each account, and then a slow rate. A client that reconnects still has its own.

extension Hub {
    /// As many as an account can have; see `ResumeToken.perAccount`.
    private static let tokensAtOnce = 32.0
    private static let tokensPerSecond = 0.1

    mutating func issueToken(_ request: Request) {
        let account = request.account.id
        var allowance =
            tokenAllowances[account] ?? TokenBucket(perSecond: Hub.tokensPerSecond, least: Hub.tokensAtOnce, at: request.at.uptime)
        let wait = allowance.trySpend(at: request.at.uptime)
        tokenAllowances[account] = allowance
        if let wait { return fail(request, .tooManyTokens(seconds: Int((wait + 999) / 1000))) }
        sessions[request.session]?.isBusy = true
        actions.append(.makeToken(newRequestID(.token(request))))
    }

    mutating func storeToken(_ request: Request, _ token: MadeToken) {
        let grant = TokenGrant(
            hash: token.hash, account: request.account.id,
            passwordGeneration: sessions[request.session]?.passwordGeneration ?? request.account.passwordGeneration,
            expires: request.at.wall.adding(milliseconds: Int64(token.seconds) * 1000), at: request.at.wall)
        record(.token(grant), then: .tokenStored(request, token))
    }
}
