/// Decides when an event loop polls its connections for TCP acknowledgements, and how many of them at a time.
///
/// One poll covers few connections, because the loop does nothing else meanwhile. Each connection has its turn within a second. Polls are
/// rare while nothing moves.
struct AckPollSchedule {
    /// The milliseconds in which all watched connections have their turn.
    private var round = AckPollSchedule.shortest
    /// Connections polled since one of them moved.
    private var still = 0
    /// The shortest pause between two polls, milliseconds.
    private static let shortest: Int64 = 20
    private static let longestRound: Int64 = 1000
    /// The most polls in one round. At the shortest pause they take a second.
    private static let mostPolls = 50
    /// The fewest connections in one poll, if that many are watched.
    private static let least = 16

    /// The number of watched connections that one poll covers.
    static func atOnce(watched: Int) -> Int { min(watched, max(least, watched / mostPolls)) }

    /// The milliseconds until the next poll.
    func pause(watched: Int) -> Int64 {
        let count = max(1, AckPollSchedule.atOnce(watched: watched))
        let polls = Int64(max(1, (watched + count - 1) / count))
        return max(AckPollSchedule.shortest, round / polls)
    }

    /// Takes a new connection into account.
    /// - Returns: whether the scheduled poll is too late for it.
    mutating func recordAddition() -> Bool {
        defer {
            round = AckPollSchedule.shortest
            still = 0
        }
        return round > AckPollSchedule.shortest
    }

    /// Takes a poll into account.
    /// - Parameters:
    ///   - count: connections that were polled.
    ///   - hasMoved: whether TCP has acknowledged more at one of them.
    ///   - watched: connections that remain watched.
    mutating func recordPoll(of count: Int, hasMoved: Bool, watched: Int) {
        guard !hasMoved else {
            round = AckPollSchedule.shortest
            still = 0
            return
        }
        still += count
        guard still >= watched else { return }
        still = 0
        round = min(round * 2, AckPollSchedule.longestRound)
    }
}
