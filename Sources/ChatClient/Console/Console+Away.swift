import ChatProtocol

// Who is away, oneself and others.

extension Console {
    /// This account is away or back, as this session or another one of it has said.
    mutating func recordAway(_ notice: ServerNotice) {
        switch notice.reply {
        case .nowAway(let text): awayText = text
        case .back: awayText = nil
        default: break
        }
    }

    /// Whether the answer to a message says again what it said before of its receiver's being away: a person reads that once.
    mutating func knowsAway(_ answer: Answer, _ purpose: Purpose) -> Bool {
        guard configuration.isInteractive, case .message(.user(let user), _) = purpose else { return false }
        let key = Name.fold(user)
        for case .away(_, let text)? in answer.notices.map(\.reply) {
            if knownAway[key] == text { return true }
            // A bound, so that a long life with many users costs no memory.
            if knownAway.count >= 1024 { knownAway = [:] }
            knownAway[key] = text
            return false
        }
        if !answer.isFailure { knownAway[key] = nil }
        return false
    }
}
