/// Asks STUN servers, from the socket that will carry the data, from which address they see it: behind a NAT that is the address at which
/// others can try to reach it.
///
/// Each server is asked at 0, 100, 300, 700 and 1500 ms until it answers; after that, while ``isKept``, once every 15 s, which keeps the
/// NAT's mapping open (routers forget one after 30 s at the earliest that are common; RFC 4787 REQ-5 wants 120 s) and shows when it changes:
/// at most 5.4 bytes a second for four servers.
///
/// The driver sends what ``nextDatagram(at:)`` gives until that is nil, whenever ``nextTimeout`` is over and after each call of another
/// function.
public struct ReflexiveQuery: Sendable {
    public static let maximumServers = 4
    /// When a server is asked, after the start.
    static let schedule: [Duration] = [.zero, .milliseconds(100), .milliseconds(300), .milliseconds(700), .milliseconds(1500)]
    /// After the last request of the schedule, an answer is waited for this long.
    static let lastWait = Duration.milliseconds(500)
    static let keepInterval = Duration.seconds(15)

    private struct Server {
        let address: NetworkAddress
        /// The transaction of the present round: requests of one round are the same (RFC 8489 §6.2.1).
        var transaction: STUNTransaction
        var isOpen = true
        /// When it is asked next; nil for not again in this round.
        var due: Duration?
        /// How many requests of the schedule are sent.
        var sent = 0
        /// What it answered last, since the start or the restart.
        var seen: NetworkAddress?
    }

    private var servers: [Server]
    private var random: any RandomNumberGenerator & Sendable
    /// The start of the schedule.
    private var startedAt: Duration
    /// When the next round begins that keeps the mapping.
    private var keepAt: Duration
    private var now: Duration
    private var taken: [NetworkAddress] = []

    /// Whether the mapping is to be kept open: while an offer waits.
    public var isKept = false

    /// - Parameter servers: each is asked; more than four, and those that are named twice, are left out.
    public init(servers: [NetworkAddress], random: any RandomNumberGenerator & Sendable, at now: Duration) {
        var random = random
        var distinct: [NetworkAddress] = []
        for server in servers where !distinct.contains(server) && distinct.count < Self.maximumServers { distinct.append(server) }
        self.servers = distinct.map { Server(address: $0, transaction: STUNTransaction(random: &random), due: now) }
        self.random = random
        startedAt = now
        keepAt = now + Self.keepInterval
        self.now = now
    }

    /// Begins again, as after a change of a link: what is known so far is of another network.
    public mutating func restart(at now: Duration) {
        advance(to: now)
        startedAt = now
        keepAt = now + Self.keepInterval
        for index in servers.indices {
            servers[index] = Server(address: servers[index].address, transaction: STUNTransaction(random: &random), due: now)
        }
    }

    // MARK: What is known

    /// The addresses that the servers see, each once, in the order of the servers.
    public var reflexive: [NetworkAddress] {
        var addresses: [NetworkAddress] = []
        for case let seen? in servers.map(\.seen) where !addresses.contains(seen) { addresses.append(seen) }
        return addresses
    }

    /// Whether ``reflexive`` is not what it was when this was asked last; before the first time it was empty.
    ///
    /// During a restart it may be shorter than it will be: better ask when it ``isSettled``.
    public mutating func takeChange() -> Bool {
        let present = reflexive
        defer { taken = present }
        return present != taken
    }

    /// Whether all servers have answered since the start or the restart, or will hardly do so: after 2 s at the latest.
    public var isSettled: Bool { servers.allSatisfy { $0.seen != nil } || now >= settledAt }

    /// Whether the NAT gives a socket another address or port for each destination (address-dependent mapping, RFC 4787 §4.1), so that what
    /// the servers see is not what others see. Nil as long as fewer than two of them have answered over IPv4.
    public var mappingDependsOnDestination: Bool? {
        let seen = servers.compactMap(\.seen).filter { $0.ipv4 != nil }
        return seen.count < 2 ? nil : Set(seen).count > 1
    }

    private var settledAt: Duration { startedAt + (Self.schedule.last ?? .zero) + Self.lastWait }

    // MARK: Driving it

    /// The next request to send, and the server it goes to; nil if there is none at this time.
    public mutating func nextDatagram(at now: Duration) -> (bytes: [UInt8], to: NetworkAddress)? {
        advance(to: now)
        guard let index = servers.firstIndex(where: { $0.due.map { $0 <= now } ?? false }) else { return nil }
        // A driver that was held up does not catch up on what it missed.
        while servers[index].sent < Self.schedule.count, startedAt + Self.schedule[servers[index].sent] <= now { servers[index].sent += 1 }
        servers[index].due = servers[index].sent < Self.schedule.count ? startedAt + Self.schedule[servers[index].sent] : nil
        return (STUNBinding.request(servers[index].transaction), servers[index].address)
    }

    /// Takes a datagram that came to the socket.
    /// - Returns: whether it was an answer to one of these requests, even one that is of no use.
    public mutating func receive(_ datagram: UnsafeRawBufferPointer, from: NetworkAddress, at now: Duration) -> Bool {
        advance(to: now)
        guard let message = STUNMessage(datagram), message.kind != .request,
            let index = servers.firstIndex(where: { $0.address == from && $0.transaction == message.transaction })
        else { return false }
        guard servers[index].isOpen, let answer = STUNBinding.response(datagram) else { return true }
        servers[index].isOpen = false
        servers[index].due = nil
        servers[index].seen = answer.address
        return true
    }

    /// When ``nextDatagram(at:)`` is to be called, if nothing comes before; nil for not at all.
    public var nextTimeout: Duration? {
        let due = servers.compactMap(\.due).min()
        let settled = isSettled ? nil : settledAt
        let keep = isKept && !servers.isEmpty ? keepAt : nil
        return [due, settled, keep].compactMap(\.self).min()
    }

    private mutating func advance(to now: Duration) {
        self.now = max(self.now, now)
        guard isKept, now >= keepAt else { return }
        keepAt = now + Self.keepInterval
        for index in servers.indices {
            // The schedule is over: one request each.
            servers[index].transaction = STUNTransaction(random: &random)
            servers[index].isOpen = true
            servers[index].sent = Self.schedule.count
            servers[index].due = now
        }
    }
}
