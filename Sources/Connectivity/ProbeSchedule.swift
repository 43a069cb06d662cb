/// When one address is probed.
struct ProbeSchedule: Sendable {
    /// After the start of probing; close together at first, for a NAT's mapping opens only with the second of two probes that cross.
    static let times: [Duration] = [0, 100, 200, 400, 700, 1100, 1600, 2200, 3000, 4000, 5000].map { .milliseconds($0) }
    /// After the last probe an answer is waited for this long.
    static let lastWait = Duration.seconds(1)
    /// From the start of probing to its end without an answer.
    static var span: Duration { (times.last ?? .zero) + lastWait }

    private let start: Duration
    private var next = 0

    init(start: Duration) { self.start = start }

    /// When the next probe is due; nil after the last.
    var due: Duration? { next < Self.times.count ? start + Self.times[next] : nil }

    /// Counts a probe that is sent at `now`; those that were missed before, because the driver was held up, are not made up for.
    mutating func advance(past now: Duration) {
        while let due, due <= now { next += 1 }
    }
}
