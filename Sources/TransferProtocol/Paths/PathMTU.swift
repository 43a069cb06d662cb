/// Path MTU discovery (RFC 8899): probes sizes between the one known to pass and the largest allowed.
///
/// Beyond Ethernet's size, larger datagrams pay off only on a fast path: on a slow one a large datagram is a burst, and takes queue space
/// of many. So a size above 1500 is probed if the path carries it in a quarter of a millisecond, and given up if that takes more than one.
struct PathMTU {
    private let maximum: Int
    /// The largest datagram that the peer accepts, bytes.
    private(set) var peerMaximum = Int.max
    /// The size in use, which is known to pass.
    private(set) var current: Int
    /// Sizes worth probing, ascending: tunnels and PPPoE, Ethernet over IPv6 and IPv4, jumbo frames, the loopback. Those below ``base`` are
    /// for paths that come to carry less.
    private static let steps = [Self.least, 700, 1000, Self.base, 1280, 1400, 1432, 1452, 1472, 4096, 8952]
    /// The minimum datagram size of every path, which the handshake proves (RFC 9000 §14).
    static let base = 1200
    /// The smallest size ever used: with the headers of IPv4 and UDP it is below the 576 bytes that every host accepts (RFC 791).
    static let least = 512
    private static let ethernet = 1500
    private static let maximumAttempts = 3
    /// A size that failed is probed again after this time: the path may have changed (RFC 8899 §5.1.1, PMTU_RAISE_TIMER).
    private static let raiseAfter = TransferDuration.seconds(Int64(60))
    private var searchedAt: TransferInstant?

    private var ceiling: Int
    private var attempts = 0
    private var inFlight: Int?
    /// The largest size up to Ethernet's that is known to pass.
    private var currentSmall: Int
    /// The largest size that the rate makes worth probing.
    private var worthwhile = Self.ethernet
    /// The number of the search. Results of probes of an earlier search, before the path or its MTU changed, are ignored.
    private(set) var generation: UInt64

    /// - Parameter firstSearch: the number of the first search; those of another path of the connection lie 2^32 away.
    init(_ configuration: TransferConfiguration, firstSearch: UInt64 = 0) {
        generation = firstSearch
        let initial = max(configuration.initialDatagramSize, Self.base)
        maximum = max(configuration.maximumDatagramSize, initial)
        current = initial
        currentSmall = min(initial, Self.ethernet)
        ceiling = maximum
    }

    mutating func limit(toPeerMaximum size: Int) {
        peerMaximum = size
        ceiling = min(maximum, size)
    }

    /// The size of the next probe; nil if there is none to send.
    var nextProbe: Int? {
        guard inFlight == nil else { return nil }
        // The largest first: most paths are of one of two kinds, and one round trip decides.
        return candidates.last
    }

    /// Restarts the search a while after it ended.
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

    /// - Returns: the new datagram size if it changed.
    mutating func acknowledged(_ size: Int) -> Int? {
        if inFlight == size { inFlight = nil }
        attempts = 0
        guard size > current else { return nil }
        current = size
        currentSmall = max(currentSmall, min(size, 1472))
        return size
    }

    /// Adapts to the path's rate, bytes a second.
    /// - Returns: the new datagram size if it had to shrink.
    mutating func fit(rate: Double) -> Int? {
        worthwhile = max(Self.ethernet, Int(min(rate * 0.00025, 1e9)))
        guard current > Self.ethernet, Double(current) > rate * 0.001 else { return nil }
        current = currentSmall
        return current
    }

    /// Records the loss of a probe: after three of a size, the next smaller one is probed.
    mutating func lost(_ size: Int) {
        guard inFlight == size else { return }
        inFlight = nil
        attempts += 1
        if attempts >= Self.maximumAttempts { refused(size) }
    }

    /// Records that the size does not pass: the kernel refused it, or three probes were lost.
    mutating func refused(_ size: Int) {
        if inFlight == size { inFlight = nil }
        attempts = 0
        ceiling = candidates.last { $0 < size } ?? current
    }

    /// Reduces the size because everything of the present one seems to be lost (RFC 8899 §4.3): to ``base``, and from there by a step each
    /// time. Sizes below the old one are searched again at once, others when the raise timer expires.
    /// - Returns: the new datagram size; nil if there is no smaller one.
    mutating func blackHole() -> Int? {
        guard let smaller = current > Self.base ? Self.base : Self.steps.last(where: { $0 < current }) else { return nil }
        begin(from: smaller, upTo: current - 1)
        return current
    }

    /// Restarts the search after a reduction that did not help.
    mutating func reopen() { begin(from: current, upTo: min(maximum, peerMaximum)) }

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
