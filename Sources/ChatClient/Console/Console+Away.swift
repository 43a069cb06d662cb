import ChatProtocol

// The away state of this account and of others.

extension Console {
    /// Records that this account is away or back, as one of its sessions has said.
    mutating func recordAway(_ notice: ServerNotice) {
        switch notice.reply {
        case .nowAway(let text): awayText = text
        case .back: awayText = nil
        default: break
        }
    }

    /// Whether the answer to a message repeats the away message of the receiver, which a person is shown only once.
    mutating func knowsAway(_ answer: Answer, _ purpose: Purpose) -> Bool {
        guard configuration.isInteractive, case .message(.user(let user), _) = purpose else { return false }
        let key = Name.fold(user)
        for case .away(_, let text)? in answer.notices.map(\.reply) {
            if knownAway[key] == text { return true }
            // The bound limits the memory of a long session with many users.
            if knownAway.count >= 1024 { knownAway = [:] }
            knownAway[key] = text
            return false
        }
        if !answer.isFailure { knownAway[key] = nil }
        return false
    }
}
