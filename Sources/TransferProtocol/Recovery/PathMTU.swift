/// Finds out how large datagrams may be (RFC 8899): probes between what is known to pass and what may be tried.
struct PathMTU {
    private let maximum: Int
    /// The peer takes no more.
    private(set) var peerMaximum = Int.max
    /// Known to pass.
    private(set) var current: Int
    private let initial: Int
    /// Sizes worth trying, ascending: tunnels and PPPoE, Ethernet over IPv6 and IPv4, jumbo frames, the loopback.
    private static let steps = [1280, 1400, 1432, 1452, 1472, 4096, 8952, 16_384, 32_768, 65_000]
    private static let maximumAttempts = 3

    private var ceiling: Int
    private var attempts = 0
    private var inFlight: Int?

    init(_ configuration: TransferConfiguration) {
        initial = max(configuration.initialDatagramSize, 1200)
        maximum = max(configuration.maximumDatagramSize, initial)
        current = initial
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

    private var candidates: [Int] {
        var sizes = Self.steps.filter { $0 > current && $0 < ceiling }
        if ceiling > current { sizes.append(ceiling) }
        return sizes
    }

    mutating func sent(_ size: Int) { inFlight = size }

    /// - Returns: the new size of datagrams, if it changed.
    mutating func acknowledged(_ size: Int) -> Int? {
        if inFlight == size { inFlight = nil }
        attempts = 0
        guard size > current else { return nil }
        current = size
        return size
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
        inFlight = nil
        attempts = 0
        return current
    }
}
