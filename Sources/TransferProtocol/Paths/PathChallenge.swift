/// The validation of a path: challenges that are sent on it, and what their answer proves (RFC 9000 §8.2).
struct PathChallenge {
    private struct Sent {
        let data: UInt64
        let at: TransferInstant
    }

    private static let maximumAttempts = 6
    /// Challenges of the minimum datagram size, which prove that the path carries it (RFC 9000 §8.2.1). A path that only carries less is
    /// better than none, so the last ones are smaller.
    private static let fullAttempts = 3
    /// A challenge shorter than this does not fit a sealed packet.
    private static let leastSize = 64

    private var sent: [Sent] = []
    private var attempts = 0
    private(set) var nextAt: TransferInstant
    /// Bytes that may still be sent on the path: three times those received, until it is validated.
    private var allowance = 0
    private(set) var isAnswered = false

    init(at now: TransferInstant) { nextAt = now }

    /// Whether a newer path may replace this one: it had two challenges and did not answer.
    var mayBeReplaced: Bool { attempts >= 2 || isAnswered }

    mutating func received(bytes: Int) { allowance += 3 * bytes }

    /// Lets all challenges be sent, to an address that the peer has proven to have.
    mutating func allow() { allowance += Self.maximumAttempts * PathMTU.base }

    /// Whether the path never answered and is given up.
    func isOver(at now: TransferInstant) -> Bool { !isAnswered && attempts >= Self.maximumAttempts && nextAt <= now }

    /// When the next challenge is due, or the path is given up; nil once it has answered.
    var nextTimeout: TransferInstant? { isAnswered ? nil : nextAt }

    /// The next challenge, if one is due.
    /// - Parameters:
    ///   - data: unpredictable bytes, new for each challenge, so that an answer belongs to one of them (RFC 9000 §8.2.1).
    ///   - probeTimeout: the time until the next one.
    mutating func next(data: @autoclosure () -> UInt64, probeTimeout: TransferDuration, at now: TransferInstant) -> (UInt64, size: Int)? {
        guard !isAnswered, nextAt <= now, attempts < Self.maximumAttempts else { return nil }
        let size = min(attempts < Self.fullAttempts ? PathMTU.base : PathMTU.least, allowance)
        attempts += 1
        nextAt = now + probeTimeout
        guard size >= Self.leastSize else { return nil }
        allowance -= size
        let challenge = Sent(data: data(), at: now)
        sent.append(challenge)
        return (challenge.data, size)
    }

    /// - Returns: the round-trip time if the response is to one of the challenges.
    mutating func answered(_ response: UInt64, at now: TransferInstant) -> TransferDuration? {
        guard !isAnswered, let challenge = sent.first(where: { $0.data == response }) else { return nil }
        isAnswered = true
        sent = []
        return max(now - challenge.at, .microseconds(1))
    }
}
