/// Finds out how large datagrams may be (RFC 8899): probes between what is known to pass and what may be tried.
///
/// Beyond what Ethernet carries, size is worth its price only on a fast path: on a slow one a large datagram is a burst, and fills
/// a queue that would have held many. So a size above 1500 is tried when the path carries it in a quarter of a millisecond, and
/// given up when that takes more than one.
struct PathMTU {
    private let maximum: Int
    /// The peer takes no more.
    private(set) var peerMaximum = Int.max
    /// Known to pass.
    private(set) var current: Int
    private let initial: Int
    /// Sizes worth trying, ascending: tunnels and PPPoE, Ethernet over IPv6 and IPv4, jumbo frames, the loopback.
    private static let steps = [1280, 1400, 1432, 1452, 1472, 4096, 8952]
    private static let ethernet = 1500
    private static let maximumAttempts = 3
    /// What did not pass is tried again after so long: the path may be another (RFC 8899 §5.1.1, PMTU_RAISE_TIMER).
    private static let raiseAfter = TransferDuration.seconds(Int64(60))
    private var searchedAt: TransferInstant?

    private var ceiling: Int
    private var attempts = 0
    private var inFlight: Int?
    /// The largest size up to Ethernet's that is known to pass.
    private var currentSmall: Int
    /// What the rate allows.
    private var worthwhile = Self.ethernet

    init(_ configuration: TransferConfiguration) {
        initial = max(configuration.initialDatagramSize, 1200)
        maximum = max(configuration.maximumDatagramSize, initial)
        current = initial
        currentSmall = min(initial, Self.ethernet)
        ceiling = maximum
    }

    mutating func limit(toPeerMaximum size: Int) {
        peerMaximum = size
        ceiling = min(maximum, size)
    }

    /// The size of the probe to send, nil if there is none to send.
    var nextProbe: Int? {
        guard inFlight == nil else { return nil }
        // The largest first: most paths are one of two kinds, and one round trip tells.
        return candidates.last
    }

    /// Begins the search anew a while after it ended.
    mutating func raise(at now: TransferInstant) {
        guard inFlight == nil, candidates.isEmpty else { return }
        guard let since = searchedAt else {
            searchedAt = now
            return
        }
        guard now - since >= Self.raiseAfter else { return }
        searchedAt = nil
        ceiling = min(maximum, peerMaximum)
    }

    private var candidates: [Int] {
        var sizes = Self.steps.filter { $0 > current && $0 < ceiling && $0 <= worthwhile }
        if ceiling > current, ceiling <= worthwhile { sizes.append(ceiling) }
        return sizes
    }

    mutating func sent(_ size: Int) { inFlight = size }

    /// - Returns: the new size of datagrams, if it changed.
    mutating func acknowledged(_ size: Int) -> Int? {
        if inFlight == size { inFlight = nil }
        attempts = 0
        guard size > current else { return nil }
        current = size
        currentSmall = max(currentSmall, min(size, 1472))
        return size
    }

    /// Takes note of the path's rate, bytes a second.
    /// - Returns: the new size of datagrams, if it had to become smaller.
    mutating func fit(rate: Double) -> Int? {
        worthwhile = max(Self.ethernet, Int(min(rate * 0.00025, 1e9)))
        guard current > Self.ethernet, Double(current) > rate * 0.001 else { return nil }
        current = currentSmall
        return current
    }

    /// A probe was lost: after three of a size the next smaller one is tried.
    mutating func lost(_ size: Int) {
        guard inFlight == size else { return }
        inFlight = nil
        attempts += 1
        if attempts >= Self.maximumAttempts { refused(size) }
    }

    /// The size does not pass (the kernel said so, or three probes were lost).
    mutating func refused(_ size: Int) {
        if inFlight == size { inFlight = nil }
        attempts = 0
        ceiling = candidates.last { $0 < size } ?? current
    }

    /// Everything of the full size seems to vanish (RFC 8899 §4.3): begin again from the size every path has.
    mutating func blackHole() -> Int? {
        guard current > 1200 else { return nil }
        ceiling = current - 1
        current = min(initial, 1200)
        currentSmall = current
        inFlight = nil
        attempts = 0
        return current
    }
}
