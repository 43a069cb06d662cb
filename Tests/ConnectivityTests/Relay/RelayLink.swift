import TestSupport

@testable import Connectivity

/// A relay and the legs of transfers on a link that loses datagrams, in virtual time.
struct RelayLink {
    static let secret = [UInt8](repeating: 7, count: 32)
    static let relayAddress = NetworkAddress.ip(203, 0, 113, 1, port: 6667)
    static let start: UInt32 = 1_800_000_000

    var table: RelayTable
    var legs: [RelayLeg]
    var addresses: [NetworkAddress]
    var now = Duration.zero
    /// One datagram in so many is lost, by chance.
    var loss = 0.0
    /// The legs whose UDP comes nowhere.
    var blocked: Set<Int> = []
    /// What the leg of that number has received.
    var arrived: [Int: Int] = [:]
    private var random: SeededGenerator

    init(legs count: Int = 2, limits: RelayLimits = RelayLimits(), seed: UInt64 = 1, lifetime: UInt32 = 3600) {
        var random = SeededGenerator(seed: seed)
        let key = RelayGrantKey(secret: Self.secret)
        table = RelayTable(limits, key: key, random: &random)
        let grants = (0..<(count + 1) / 2).flatMap {
            key.grants(for: [UInt8($0)], account: UInt64($0 / 4), expires: Self.start + lifetime)
        }
        legs = grants.prefix(count).map {
            RelayLeg($0, relay: [Self.relayAddress], random: SeededGenerator(seed: random.next()), at: .zero)
        }
        addresses = (0..<count).map { .ip(198, 51, 100, UInt32($0 + 1), port: 1000) }
        self.random = random
    }

    /// The server is started again: it has its secret, and nothing else.
    mutating func restartServer() {
        table = RelayTable(table.limits, key: RelayGrantKey(secret: Self.secret), random: &random)
    }

    func origin(_ index: Int) -> RelayOrigin {
        legs[index].hasStream ? .stream(UInt64(index)) : .address(addresses[index], at: .any)
    }

    private mutating func isLost(_ index: Int) -> Bool {
        if legs[index].hasStream { return false }
        return blocked.contains(index) || loss > 0 && Double(random.next() % 1000) < loss * 1000
    }

    /// Passes a datagram to the relay, and what follows from it to the legs. At once.
    mutating func toRelay(_ bytes: [UInt8], from index: Int) {
        guard !isLost(index) else { return }
        let outcome = receive(bytes, from: origin(index))
        switch outcome {
        case .nothing: break
        case .answer(let answer):
            toLeg(answer, index)
        case .forward(let to, let leg):
            guard let index = legs.indices.first(where: { origin($0) == to }) else { return }
            toLeg(RelayDatagram.header(of: leg) + bytes.dropFirst(RelayDatagram.headerSize), index)
        }
    }

    mutating func receive(_ bytes: [UInt8], from origin: RelayOrigin) -> RelayTable.Outcome {
        let wallClock = Self.start + UInt32(now.components.seconds)
        return bytes.withUnsafeBytes { table.receive($0, from: origin, at: now, wallClock: wallClock) }
    }

    private mutating func toLeg(_ bytes: [UInt8], _ index: Int) {
        guard !isLost(index) else { return }
        let via: RelayLeg.Via = legs[index].hasStream ? .stream : .address(Self.relayAddress)
        let received = bytes.withUnsafeBytes { legs[index].receive($0, from: via, at: now) }
        if received == .data { arrived[index, default: 0] += 1 }
    }

    /// Lets time pass, in steps of a millisecond.
    mutating func run(for duration: Duration) {
        let end = now + duration
        while now < end {
            for index in legs.indices {
                while let (bytes, _) = legs[index].nextDatagram(at: now) { toRelay(bytes, from: index) }
            }
            now += .milliseconds(1)
        }
    }

    mutating func send(_ count: Int, from index: Int) {
        toRelay(RelayDatagram.header(of: legs[index].grant.leg) + [UInt8](repeating: 1, count: count), from: index)
    }

    func isBound(_ index: Int) -> Bool { if case .bound = legs[index].state { true } else { false } }
}
