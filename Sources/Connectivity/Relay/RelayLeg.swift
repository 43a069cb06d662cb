/// One side's way to the relay: binds its leg and keeps it bound, over UDP, and over a stream where the relay does not answer over UDP.
///
/// - A bind is sent to each address of the relay at 0, 150, 400 and 800 ms, and then every second until one is answered; the first
///   challenge is answered, the others are not. It is sent anew every ten seconds, which keeps the router's mapping and tells the relay
///   where the leg is; and at once after ``rebind(at:)``.
/// - After ``usualStreamWait`` without an answer it wants a stream (``wantsStream``). While one is open all goes over it.
///
/// The driver sends what ``nextDatagram(at:)`` gives until that is nil, whenever ``nextTimeout`` is over and after each call of another
/// function.
public struct RelayLeg: Sendable {
    public enum Via: Hashable, Sendable {
        case address(NetworkAddress)
        case stream
    }

    public enum State: Equatable, Sendable {
        case binding
        /// - rate: what the relay passes on, bytes a second.
        case bound(Via, rate: Int)
        case refused(RelayRefusal)
    }

    public enum Received: Equatable, Sendable {
        /// It was for the leg itself, or for nobody.
        case nothing
        /// What the other leg has sent is behind the header.
        case data
    }

    /// When a bind is sent, after the first.
    static let schedule: [Duration] = [.zero, .milliseconds(150), .milliseconds(400), .milliseconds(800)]
    static let pause = Duration.seconds(1)
    /// Between two binds of ``rebind(at:)``: the relay answers one network seldom.
    static let leastPause = Duration.milliseconds(500)
    static let keepInterval = Duration.seconds(10)
    /// How long the relay may be silent over UDP before a stream is wanted: the schedule, and a slow round trip.
    public static let usualStreamWait = Duration.milliseconds(1200)

    public let grant: RelayGrant
    private let addresses: [NetworkAddress]
    private let streamWait: Duration
    private var random: any RandomNumberGenerator & Sendable
    public private(set) var state = State.binding
    /// The nonce of the present round of binds, and when the round began; nil between two rounds.
    private var round: (nonce: UInt64, since: Duration)?
    private var sent = 0
    /// When the latest bind was sent.
    private var sentAt = Duration.seconds(-1)
    /// When the next bind is due.
    private var due: Duration
    private var queue: [(bytes: [UInt8], to: Via)] = []
    /// The address whose challenge of the present round was answered.
    private var chosen: NetworkAddress?
    /// Whether a stream is open.
    public private(set) var hasStream = false
    private var now: Duration

    /// - Parameters:
    ///   - addresses: of the relay; four at most are used.
    ///   - streamWait: how long it may be silent before a stream is wanted.
    public init(
        _ grant: RelayGrant, relay addresses: [NetworkAddress], streamWait: Duration = RelayLeg.usualStreamWait,
        random: any RandomNumberGenerator & Sendable, at now: Duration
    ) {
        self.grant = grant
        self.streamWait = streamWait
        self.addresses = Array(addresses.prefix(4))
        self.random = random
        self.now = now
        due = now
    }

    /// Whether the relay has not answered over UDP for so long that a stream is to be opened.
    public var wantsStream: Bool {
        guard !hasStream, let round else { return false }
        if case .refused = state { return false }
        return now >= round.since + streamWait
    }

    /// Binds anew, as after a change of this machine's address, or when nothing comes through the relay any longer. However often it is
    /// called, binds are ``leastPause`` apart.
    public mutating func rebind(at now: Duration) {
        self.now = max(self.now, now)
        if case .refused = state { return }
        if round == nil { beginRound() }
        due = min(due, max(self.now, sentAt + Self.leastPause))
    }

    public mutating func streamOpened(at now: Duration) {
        self.now = max(self.now, now)
        hasStream = true
        beginRound()
    }

    public mutating func streamClosed(at now: Duration) {
        self.now = max(self.now, now)
        guard hasStream else { return }
        hasStream = false
        if case .bound(.stream, _) = state { state = .binding }
        beginRound()
    }

    private mutating func beginRound() {
        round = (random.next(), now)
        sent = 0
        chosen = nil
        due = now
    }

    /// The last message, for the driver to send at the end.
    public func release() -> (bytes: [UInt8], to: Via)? {
        guard case .bound(let via, _) = state else { return nil }
        return (RelayControl(.release, grant, nonce: 0).encoded(grant), via)
    }

    public mutating func nextDatagram(at now: Duration) -> (bytes: [UInt8], to: Via)? {
        self.now = max(self.now, now)
        if let next = queue.popLast() { return next }
        guard self.now >= due else { return nil }
        if case .refused = state { return nil }
        if round == nil { beginRound() }
        guard let round else { return nil }
        sent += 1
        sentAt = self.now
        due = sent < Self.schedule.count ? max(self.now, round.since + Self.schedule[sent]) : self.now + Self.pause
        // Whoever was chosen and has been silent since may be followed by another.
        if sent > Self.schedule.count { chosen = nil }
        let bind = RelayControl(.bind, grant, nonce: round.nonce).encoded(grant)
        queue = (hasStream ? [.stream] : targets.map { .address($0) }).map { (bind, $0) }
        return queue.popLast()
    }

    /// Where binds are sent: a leg that is bound keeps to the relay's address that it has, until that has been silent for a while.
    private var targets: [NetworkAddress] {
        if case .bound(.address(let address), _) = state, sent < Self.schedule.count { return [address] }
        return addresses
    }

    public var nextTimeout: Duration? {
        if !queue.isEmpty { return now }
        if case .refused = state { return nil }
        guard !hasStream, let round, now < round.since + streamWait else { return due }
        return min(due, round.since + streamWait)
    }

    /// Takes a datagram that begins as those of relays do.
    public mutating func receive(_ datagram: UnsafeRawBufferPointer, from via: Via, at now: Duration) -> Received {
        self.now = max(self.now, now)
        if RelayDatagram.dataLeg(datagram) == grant.leg {
            guard case .bound(via, _) = state else { return .nothing }
            return .data
        }
        guard let message = RelayControl(unproven: datagram), message.leg == grant.leg, message.nonce == round?.nonce,
            RelayControl.isAuthentic(datagram, grant)
        else { return .nothing }
        switch (message.kind, via) {
        case (.challenge, .address(let address)):
            guard !hasStream, chosen == nil || chosen == address, addresses.contains(address) else { return .nothing }
            chosen = address
            queue.append((message.answer(.answer, body: message.body).encoded(grant), via))
        case (.bound, _):
            guard hasStream == (via == .stream) else { return .nothing }
            let rate = message.body.withUnsafeBytes { $0.bigEndian(at: 0, as: UInt64.self) }
            state = .bound(via, rate: Int(clamping: rate))
            round = nil
            due = self.now + Self.keepInterval
            queue = []
        case (.refused, _):
            guard let reason = RelayRefusal(rawValue: message.body[0]) else { return .nothing }
            state = .refused(reason)
            queue = []
        default: break
        }
        return .nothing
    }
}
