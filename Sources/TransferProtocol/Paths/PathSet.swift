import Connectivity

/// The paths of a connection: the one in use, one that is being validated, and those of which packets are still under way (RFC 9000 §9).
///
/// The connection moves to the path on which the peer sends, as soon as that path is validated. Either side may move, or both.
///
/// A path that goes through a relay is worse than a direct one, and always there. The sender chooses between them: it proposes a direct path
/// once a search has found one (``propose(_:at:)``) and falls back to the relay when the direct path is silent (``fallBack(at:)``). Until the
/// receiver has followed, its packets come on the other path, which moves nothing.
struct PathSet {
    /// What a validated response or an arrived packet changed.
    enum Move: Equatable {
        case none
        /// The peer has another port: the network path is the same (RFC 9000 §9.4).
        case port
        /// Another path is in use, of which little is known.
        case path
    }

    /// What is to be sent for the validation of a path.
    enum Outgoing {
        case challenge(UInt64, on: Path, size: Int)
        case response(UInt64, to: NetworkPath, size: Int)
    }

    private static let maximumResponses = 4
    /// Former paths whose packets are still told apart.
    private static let maximumFormer = 4

    private(set) var current: Path
    /// A path other than the current one on which the peer has sent.
    private(set) var candidate: Path?
    private(set) var former: [Path] = []
    private var responses: [(path: NetworkPath, challenge: UInt64, size: Int)] = []
    /// Where the highest-numbered packet that is no probe arrived: there the peer is (RFC 9000 §9.3).
    private var latest: NetworkPath
    /// Whether the peer's latest packets have come on the path in use, which sends from where they came to: then a further one changes
    /// nothing.
    private var isSettled = true
    private var generations: UInt32 = 1
    private let configuration: TransferConfiguration
    /// Whether datagrams leave from the address at which the peer's arrive; else the kernel chooses.
    private let pinsSource: Bool
    private let seed: UInt64
    private var peerMaximum = Int.max
    /// Whether this side chooses between a relay and a direct path.
    private let choosesPath: Bool
    /// Where the peer is reached through a relay; nil while it is not.
    var relayed: NetworkAddress?

    /// - Parameters:
    ///   - pinsSource: whether datagrams leave from the address at which the peer's arrive, as from a host that is known by an address.
    ///   - choosesPath: whether this side chooses between a relay and a direct path; else it follows.
    ///   - seed: for the random choices of the congestion controllers.
    init(
        _ addresses: NetworkPath, pinsSource: Bool, choosesPath: Bool = false, _ configuration: TransferConfiguration, seed: UInt64,
        at now: TransferInstant
    ) {
        self.configuration = configuration
        self.pinsSource = pinsSource
        self.choosesPath = choosesPath
        self.seed = seed
        latest = addresses
        current = Path(
            generation: 0, addresses: addresses, source: pinsSource ? addresses.local : .any, mtu: PathMTU(configuration, firstSearch: 0),
            at: now
        ) {
            Self.makeController(configuration, datagramSize: $0, seed: seed)
        }
    }

    private static func makeController(_ configuration: TransferConfiguration, datagramSize: Int, seed: UInt64)
        -> any CongestionController
    {
        switch configuration.congestionControl {
        case .cubic: Cubic(datagramSize: datagramSize)
        case .bbr: BBR(datagramSize: datagramSize, seed: seed)
        }
    }

    private mutating func makePath(_ addresses: NetworkPath, at now: TransferInstant) -> Path {
        let number = nextGeneration()
        var mtu = PathMTU(configuration, firstSearch: UInt64(number) << 32)
        mtu.limit(toPeerMaximum: limit(of: addresses))
        return Path(generation: number, addresses: addresses, source: source(addresses), mtu: mtu, at: now) { [configuration, seed] in
            Self.makeController(configuration, datagramSize: $0, seed: seed)
        }
    }

    private func source(_ addresses: NetworkPath) -> LocalAddress { pinsSource ? addresses.local : .any }

    private mutating func nextGeneration() -> UInt32 {
        defer { generations += 1 }
        return generations
    }

    /// Sets the only path, where the handshake was answered or the peer proven.
    mutating func begin(on addresses: NetworkPath) {
        current.addresses = addresses
        current.source = source(addresses)
        current.mtu.limit(toPeerMaximum: limit(of: addresses))
        latest = addresses
    }

    /// Leaves the choice of this host's address to the kernel, because the one in use is gone or nothing arrives at it, until a packet of
    /// the peer arrives.
    mutating func releaseSource() {
        current.source = .any
        isSettled = false
    }

    /// The longest datagram that the peer accepts, bytes, on whatever path.
    mutating func limit(toPeerMaximum size: Int) {
        peerMaximum = size
        current.mtu.limit(toPeerMaximum: limit(of: current.addresses))
    }

    /// The longest datagram that may be sent on a path, bytes.
    private func limit(of addresses: NetworkPath) -> Int {
        addresses.remote.isRelayed ? min(peerMaximum, RelayDatagram.maximumPayload) : peerMaximum
    }

    /// The path that a packet was sent on; nil if its fate counts for none.
    @inline(__always) func path(_ generation: UInt32) -> Path? {
        generation == current.generation ? current : other(generation)
    }

    @inline(never) private func other(_ generation: UInt32) -> Path? {
        if let candidate, candidate.generation == generation { return candidate }
        return former.first { $0.generation == generation }
    }

    /// The longest of the round-trip times on paths with packets under way.
    var longestRoundTrip: TransferDuration { former.reduce(current.rtt.smoothed) { max($0, $1.rtt.smoothed) } }

    /// Records an authentic packet.
    /// - Parameters:
    ///   - isHighest: whether no packet with a higher number has arrived. A late one says nothing about where the peer is.
    ///   - isProbe: whether it only validates a path (RFC 9000 §9.1).
    @inline(__always)
    mutating func received(on addresses: NetworkPath, bytes: Int, isHighest: Bool, isProbe: Bool, at now: TransferInstant) -> Move {
        if isSettled, addresses == current.addresses { return .none }
        return considered(addresses, bytes: bytes, isHighest: isHighest, isProbe: isProbe, at: now)
    }

    private mutating func considered(
        _ addresses: NetworkPath, bytes: Int, isHighest: Bool, isProbe: Bool, at now: TransferInstant
    ) -> Move {
        if isHighest, !isProbe { latest = addresses }
        learnLocal(addresses)
        if addresses == current.addresses {
            if isHighest { current.source = source(addresses) }
            isSettled = latest == current.addresses && current.source == source(addresses)
            return .none
        }
        isSettled = false
        if let candidate, candidate.addresses == addresses {
            candidate.challenge.received(bytes: bytes)
            return moveIfValidated()
        }
        guard isHighest else { return .none }
        if addresses.remote.isRelayed { return isProbe || choosesPath ? .none : follow(addresses, at: now) }
        if let candidate, !candidate.challenge.mayBeReplaced { return .none }
        let path = makePath(addresses, at: now)
        path.challenge.received(bytes: bytes)
        candidate = path
        return .none
    }

    /// A path that was proposed is not known by this host's address before the first packet comes on it.
    private mutating func learnLocal(_ addresses: NetworkPath) {
        if current.addresses.local == .any, current.addresses.remote == addresses.remote { current.addresses = addresses }
        if let candidate, candidate.addresses.local == .any, candidate.addresses.remote == addresses.remote {
            candidate.addresses = addresses
        }
    }

    /// Moves to the relay, as the peer has. Nothing is to be proven of it: what is sent there goes to the relay, which has proven itself.
    private mutating func follow(_ addresses: NetworkPath, at now: TransferInstant) -> Move {
        let path = makePath(addresses, at: now)
        path.ecn = current.ecn.forAnotherPath()
        if let candidate { keep(candidate) }
        candidate = nil
        keep(current)
        current = path
        return .path
    }

    /// Validates a direct path to an address at which the peer has answered a search, and moves there as soon as that has succeeded, wherever
    /// the peer sends.
    mutating func propose(_ address: NetworkAddress, at now: TransferInstant) {
        guard address != current.addresses.remote else { return }
        if let candidate, candidate.addresses.remote == address {
            candidate.isChosen = true
            return
        }
        let path = makePath(NetworkPath(remote: address, local: .any), at: now)
        path.isChosen = true
        // The search has proven the address: the challenges need not wait for bytes from there.
        path.challenge.allow()
        if let candidate { keep(candidate) }
        candidate = path
        isSettled = false
    }

    /// Moves to the relay at once, because the path in use is silent.
    mutating func fallBack(at now: TransferInstant) -> Move {
        guard choosesPath, let relayed, !current.isRelayed else { return .none }
        return follow(NetworkPath(remote: relayed, local: .any), at: now)
    }

    /// Queues the response to a PATH_CHALLENGE.
    /// - Parameter bytes: the size of the challenge's datagram. The response has the same size: the return path must carry what this one
    ///   does, and a stranger who sends a copy gets no amplification.
    mutating func challenged(on addresses: NetworkPath, _ challenge: UInt64, bytes: Int) {
        guard responses.count < Self.maximumResponses else { return }
        responses.append((NetworkPath(remote: addresses.remote, local: source(addresses)), challenge, min(PathMTU.base, bytes)))
    }

    /// Records a PATH_RESPONSE. It proves the path of its challenge, wherever it arrives (RFC 9000 §8.2.3): the peer may send it to an
    /// address of this side that is about to be left.
    mutating func answered(_ response: UInt64, at now: TransferInstant) -> Move {
        guard let candidate, let took = candidate.challenge.answered(response, at: now) else {
            return .none
        }
        candidate.addRoundTrip(took, ackDelay: .zero, at: now)
        return moveIfValidated()
    }

    /// Moves to the candidate once it is validated and the peer sends there.
    private mutating func moveIfValidated() -> Move {
        guard let candidate, candidate.challenge.isAnswered, candidate.isChosen || latest == candidate.addresses else { return .none }
        self.candidate = nil
        if candidate.addresses.hasSameHosts(as: current.addresses) {
            current.addresses = candidate.addresses
            current.source = candidate.source
            keep(candidate)
            return .port
        }
        candidate.ecn = current.ecn.forAnotherPath()
        keep(current)
        current = candidate
        return .path
    }

    private mutating func keep(_ path: Path) {
        former.removeAll { $0.elicitingInFlight == 0 }
        if former.count == Self.maximumFormer { former.removeFirst() }
        former.append(path)
    }

    /// The path's present state says nothing of what it carries: see ``Path/beginAnew(as:)``.
    mutating func beginAnew() { current.beginAnew(as: nextGeneration()) }

    mutating func next(
        challenge: @autoclosure () -> UInt64, maximumAckDelay: TransferDuration, at now: TransferInstant
    ) -> Outgoing? {
        if let last = responses.popLast() { return .response(last.challenge, to: last.path, size: last.size) }
        guard let path = candidate else { return nil }
        let pause = (path.rtt.hasSample ? path : current).rtt.probeTimeout(maximumAckDelay: maximumAckDelay)
        if let (data, size) = path.challenge.next(data: challenge(), probeTimeout: pause, at: now) {
            return .challenge(data, on: path, size: size)
        }
        expire(at: now)
        return nil
    }

    /// Gives up a candidate that never answered.
    mutating func expire(at now: TransferInstant) {
        guard let path = candidate, path.challenge.isOver(at: now) else { return }
        candidate = nil
        keep(path)
    }

    var nextTimeout: TransferInstant? { candidate?.challenge.nextTimeout }
}
