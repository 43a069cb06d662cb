/// One side of the search for a direct path between two sockets, each of which may be behind NATs: probes all addresses that the peer names,
/// from the socket that will carry the data, until one answers.
///
/// - The answering side makes its finder before it sends its answer (ACCEPT), and sends what ``nextDatagram(at:)`` gives at once: one probe
///   with the small time to live ``primerTimeToLive`` to each global address of the offer. It opens this side's own NAT and comes nowhere
///   near the other's, where a stranger's early datagram may occupy the port that the peer would get. Its real probes begin when the first
///   authentic datagram comes, or when its patience is over: by then the offering side should have the answer and have probed.
/// - The offering side makes its finder when it knows the answer, and probes at once.
/// - Each address is probed at 0, 100, 200, 400, 700, 1100, 1600, 2200, 3000, 4000 and 5000 ms. An authentic probe from an unknown address
///   makes that an address to probe, too (peer-reflexive, RFC 8445 §7.3.1.3); four at most.
/// - The offering side decides: the first answer on loopback, a private or link-local address or IPv6 wins at once; otherwise the best that
///   has answered 50 ms after the first answer, by the peer's order and then by the round trip.
///
/// **Bounds**, whatever the peer or a stranger sends: ``maximumBytes`` (UDP payload) are sent in one search to all addresses together; at
/// most 12 probes to an address that does not answer (11 and the primer); at most one answer for a probe, which has the size of the probe, and
/// 64 in all. A replayed probe is answered at most once to each address that it comes from, and a replay can add one of the four
/// peer-reflexive addresses, but not win: an answer counts only from the address that was probed and with the nonce of that probe, which
/// whoever is not there has not seen.
///
/// **Time**: the search ends 6 s after its start, on the answering side its patience later (6.25 s); after ``addCandidates(_:at:)`` 6 s after that, but 15 s after
/// the start at the latest. The times count from when the driver begins to send.
///
/// The driver calls ``nextDatagram(at:)`` until it is nil whenever ``nextTimeout`` is over, and after each call of another function; it
/// keeps the finder after its end, for the peer's probes are still answered. Times are since an arbitrary start of a monotonic clock.
public struct PathFinder: Sendable {
    public enum State: Equatable, Sendable {
        case searching
        /// The peer's address that answers, and the time from the probe to its answer.
        case found(NetworkAddress, roundTrip: Duration)
        /// No address has answered in time.
        case failed
    }

    public struct Outgoing: Equatable, Sendable {
        public let bytes: [UInt8]
        public let to: NetworkAddress
        /// The IPv4 time to live or IPv6 hop limit to send it with; nil for the system's.
        public let timeToLive: UInt8?
    }

    /// UDP payload of one search, bytes: 230 probes and 64 answers of 51.
    public static let maximumBytes = 15_000
    static let maximumProbes = 230
    static let maximumAnswers = 64
    /// Addresses that the peer has named, with those of ``addCandidates(_:at:)``.
    static let maximumNamed = 2 * Candidates.maximum
    static let maximumPeerReflexive = 4
    /// Enough to leave a home's router and a carrier's NAT, too little to reach those of somebody else.
    public static let primerTimeToLive: UInt8 = 4
    /// The patience of the answering side: that of an owner who knows nothing better, and the most.
    public static let usualPatience = Duration.milliseconds(250)
    static let greatestPatience = Duration.seconds(2)
    /// After the first answer, how long a better one is waited for.
    static let betterWait = Duration.milliseconds(50)
    /// From the start to the end, whatever addresses are added.
    static let longestSearch = Duration.seconds(15)

    private let role: SearchRole
    private let keys: SearchKeys
    private let includesLoopback: Bool
    private let patience: Duration
    private var random: any RandomNumberGenerator & Sendable
    private let startedAt: Duration
    /// The start of probing, if it has begun.
    private var probingSince: Duration?
    /// When the search fails; counts once probing has begun.
    private var deadline: Duration
    private var targets: [ProbeTarget] = []
    /// Probes that were sent and are not answered, by their nonce.
    private var open: [UInt64: OpenProbe] = [:]
    private var primers: [NetworkAddress] = []
    private var answers: [Outgoing] = []
    private var answered = Set<AnsweredProbe>()
    private var probesSent = 0
    /// When the offering side decides, since an address has answered.
    private var decideAt: Duration?

    public private(set) var state = State.searching
    /// This side's own address as the peer saw it: of the probe that was answered last, or on the path that was found.
    public private(set) var observed: NetworkAddress?
    /// By which a socket finds the search that a datagram is for (``ProbeDatagram/searchID(of:)``).
    public var searchID: UInt64 { keys.searchID }

    private struct OpenProbe {
        let address: NetworkAddress
        let sentAt: Duration
    }

    private struct AnsweredProbe: Hashable {
        let nonce: UInt64
        let from: NetworkAddress
    }

    /// - Parameters:
    ///   - secret: of the transfer, 32 bytes.
    ///   - candidates: what the peer names, best first. It need not be checked: what could reach several hosts or none is not probed, nor is
    ///     more than ``Candidates/maximum``.
    ///   - includesLoopback: whether the peer may be on this machine, so that its loopback addresses are probed.
    ///   - patience: how long the answering side is silent after its primers if nothing comes; 2 s at most. It should be longer than its
    ///     answer takes to the offering side, whose router may else meet these probes as a stranger's.
    public init(
        role: SearchRole, secret: [UInt8], candidates: [NetworkAddress], includesLoopback: Bool = false,
        patience: Duration = PathFinder.usualPatience, random: any RandomNumberGenerator & Sendable, at now: Duration
    ) {
        self.role = role
        self.includesLoopback = includesLoopback
        self.patience = min(max(.zero, patience), Self.greatestPatience)
        self.random = random
        keys = SearchKeys(secret: secret, role: role)
        startedAt = now
        deadline = now + ProbeSchedule.span
        for (rank, address) in Candidates.remoteCandidates(candidates, includesLoopback: includesLoopback).enumerated() {
            name(address, rank: rank, at: now)
        }
        if role == .offering { beginProbing(at: now) }
    }

    // MARK: What happens

    /// Takes addresses that the peer names later; those that are known already change nothing. They have a schedule of their own.
    public mutating func addCandidates(_ candidates: [NetworkAddress], at now: Duration) {
        advance(to: now)
        guard state == .searching else { return }
        var isNew = false
        for (rank, address) in Candidates.remoteCandidates(candidates, includesLoopback: includesLoopback).enumerated() {
            isNew = name(address, rank: rank, at: now) || isNew
        }
        if isNew { deadline = max(deadline, min(now + ProbeSchedule.span, startedAt + Self.longestSearch)) }
    }

    /// Takes a datagram that came to the socket.
    /// - Returns: whether it was an authentic probe or answer of this search.
    public mutating func receive(_ datagram: UnsafeRawBufferPointer, from: NetworkAddress, at now: Duration) -> Bool {
        advance(to: now)
        guard from.port != 0, let message = ProbeDatagram(datagram, keys: keys) else { return false }
        if state == .searching { beginProbing(at: now) }
        switch message.content {
        case .probe:
            answer(message.nonce, to: from)
            learn(from, at: now)
        case .answer(let seen): take(message.nonce, seen: seen, from: from, at: now)
        }
        return true
    }

    /// The next datagram to send; nil if there is none at this time.
    public mutating func nextDatagram(at now: Duration) -> Outgoing? {
        advance(to: now)
        if !answers.isEmpty { return answers.removeFirst() }
        guard state == .searching, probesSent < Self.maximumProbes else { return nil }
        if !primers.isEmpty { return probe(primers.removeFirst(), timeToLive: Self.primerTimeToLive, at: now) }
        guard let index = targets.firstIndex(where: { $0.due.map { $0 <= now } ?? false }) else { return nil }
        targets[index].schedule?.advance(past: now)
        return probe(targets[index].address, at: now)
    }

    /// When ``nextDatagram(at:)`` is to be called, if nothing comes before; nil for not at all.
    public var nextTimeout: Duration? {
        if !answers.isEmpty { return startedAt }
        guard state == .searching else { return nil }
        let canProbe = probesSent < Self.maximumProbes
        if canProbe, !primers.isEmpty { return startedAt }
        guard probingSince != nil else { return startedAt + patience }
        let due = canProbe ? targets.compactMap(\.due).min() : nil
        return [due, decideAt, deadline].compactMap(\.self).min()
    }

    // MARK: Addresses

    /// Takes an address that the peer names.
    /// - Returns: whether it is probed for that reason.
    @discardableResult private mutating func name(_ address: NetworkAddress, rank: Int, at now: Duration) -> Bool {
        if let index = targets.firstIndex(where: { $0.address == address }) {
            targets[index].rank = min(targets[index].rank, rank)
            return false
        }
        guard targets.count(where: \.isNamed) < Self.maximumNamed else { return false }
        targets.append(ProbeTarget(address: address, rank: rank, schedule: probingSince.map { _ in ProbeSchedule(start: now) }))
        if role == .answering, probingSince == nil, address.isGlobal { primers.append(address) }
        return true
    }

    /// Takes an address from which an authentic probe came.
    private mutating func learn(_ address: NetworkAddress, at now: Duration) {
        guard state == .searching, !targets.contains(where: { $0.address == address }),
            targets.count(where: { !$0.isNamed }) < Self.maximumPeerReflexive, address.isReachable(includingLoopback: true)
        else { return }
        targets.append(ProbeTarget(address: address, rank: ProbeTarget.unnamed, schedule: ProbeSchedule(start: now)))
    }

    // MARK: Probes and answers

    private mutating func beginProbing(at now: Duration) {
        guard probingSince == nil else { return }
        probingSince = now
        deadline = now + ProbeSchedule.span
        for index in targets.indices { targets[index].schedule = ProbeSchedule(start: now) }
    }

    private mutating func probe(_ address: NetworkAddress, timeToLive: UInt8? = nil, at now: Duration) -> Outgoing {
        let nonce = random.next()
        open[nonce] = OpenProbe(address: address, sentAt: now)
        probesSent += 1
        return Outgoing(
            bytes: ProbeDatagram(nonce: nonce, content: .probe).encoded(keys: keys), to: address, timeToLive: timeToLive)
    }

    private mutating func answer(_ nonce: UInt64, to address: NetworkAddress) {
        guard answered.count < Self.maximumAnswers, answered.insert(AnsweredProbe(nonce: nonce, from: address)).inserted else { return }
        answers.append(
            Outgoing(
                bytes: ProbeDatagram(nonce: nonce, content: .answer(seen: address)).encoded(keys: keys), to: address, timeToLive: nil))
    }

    private mutating func take(_ nonce: UInt64, seen: NetworkAddress, from: NetworkAddress, at now: Duration) {
        guard state == .searching, let probe = open[nonce], probe.address == from,
            let index = targets.firstIndex(where: { $0.address == from })
        else { return }
        open[nonce] = nil
        guard targets[index].answer == nil else { return }
        targets[index].answer = ProbeTarget.Answer(roundTrip: now - probe.sentAt, seen: seen)
        observed = seen
        if role == .answering || from.ipv4 == nil || from.isLoopback || from.isPrivate || from.isLinkLocal {
            decide(for: targets[index])
        } else if decideAt == nil {
            decideAt = now + Self.betterWait
        }
    }

    // MARK: The end

    private mutating func advance(to now: Duration) {
        guard state == .searching else { return }
        if let decideAt {
            guard now >= decideAt || now >= deadline else { return }
            let best = targets.filter { $0.answer != nil }.min { ($0.rank, $0.roundTrip) < ($1.rank, $1.roundTrip) }
            if let best { decide(for: best) }
        } else if probingSince == nil {
            if now >= startedAt + patience { beginProbing(at: now) }
        } else if now >= deadline {
            state = .failed
        }
    }

    private mutating func decide(for target: ProbeTarget) {
        guard let answer = target.answer else { return }
        state = .found(target.address, roundTrip: answer.roundTrip)
        observed = answer.seen
    }
}
