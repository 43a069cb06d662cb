/// An address that is probed.
struct ProbeTarget: Sendable {
    struct Answer: Sendable {
        let roundTrip: Duration
        /// Where the probe came from, as the peer saw it.
        let seen: NetworkAddress
    }

    /// The rank of an address that the peer has not named, but sent a probe from.
    static let unnamed = Int.max

    let address: NetworkAddress
    /// Its place in the peer's order.
    var rank: Int
    /// Nil before probing begins.
    var schedule: ProbeSchedule?
    /// To the first probe that was answered.
    var answer: Answer?

    var isNamed: Bool { rank != Self.unnamed }
    var roundTrip: Duration { answer?.roundTrip ?? .zero }
    /// When it is probed next: an address that has answered is not probed again.
    var due: Duration? { answer == nil ? schedule?.due : nil }
}
