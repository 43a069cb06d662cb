/// Finds out whose doing it is that much is lost: by sending no more than arrives.
///
/// Of what is sent beyond a limit, such as that of a token bucket (tc-tbf(8)) whose burst was taken for the bandwidth, nothing is lost
/// any more when less is sent. Of what a radio link loses its share, as much is lost as before; then all goes on as before.
struct LossTrial {
    /// What a round trip that has ended says of the bandwidth.
    enum Verdict: Equatable {
        case nothing
        /// The path carries so many bytes a second.
        case limit(Double)
        /// Sending less did not help: the path carries what was known before, bytes a second.
        case random(Double)
    }

    /// More than a fifth is lost.
    static let share = 0.2
    /// A break of the path is over in one round trip, for none ends while it lasts.
    private static let patience = 2
    /// Of this many the first may still have losses of what was sent before.
    private static let rounds = 3
    /// For how long losses are taken for random that were found to be.
    private static let memory = TransferDuration.seconds(Int64(10))

    private var badRounds = 0
    private var roundsLeft = 0
    private var shareBefore = 0.0
    private var knownBefore = 0.0
    private var randomUntil = TransferInstant.zero

    /// - Parameters:
    ///   - lost: bytes found lost in the round trip.
    ///   - delivered: bytes acknowledged in it.
    ///   - known: the bandwidth as measured before, bytes a second.
    ///   - time: how long the round trip took.
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
