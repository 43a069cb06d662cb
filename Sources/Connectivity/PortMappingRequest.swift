/// Asks a router to pass on what comes to a UDP port of it from outside, by PCP (RFC 6887) or, if the router speaks only that, by NAT-PMP
/// (RFC 6886): others can then reach this machine as if there were no NAT.
///
/// The router is asked at 0, 250, 750, 1750 and 3750 ms, and given up after 7.75 s: 13 small datagrams at most. A mapping lasts for an hour,
/// or as long as the router says, and is renewed in the middle of that. A mapping that is lost is asked for again, every ten minutes at
/// most; a router that does not answer or refuses for good is left alone.
///
/// What the router says is believed only if it can be true: it comes from the router's address, repeats the nonce or the port, and states
/// an address and a port that anybody on the Internet could have. Else the mapping is given back.
///
/// The driver sends to the router what ``nextDatagram(at:)`` gives until that is nil, whenever ``nextTimeout`` is over and after each call
/// of another function.
public struct PortMappingRequest: Sendable {
    /// The port of a router for both protocols (RFC 6887 §19.1).
    public static let routerPort: UInt16 = 5351
    /// What is asked for, in seconds.
    static let lifetime: UInt32 = 3600
    /// A router that grants less is refused: the mapping would have to be renewed every few seconds.
    static let shortestLifetime: UInt32 = 30
    static let longestLifetime: UInt32 = 86_400
    /// When the router is asked, after the start of a round.
    static let schedule: [Duration] = [.zero, .milliseconds(250), .milliseconds(750), .milliseconds(1750), .milliseconds(3750)]
    /// When a round without an answer is over.
    static let patience = Duration.milliseconds(7750)
    /// The least time between two rounds of renewals (RFC 6887 §11.2.1).
    static let shortestPause = Duration.seconds(4)
    static let retryInterval = Duration.seconds(600)
    /// When a mapping is given back, after ``release(at:)``; what follows is not waited for.
    static let releaseSchedule: [Duration] = [.zero, .milliseconds(100), .milliseconds(300)]
    static let releasePatience = Duration.milliseconds(500)

    public enum State: Equatable, Sendable {
        /// No answer yet.
        case asking
        /// Others reach this machine's port at this address.
        case mapped(NetworkAddress)
        case refused(Refusal)
        /// Given back; nothing more is sent.
        case released
    }

    public enum Refusal: Equatable, Sendable {
        /// The router does not answer.
        case silent
        /// The router answers with an error: a result of PCP, or of NAT-PMP.
        case error(UInt16)
        /// The router maps the port to an address that cannot be reached from everywhere: there is another NAT behind it.
        case notPublic(NetworkAddress)
        /// What the router answers makes no sense: port 0, or no time at all.
        case nonsense
    }

    private enum Language {
        case unknown, pcp, natPMP
    }

    private struct Mapping {
        var external: NetworkAddress
        var expiresAt: Duration
        /// When the next round of renewal begins.
        var renewAt: Duration
    }

    /// Requests of one kind until they are answered.
    private struct Round {
        let startedAt: Duration
        /// How many entries of the schedule are used.
        var sent = 0
    }

    private let router: NetworkAddress
    private let client: NetworkAddress
    private let internalPort: UInt16
    private let nonce: PCPMessage.Nonce
    private var language = Language.unknown
    private var epoch = RouterEpoch()
    private var round: Round?
    private var lastRoundAt: Duration
    private var mapping: Mapping?
    private var refusal: Refusal?
    /// When a mapping that was lost is asked for again.
    private var retryAt: Duration?
    /// NAT-PMP answers in two datagrams.
    private var externalIP: UInt32?
    private var externalPort: (port: UInt16, lifetime: UInt32)?
    private var releasing: Round?
    private var isReleased = false
    private var outgoing: [[UInt8]] = []
    private var now: Duration

    /// - Parameters:
    ///   - router: the default gateway, with ``routerPort``.
    ///   - client: this machine's address towards it, in any port.
    ///   - internalPort: the UDP port to map.
    public init(
        router: NetworkAddress, client: NetworkAddress, internalPort: UInt16, random: inout some RandomNumberGenerator, at now: Duration
    ) {
        self.router = router
        self.client = client
        self.internalPort = internalPort
        nonce = PCPMessage.Nonce(random: &random)
        round = Round(startedAt: now)
        lastRoundAt = now
        self.now = now
    }

    public var state: State {
        if isReleased { return .released }
        if let mapping { return .mapped(mapping.external) }
        return refusal.map { .refused($0) } ?? .asking
    }

    /// Gives the mapping back. It is over when the ``state`` is ``State/released``, half a second later at most.
    public mutating func release(at now: Duration) {
        advance(to: now)
        guard releasing == nil, !isReleased else { return }
        // A request without an answer may have been granted.
        guard mapping != nil || round != nil else {
            isReleased = true
            return
        }
        round = nil
        retryAt = nil
        releasing = Round(startedAt: now)
    }

    // MARK: Driving it

    /// The next datagram for the router; nil if there is none at this time.
    public mutating func nextDatagram(at now: Duration) -> [UInt8]? {
        advance(to: now)
        if outgoing.isEmpty { makeRequests() }
        return outgoing.isEmpty ? nil : outgoing.removeFirst()
    }

    /// Takes a datagram that came to the socket from which the router is asked.
    public mutating func receive(_ datagram: UnsafeRawBufferPointer, from: NetworkAddress, at now: Duration) {
        advance(to: now)
        guard !isReleased, from == router, let version = datagram.first else { return }
        switch version {
        case PCPMessage.version: if let response = PCPMessage.response(datagram) { take(response) }
        case NATPMPMessage.version: if client.ipv4 != nil, let response = NATPMPMessage.response(datagram) { take(response) }
        default: break
        }
    }

    /// When ``nextDatagram(at:)`` is to be called, if nothing comes before; nil for not at all.
    public var nextTimeout: Duration? {
        if isReleased { return nil }
        if let releasing { return Self.due(releasing, Self.releaseSchedule) ?? releasing.startedAt + Self.releasePatience }
        let due = round.map { Self.due($0, Self.schedule) ?? $0.startedAt + Self.patience }
        return [due, round == nil ? mapping?.renewAt : nil, mapping?.expiresAt, retryAt].compactMap(\.self).min()
    }

    private static func due(_ round: Round, _ schedule: [Duration]) -> Duration? {
        round.sent < schedule.count ? round.startedAt + schedule[round.sent] : nil
    }

    private mutating func advance(to now: Duration) {
        self.now = max(self.now, now)
        if isReleased { return }
        if let releasing {
            if self.now >= releasing.startedAt + Self.releasePatience { end() }
            return
        }
        if let round, self.now >= round.startedAt + Self.patience {
            self.round = nil
            if mapping == nil { refuse(.silent, isForNow: retryAt != nil || refusal != nil) }
        }
        if let mapping, self.now >= mapping.expiresAt {
            self.mapping = nil
            round = nil
            // There may be another router at the same address.
            language = .unknown
            epoch = RouterEpoch()
            refuse(.silent, isForNow: true)
        }
        if let mapping, round == nil, self.now >= mapping.renewAt { beginRound() }
        if let due = retryAt, self.now >= due {
            retryAt = nil
            beginRound()
        }
    }

    private mutating func beginRound() {
        externalIP = nil
        externalPort = nil
        round = Round(startedAt: now)
        lastRoundAt = now
        // While a renewal has no answer, it is repeated in the middle of what is left (RFC 6887 §11.2.1).
        if let expiresAt = mapping?.expiresAt { mapping?.renewAt = now + max(Self.shortestPause + Self.patience, (expiresAt - now) / 2) }
    }

    private mutating func makeRequests() {
        if var releasing {
            guard let due = Self.due(releasing, Self.releaseSchedule), due <= now else { return }
            releasing.sent += 1
            self.releasing = releasing
            outgoing = requests(lifetime: 0)
        } else if var round {
            guard let due = Self.due(round, Self.schedule), due <= now else { return }
            // A driver that was held up does not catch up on what it missed.
            while let due = Self.due(round, Self.schedule), due <= now { round.sent += 1 }
            self.round = round
            outgoing = requests(lifetime: Self.lifetime)
        }
    }

    private func requests(lifetime: UInt32) -> [[UInt8]] {
        let wanted = lifetime == 0 ? nil : mapping?.external
        let anywhere = client.ipv4 == nil ? NetworkAddress(high: 0, low: 0, port: 0) : NetworkAddress(ipv4: 0, port: 0)
        // The port that was mapped before, else the same number as within, by which NATs that keep ports need no more than the mapping.
        let suggestion =
            lifetime == 0
            ? anywhere : wanted ?? NetworkAddress(high: anywhere.high, low: anywhere.low, port: internalPort)
        let pcp = PCPMessage.request(
            client: client, internalPort: internalPort, suggesting: suggestion, lifetime: lifetime, nonce: nonce)
        let natPMP =
            (lifetime == 0 || externalIP != nil ? [] : [NATPMPMessage.externalAddressRequest])
            + [NATPMPMessage.mappingRequest(internalPort: internalPort, suggesting: suggestion.port, lifetime: lifetime)]
        return switch language {
        case .pcp: [pcp]
        case .natPMP: natPMP
        // A router of NAT-PMP answers to PCP that it does not know it (RFC 6887 appendix A); some are silent instead.
        case .unknown: client.ipv4 == nil || (round?.sent ?? 0) < 2 && lifetime > 0 ? [pcp] : [pcp] + natPMP
        }
    }

    // MARK: Answers

    private mutating func take(_ response: PCPMessage.Response) {
        guard response.nonce == nonce, response.internalPort == internalPort, language != .natPMP else { return }
        language = .pcp
        if releasing != nil {
            // An error, too, means that this side cannot do more.
            return end()
        }
        noteEpoch(response.epoch)
        // A late answer to a request that is repeated.
        guard round != nil else { return }
        guard response.result == 0 else {
            return fail(UInt16(response.result), isForNow: PCPMessage.transientResults.contains(response.result))
        }
        grant(response.external, lifetime: response.lifetime)
    }

    private mutating func take(_ response: NATPMPMessage.Response) {
        switch response {
        case .failed(_, NATPMPMessage.unsupportedVersion) where language == .unknown:
            // It is NAT-PMP that it speaks: this is its answer to PCP.
            language = .natPMP
            if releasing != nil { releasing = Round(startedAt: now) } else if round != nil { beginRound() }
        case .failed(_, let result):
            // The answer to a repeated question of PCP may come late.
            guard language != .pcp, result != NATPMPMessage.unsupportedVersion else { return }
            language = .natPMP
            if releasing != nil { return end() }
            fail(result, isForNow: NATPMPMessage.transientResults.contains(result))
        case .externalAddress(let address, let epoch):
            guard language != .pcp else { return }
            language = .natPMP
            noteEpoch(epoch)
            guard round != nil else { return }
            externalIP = address
            grantIfKnown()
        case .mapping(internalPort, let port, let lifetime, let epoch):
            guard language != .pcp else { return }
            language = .natPMP
            if releasing != nil {
                // The answer to an earlier request may come late.
                if lifetime == 0 { end() }
                return
            }
            noteEpoch(epoch)
            guard round != nil else { return }
            externalPort = (port, lifetime)
            grantIfKnown()
        case .mapping: break
        }
    }

    /// A router that has forgotten its mappings is asked again; what it said of its address before does not count. The pause bounds what a
    /// router can cause by a clock that jumps.
    private mutating func noteEpoch(_ seconds: UInt32) {
        guard epoch.hasBegunAnew(seconds, at: now) else { return }
        externalIP = nil
        externalPort = nil
        if let renewAt = mapping?.renewAt { mapping?.renewAt = min(renewAt, lastRoundAt + Self.shortestPause) }
    }

    private mutating func grantIfKnown() {
        guard let externalIP, let externalPort else { return }
        grant(NetworkAddress(ipv4: externalIP, port: externalPort.port), lifetime: externalPort.lifetime)
    }

    private mutating func grant(_ external: NetworkAddress, lifetime: UInt32) {
        guard external.port != 0, lifetime >= Self.shortestLifetime, (external.ipv4 == nil) == (client.ipv4 == nil) else {
            return giveBack(.nonsense)
        }
        guard external.isGlobal else { return giveBack(.notPublic(external)) }
        let seconds = Duration.seconds(Int64(min(lifetime, Self.longestLifetime)))
        round = nil
        refusal = nil
        retryAt = nil
        mapping = Mapping(external: external, expiresAt: now + seconds, renewAt: now + seconds / 2)
    }

    /// Tells the router that its mapping is of no use.
    private mutating func giveBack(_ refusal: Refusal) {
        mapping = nil
        round = nil
        outgoing = requests(lifetime: 0)
        refuse(refusal, isForNow: false)
    }

    private mutating func fail(_ result: UInt16, isForNow: Bool) {
        guard round != nil else { return }
        round = nil
        // A mapping whose renewal fails lasts until its end.
        guard mapping == nil else { return }
        refuse(.error(result), isForNow: isForNow)
    }

    private mutating func refuse(_ refusal: Refusal, isForNow: Bool) {
        self.refusal = refusal
        retryAt = isForNow ? now + Self.retryInterval : nil
    }

    private mutating func end() {
        releasing = nil
        mapping = nil
        outgoing = []
        isReleased = true
    }
}
