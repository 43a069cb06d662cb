/// When a loop looks how far its connections' messages have come, and at how many at a time: never at many, for everybody waits meanwhile; at each within a
/// second; and seldom where nothing moves.
struct AckPollSchedule {
    /// Milliseconds between two rounds of all that are watched.
    private var round = AckPollSchedule.shortest
    /// Connections looked at since something moved.
    private var still = 0
    /// Milliseconds between two looks.
    private static let shortest: Int64 = 20
    private static let longestRound: Int64 = 1000
    /// In one round: at the shortest pause it takes a second.
    private static let mostLooks = 50
    /// Connections that are looked at together where there are as many.
    private static let least = 16

    static func atOnce(watched: Int) -> Int { min(watched, max(least, watched / mostLooks)) }

    /// Milliseconds until the next look.
    func pause(watched: Int) -> Int64 {
        let count = max(1, AckPollSchedule.atOnce(watched: watched))
        let looks = Int64(max(1, (watched + count - 1) / count))
        return max(AckPollSchedule.shortest, round / looks)
    }

    /// Another one is watched.
    /// - Returns: whether the look that is awaited is too late for it.
    mutating func noteNew() -> Bool {
        defer {
            round = AckPollSchedule.shortest
            still = 0
        }
        return round > AckPollSchedule.shortest
    }

    /// - Parameters:
    ///   - count: connections that were looked at.
    ///   - watched: those that are left.
    mutating func noteLook(at count: Int, hasMoved: Bool, watched: Int) {
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
