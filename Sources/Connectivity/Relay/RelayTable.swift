/// Where a leg of a relay is: its address, and that of this host at which its datagrams arrive; or a stream over which they come.
public enum RelayOrigin: Hashable, Sendable {
    case address(NetworkAddress, at: LocalAddress)
    case stream(UInt64)
}

/// What a server relays at most.
public struct RelayLimits: Equatable, Sendable {
    /// For one transfer, bytes a second, both directions together.
    public var rate: Int
    /// For all transfers, bytes a second; nil for no limit.
    public var total: Int?
    /// Transfers at once whose files one account offers.
    public var perAccount: Int
    /// Transfers at once.
    public var open: Int

    public init(rate: Int = 2_000_000, total: Int? = nil, perAccount: Int = 8, open: Int = 64) {
        self.rate = rate
        self.total = total
        self.perAccount = perAccount
        self.open = open
    }
}

/// The relay of a server: which legs are bound to which addresses, and where a datagram goes.
///
/// - A datagram is passed on only from the address to which its leg is bound, and only to the address to which the other leg is bound.
/// - An address is a leg's only once somebody there has answered a challenge with the leg's key: what is sent to an address that has not
///   proven itself is a challenge, as long as the message that asked for it, at most 20 a second to one network. A challenge is for one
///   address and good until the leg is bound the next time, so a proof that is replayed binds nothing.
/// - Each transfer has its rate, and all of them have one together. What is beyond it is dropped; nothing waits here.
///
/// It is driven with each datagram that arrives, and needs no timer but ``expire(at:)`` now and then. Times are since an arbitrary start of a
/// monotonic clock.
public struct RelayTable: Sendable {
    public enum Outcome: Equatable, Sendable {
        case nothing
        /// Send these bytes to where the datagram came from.
        case answer([UInt8])
        /// Send on what follows the header (``RelayDatagram/headerSize`` bytes), behind the header of `leg`.
        case forward(to: RelayOrigin, leg: UInt64)
    }

    public struct Figures: Equatable, Sendable {
        /// Transfers with a leg that is bound.
        public var open = 0
        /// Bytes passed on, without headers.
        public var bytes = 0
        /// Datagrams of proven legs that were dropped: over a rate, or before the other leg was bound.
        public var dropped = 0
        /// Legs that were refused.
        public var refused = 0

        public init(open: Int = 0, bytes: Int = 0, dropped: Int = 0, refused: Int = 0) {
            self.open = open
            self.bytes = bytes
            self.dropped = dropped
            self.refused = refused
        }
    }

    private struct Leg {
        var origin: RelayOrigin?
        var heardAt = Duration.zero
        /// How often it was bound: what a challenge is good for.
        var generation: UInt64 = 0
    }

    private struct Relay {
        /// That of the side that offers, and the other.
        var offering = Leg()
        var answering = Leg()
        let account: UInt64
        var bucket: ByteBucket

        subscript(_ leg: UInt64) -> Leg {
            get { leg & 1 == 0 ? offering : answering }
            set { if leg & 1 == 0 { offering = newValue } else { answering = newValue } }
        }
    }

    /// A leg that has not been heard for so long is gone. A client is heard every ten seconds.
    static let silence = Duration.seconds(45)
    private static let controlsPerSecond = 20

    private let key: RelayGrantKey
    private let cookieSalt: UInt64
    public let limits: RelayLimits
    private var limit: NetworkLimit
    /// By the id of the leg that is even.
    private var relays: [UInt64: Relay] = [:]
    /// The legs of streams.
    private var streams: [UInt64: Set<UInt64>] = [:]
    private var total: ByteBucket?
    private var checkedAt = Duration.zero
    public private(set) var figures = Figures()

    public init(_ limits: RelayLimits, key: RelayGrantKey, random: inout some RandomNumberGenerator) {
        self.limits = limits
        self.key = key
        cookieSalt = random.next()
        limit = NetworkLimit(perSecond: Self.controlsPerSecond, random: &random)
        total = limits.total.map { ByteBucket(rate: $0) }
    }

    /// Takes a datagram.
    /// - Parameter wallClock: seconds since 1970.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, from origin: RelayOrigin, at now: Duration, wallClock: UInt32
    ) -> Outcome {
        expire(at: now)
        if let leg = RelayDatagram.dataLeg(datagram) {
            return pass(datagram.count - RelayDatagram.headerSize, of: leg, from: origin, at: now)
        }
        guard let message = RelayControl(unproven: datagram) else { return .nothing }
        if case .address(let address, _) = origin {
            guard address.port != 0, limit.admits(address, at: now) else { return .nothing }
        }
        let grant = key.grant(leg: message.leg, expires: message.expires, account: message.account)
        guard RelayControl.isAuthentic(datagram, grant) else { return .nothing }
        switch message.kind {
        case .bind:
            if relays[Self.relay(of: message.leg)]?[message.leg].origin != origin, case .address = origin {
                return .answer(message.answer(.challenge, body: cookie(for: message.leg, origin)).encoded(grant))
            }
            return bind(message, grant, origin, at: now, wallClock)
        case .answer:
            guard message.body == cookie(for: message.leg, origin) else { return .nothing }
            return bind(message, grant, origin, at: now, wallClock)
        case .release:
            if relays[Self.relay(of: message.leg)]?[message.leg].origin == origin { unbind(message.leg) }
            return .nothing
        case .challenge, .bound, .refused: return .nothing
        }
    }

    private static func relay(of leg: UInt64) -> UInt64 { leg & ~1 }

    private func cookie(for leg: UInt64, _ origin: RelayOrigin) -> [UInt8] {
        guard case .address(let address, _) = origin else { return [] }
        let generation = relays[Self.relay(of: leg)]?[leg].generation ?? 0
        return key.cookie([cookieSalt, leg, generation, address.high, address.low, UInt64(address.port), UInt64(address.scope)])
    }

    private mutating func bind(
        _ message: RelayControl, _ grant: RelayGrant, _ origin: RelayOrigin, at now: Duration, _ wallClock: UInt32
    ) -> Outcome {
        let (leg, id) = (message.leg, Self.relay(of: message.leg))
        if let refusal = relays[id] == nil ? refusal(grant, wallClock) : nil {
            figures.refused += 1
            return .answer(message.answer(.refused, body: [refusal.rawValue]).encoded(grant))
        }
        var relay = relays[id] ?? Relay(account: grant.account, bucket: ByteBucket(rate: limits.rate))
        if relay[leg].origin != origin {
            if case .stream(let old)? = relay[leg].origin { forget(leg, of: old) }
            if case .stream(let new) = origin { streams[new, default: []].insert(leg) }
            relay[leg].origin = origin
            relay[leg].generation += 1
        }
        relay[leg].heardAt = now
        relays[id] = relay
        figures.open = relays.count
        var body: [UInt8] = []
        body.append(bigEndian: UInt64(limits.total.map { min(limits.rate, $0) } ?? limits.rate))
        body.append(relay[leg ^ 1].origin == nil ? 0 : 1)
        return .answer(message.answer(.bound, body: body).encoded(grant))
    }

    private func refusal(_ grant: RelayGrant, _ wallClock: UInt32) -> RelayRefusal? {
        guard grant.expires > wallClock else { return .expired }
        guard relays.count < limits.open else { return .full }
        return relays.values.count { $0.account == grant.account } < limits.perAccount ? nil : .accountLimit
    }

    private mutating func pass(_ bytes: Int, of leg: UInt64, from origin: RelayOrigin, at now: Duration) -> Outcome {
        let id = Self.relay(of: leg)
        // The origin is looked at before anything is changed: strangers cost one look-up.
        guard relays[id]?[leg].origin == origin else { return .nothing }
        relays[id]?[leg].heardAt = now
        guard let other = relays[id]?[leg ^ 1].origin, relays[id]?.bucket.take(bytes, at: now) == true, takeOfTotal(bytes, at: now) else {
            figures.dropped += 1
            return .nothing
        }
        figures.bytes += bytes
        return .forward(to: other, leg: leg ^ 1)
    }

    private mutating func takeOfTotal(_ bytes: Int, at now: Duration) -> Bool {
        total == nil || total?.take(bytes, at: now) == true
    }

    /// A stream has ended: its legs are not bound any longer.
    public mutating func ended(stream: UInt64) {
        for leg in streams[stream] ?? [] { unbind(leg) }
        streams[stream] = nil
    }

    /// Counts a datagram that was to be passed on and could not be.
    public mutating func dropped(_ bytes: Int) {
        figures.dropped += 1
        figures.bytes -= bytes
    }

    private mutating func unbind(_ leg: UInt64) {
        let id = Self.relay(of: leg)
        if case .stream(let stream)? = relays[id]?[leg].origin { forget(leg, of: stream) }
        relays[id]?[leg].origin = nil
        if let relay = relays[id], relay.offering.origin == nil, relay.answering.origin == nil { relays[id] = nil }
        figures.open = relays.count
    }

    private mutating func forget(_ leg: UInt64, of stream: UInt64) {
        streams[stream]?.remove(leg)
        if streams[stream]?.isEmpty == true { streams[stream] = nil }
    }

    /// Unbinds the legs that have not been heard for ``silence``.
    public mutating func expire(at now: Duration) {
        guard now >= checkedAt + .seconds(1) else { return }
        checkedAt = now
        for (id, relay) in relays {
            for leg in [id, id | 1] where relay[leg].origin != nil && now >= relay[leg].heardAt + Self.silence { unbind(leg) }
        }
    }
}

/// A token bucket of bytes: a rate, and a quarter of a second of it at once.
struct ByteBucket: Sendable {
    private let rate: Double
    private let most: Double
    private var level: Double
    private var filledAt: Duration?

    /// - Parameter rate: bytes a second.
    init(rate: Int) {
        self.rate = Double(rate)
        most = max(self.rate / 4, 65_536)
        level = most
    }

    mutating func take(_ bytes: Int, at now: Duration) -> Bool {
        if let filledAt {
            let (seconds, attoseconds) = (now - filledAt).components
            level = min(most, level + rate * (Double(seconds) + Double(attoseconds) / 1e18))
        }
        filledAt = now
        guard level >= Double(bytes) else { return false }
        level -= Double(bytes)
        return true
    }
}
