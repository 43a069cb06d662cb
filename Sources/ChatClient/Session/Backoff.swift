/// The waits between attempts to connect: doubling from half a second to half a minute, each shortened at random by up to half,
/// so that the clients of a restarted server do not come all at once.
struct Backoff: Sendable {
    static let first: Int64 = 500
    static let longest: Int64 = 30_000

    private var next = Backoff.first
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func reset() { next = Backoff.first }

    /// Milliseconds to wait before the next attempt.
    /// - Parameter floor: wait at least that long, where the server has named a time.
    mutating func wait(atLeast floor: Int64 = 0) -> Int64 {
        let full = next
        next = min(Backoff.longest, next * 2)
        return max(floor, full - Int64(random() % UInt64(full / 2)))
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    private mutating func random() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
