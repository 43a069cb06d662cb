/// When an event loop polls its connections for what TCP has acknowledged, and how many of them at a time.
///
/// A poll covers few connections, because everybody waits meanwhile; each connection's turn comes within a second; polls are rare where nothing moves.
struct AckPollSchedule {
    /// Milliseconds in which all watched connections have their turn.
    private var round = AckPollSchedule.shortest
    /// Connections polled since one of them moved.
    private var still = 0
    /// Milliseconds between two polls.
    private static let shortest: Int64 = 20
    private static let longestRound: Int64 = 1000
    /// In one round: at the shortest pause it takes a second.
    private static let mostPolls = 50
    /// Connections in one poll where as many are watched.
    private static let least = 16

    /// How many of the watched connections one poll covers.
    static func atOnce(watched: Int) -> Int { min(watched, max(least, watched / mostPolls)) }

    /// Milliseconds until the next poll.
    func pause(watched: Int) -> Int64 {
        let count = max(1, AckPollSchedule.atOnce(watched: watched))
        let polls = Int64(max(1, (watched + count - 1) / count))
        return max(AckPollSchedule.shortest, round / polls)
    }

    /// Another connection is watched.
    /// - Returns: whether the poll that is scheduled is too late for it.
    mutating func recordAddition() -> Bool {
        defer {
            round = AckPollSchedule.shortest
            still = 0
        }
        return round > AckPollSchedule.shortest
    }

    /// - Parameters:
    ///   - count: connections that were polled.
    ///   - hasMoved: whether TCP has acknowledged more at one of them.
    ///   - watched: connections that are left.
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
