/// Finds the cause of heavy loss, a rate limit or randomness, by sending no more than arrives.
///
/// Behind a rate limit, such as that of a token bucket (tc-tbf(8)) whose burst was taken for the bandwidth, the losses end when less is
/// sent. On a lossy radio link the share of losses stays the same; then the former rate is resumed.
struct LossTrial {
    /// The conclusion about the bandwidth at the end of a round trip.
    enum Verdict: Equatable {
        case nothing
        /// The path carries only this many bytes a second.
        case limit(Double)
        /// The losses are random, because sending less did not help: the path carries the former bandwidth, bytes a second.
        case random(Double)
    }

    /// The share of lost bytes above which a round trip is bad.
    static let share = 0.2
    /// Bad round trips that start a trial. An outage shows as one, because no round trip ends while it lasts.
    private static let patience = 2
    /// Round trips of a trial; the first may still show losses of what was sent before.
    private static let rounds = 3
    /// How long losses that a trial found random start no further trial.
    private static let memory = TransferDuration.seconds(Int64(10))

    private var badRounds = 0
    private var roundsLeft = 0
    private var shareBefore = 0.0
    private var knownBefore = 0.0
    private var randomUntil = TransferInstant.zero

    /// - Parameters:
    ///   - lost: bytes declared lost in the round trip.
    ///   - delivered: bytes acknowledged in it.
    ///   - known: the bandwidth measured before, bytes a second.
    ///   - time: the length of the round trip.
    mutating func roundEnded(lost: Int, delivered: Int, known: Double, time: TransferDuration, at now: TransferInstant) -> Verdict {
        let share = lost > 0 ? Double(lost) / Double(lost + delivered) : 0
        if roundsLeft > 0 {
            roundsLeft -= 1
            guard roundsLeft == 0, share > shareBefore / 2 else { return .nothing }
            randomUntil = now + Self.memory
            return .random(knownBefore)
        }
        let arrives = time > .zero ? Double(delivered) / time.inSeconds : .infinity
        guard share > Self.share, known > 2 * arrives, now >= randomUntil else {
            badRounds = 0
            return .nothing
        }
        badRounds += 1
        guard badRounds >= Self.patience else { return .nothing }
        badRounds = 0
        roundsLeft = Self.rounds
        shareBefore = share
        knownBefore = known
        return .limit(arrives)
    }
}
