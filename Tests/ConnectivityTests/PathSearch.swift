import Connectivity
import NetworkSimulator
import TestSupport

/// A search between two simulated hosts, as a transfer makes it: the offering side asks STUN servers, and its offer takes its candidates to
/// the answering side. That asks, too, primes and sends its own candidates back; then both probe. The messages of the chat are reliable and
/// take their time.
struct PathSearch {
    /// One side, with its way to the public network.
    struct Home {
        var routers: [RouterModel]
        var publicAddress: NetworkAddress
        /// Behind a firewall the host has a public address, too.
        var hostAddress: NetworkAddress
        var ipv6: NetworkAddress?

        init(_ kind: NATKind, publicAddress: NetworkAddress, routed: NetworkAddress, privateAddress: NetworkAddress) {
            routers = kind.routers
            self.publicAddress = publicAddress
            hostAddress = kind == .none ? publicAddress : kind == .firewall ? routed : privateAddress
        }

        /// Both homes use the same private network, as homes do.
        static func offering(_ kind: NATKind) -> Home {
            Home(
                kind, publicAddress: .ip(198, 51, 100, 10, port: 40_000), routed: .ip(198, 51, 100, 74, port: 40_000),
                privateAddress: .ip(192, 168, 1, 10, port: 40_000))
        }

        static func answering(_ kind: NATKind) -> Home {
            Home(
                kind, publicAddress: .ip(192, 0, 2, 10, port: 50_000), routed: .ip(192, 0, 2, 74, port: 50_000),
                privateAddress: .ip(192, 168, 1, 20, port: 50_000))
        }
    }

    enum Place {
        /// The answering side is in a home of its own.
        case elsewhere
        /// It is in the offering side's network, whose hosts perhaps do not reach each other.
        case sameNetwork(isIsolated: Bool)
    }

    var offering: Home
    var answering: Home
    var place = Place.elsewhere
    /// How long the answering side is busy after it has sent its answer.
    var late = Duration.zero
    /// The time that a message of the chat takes.
    var signalling = Duration.milliseconds(40)
    var patience = PathFinder.usualPatience
    /// How long the offer waits for its answer, and whether the offering side keeps its mapping open for so long.
    var waiting = Duration.zero
    var keepsMapping = true
    /// Whether the answering side sends its primers.
    var primes = true
    var loss = 0.0
    var seed: UInt64 = 1

    init(_ offering: NATKind, _ answering: NATKind) {
        self.offering = .offering(offering)
        self.answering = .answering(answering)
    }

    struct Outcome {
        /// How long each side has searched, and what came of it.
        var offering: PathFinder.State
        var offeringTime: Duration
        var answering: PathFinder.State
        var answeringTime: Duration
        var offeringObserved: NetworkAddress?
        /// What the larger of the two has sent, UDP payload in bytes.
        var bytes: Int
        /// The most probes and answers that one side has sent to an address.
        var mostToOne: Int
        var longestStall: Int
        /// Whether the offering side's NAT shows as one that maps for each destination.
        var offeringMappingDepends: Bool?

        var isFound: Bool {
            if case .found = offering { return true }
            return false
        }

        var isAnsweringFound: Bool {
            if case .found = answering { return true }
            return false
        }

        var address: NetworkAddress? {
            if case .found(let address, _) = offering { return address }
            return nil
        }
    }

    private static let servers: [NetworkAddress] = [.ip(203, 0, 113, 10, port: 3478), .ip(203, 0, 113, 11, port: 3478)]

    func run() -> Outcome {
        let network = SimulatedNetwork(seed: seed)
        network.loss = loss
        for (index, server) in Self.servers.enumerated() { network.addHost([server], STUNServer(seed: seed &+ UInt64(index))) }
        let one = SearchingHost(offering, servers: Self.servers, seed: seed &* 4 &+ 1)
        let other = SearchingHost(answering, servers: Self.servers, seed: seed &* 4 &+ 2)
        other.patience = patience
        other.primes = primes
        var isIsolated = false
        if case .sameNetwork(true) = place { isIsolated = true }
        let home = network.addHome(offering.routers, publicAddress: offering.publicAddress, isIsolated: isIsolated)
        network.addHost(one.addresses, in: home, one)
        var otherHome = home
        if case .elsewhere = place { otherHome = network.addHome(answering.routers, publicAddress: answering.publicAddress) }
        let otherHost = network.addHost(other.addresses, in: otherHome, other)

        network.run(for: .seconds(3)) { one.query.isSettled }
        let offer = one.candidates
        one.keepMapping(keepsMapping)
        network.run(for: waiting)
        other.askAnew(at: network.now)
        network.run(for: .seconds(3)) { other.query.isSettled }
        network.after(signalling) {
            other.begin(.answering, offer, at: network.now)
            // The primers leave before the answer to the offer does; then it is busy with something else.
            network.after(.microseconds(1)) { otherHost.busyUntil = network.now + late }
            network.after(signalling) { one.begin(.offering, other.candidates, at: network.now) }
        }
        network.run(for: .seconds(20)) { one.endedAt != nil && other.endedAt != nil }
        // Whoever ends first still answers; so late that nothing may be sent any more.
        network.run(for: .seconds(10))
        return Outcome(
            offering: one.finder?.state ?? .searching, offeringTime: (one.endedAt ?? network.now) - one.begunAt,
            answering: other.finder?.state ?? .searching, answeringTime: (other.endedAt ?? network.now) - other.begunAt,
            offeringObserved: one.finder?.observed, bytes: max(one.bytes, other.bytes),
            mostToOne: max(one.sent.values.max() ?? 0, other.sent.values.max() ?? 0), longestStall: network.longestStall,
            offeringMappingDepends: one.query.mappingDependsOnDestination)
    }
}

/// One side of a search, as a program on a host.
final class SearchingHost: NetworkProgram {
    let addresses: [NetworkAddress]
    private(set) var query: ReflexiveQuery
    private(set) var finder: PathFinder?
    private(set) var begunAt = Duration.zero
    private(set) var endedAt: Duration?
    /// What the finder has sent.
    private(set) var bytes = 0
    private(set) var sent: [NetworkAddress: Int] = [:]
    var patience = PathFinder.usualPatience
    var primes = true
    private let seed: UInt64

    init(_ home: PathSearch.Home, servers: [NetworkAddress], seed: UInt64) {
        addresses = [home.hostAddress] + [home.ipv6].compactMap(\.self)
        query = ReflexiveQuery(servers: servers, random: SeededGenerator(seed: seed), at: .zero)
        self.seed = seed
    }

    var candidates: [NetworkAddress] {
        var sources = CandidateSources()
        sources.globalIPv6 = addresses.filter { $0.ipv4 == nil }
        sources.publicIPv4 = addresses.filter { $0.ipv4 != nil && $0.isGlobal }
        sources.reflexive = query.reflexive
        sources.primaryPrivate = addresses.filter { $0.ipv4 != nil && $0.isPrivate }
        return Candidates(sources).named
    }

    func askAnew(at now: Duration) { query.restart(at: now) }

    func keepMapping(_ isKept: Bool) { query.isKept = isKept }

    /// Whether the candidates differ since this was asked last.
    func takeChange() -> Bool { query.takeChange() }

    func begin(_ role: SearchRole, _ candidates: [NetworkAddress], at now: Duration) {
        finder = PathFinder(
            role: role, secret: secret, candidates: candidates, patience: patience, random: SeededGenerator(seed: seed &+ 77), at: now)
        begunAt = now
    }

    func receive(_ datagram: [UInt8], from: NetworkAddress, at now: Duration) {
        datagram.withUnsafeBytes {
            if !query.receive($0, from: from, at: now) { _ = finder?.receive($0, from: from, at: now) }
        }
        noteEnd(at: now)
    }

    func nextDatagram(at now: Duration) -> SentDatagram? {
        if let (bytes, to) = query.nextDatagram(at: now) { return SentDatagram(bytes: bytes, to: to) }
        defer { noteEnd(at: now) }
        guard let next = finder?.nextDatagram(at: now) else { return nil }
        if next.timeToLive != nil, !primes { return nextDatagram(at: now) }
        bytes += next.bytes.count
        sent[next.to, default: 0] += 1
        return SentDatagram(bytes: next.bytes, to: next.to, timeToLive: next.timeToLive.map(Int.init) ?? 64)
    }

    var nextTimeout: Duration? { [query.nextTimeout, finder?.nextTimeout].compactMap(\.self).min() }

    private func noteEnd(at now: Duration) {
        if let finder, finder.state != .searching, endedAt == nil { endedAt = now }
    }
}
