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
    /// Those below what the handshake needs are for paths that came to carry less.
    private static let steps = [Self.least, 700, 1000, Self.base, 1280, 1400, 1432, 1452, 1472, 4096, 8952]
    /// What the handshake takes, and so every path at first (RFC 9000 §14).
    static let base = 1200
    /// The least that is ever gone down to: with the headers of IPv4 and UDP it is below the 576 bytes that every host takes (RFC 791).
    static let least = 512
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
    /// Which search this is. What became of the probes of an earlier one, before the path or what it carries changed, says nothing.
    private(set) var generation: UInt64 = 0

    init(_ configuration: TransferConfiguration) {
        initial = max(configuration.initialDatagramSize, Self.base)
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

    /// Everything of the size in use seems to vanish (RFC 8899 §4.3): goes down to the size that every path had at first, and from there
    /// a step each time. What is larger is searched again, and what did not pass when the raise timer says so.
    /// - Returns: the new size of datagrams; nil where there is no smaller one.
    mutating func blackHole() -> Int? {
        guard let smaller = current > Self.base ? Self.base : Self.steps.last(where: { $0 < current }) else { return nil }
        begin(from: smaller, upTo: current - 1)
        return current
    }

    /// The size was made smaller, and that was not it: any other may be searched again.
    mutating func reopen() { begin(from: current, upTo: min(maximum, peerMaximum)) }

    /// Nothing is known of another path (RFC 9000 §14.3).
    /// - Returns: the size of datagrams to begin with.
    mutating func pathChanged() -> Int {
        worthwhile = Self.ethernet
        begin(from: initial, upTo: min(maximum, peerMaximum))
        return current
    }

    private mutating func begin(from size: Int, upTo ceiling: Int) {
        self.ceiling = ceiling
        current = size
        currentSmall = min(size, 1472)
        inFlight = nil
        attempts = 0
        searchedAt = nil
        generation += 1
    }
}
