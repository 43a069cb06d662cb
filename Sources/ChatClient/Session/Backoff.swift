/// Exponential backoff with jitter: the waits between attempts to connect double from half a second to half a minute. Each is shortened at
/// random by up to half, so that the clients of a restarted server do not connect all at once.
struct Backoff: Sendable {
    static let first: Int64 = 500
    static let longest: Int64 = 30_000

    private var next = Backoff.first
    private var random: any RandomNumberGenerator & Sendable

    init(random: any RandomNumberGenerator & Sendable) { self.random = random }

    mutating func reset() { next = Backoff.first }

    /// Milliseconds to wait before the next attempt.
    /// - Parameter floor: the shortest wait.
    mutating func wait(atLeast floor: Int64 = 0) -> Int64 {
        let full = next
        next = min(Backoff.longest, next * 2)
        return max(floor, full - Int64.random(in: 0..<full / 2, using: &random))
    }
}
