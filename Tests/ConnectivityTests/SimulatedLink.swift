import TestSupport

@testable import Connectivity

/// Hosts and guests on one link, in virtual time: datagrams are late, lost and doubled by chance.
struct SimulatedLink {
    private struct Flight {
        let at: Duration
        let bytes: [UInt8]
        let from: NetworkAddress
        let to: NetworkAddress
    }

    private(set) var now = Duration.zero
    private(set) var hosts: [NetworkAddress: LinkHost] = [:]
    private(set) var guests: [NetworkAddress: LinkGuest] = [:]
    private(set) var hostEvents: [NetworkAddress: [LinkHost.Event]] = [:]
    private(set) var guestEvents: [NetworkAddress: [LinkGuest.Event]] = [:]
    /// Everything that was sent, with the sender.
    private(set) var sent: [(from: NetworkAddress, datagram: LinkOutgoing)] = []
    /// What hosts answer to texts; nil for not at all.
    var reply: ([UInt8]) -> [UInt8]? = { $0.reversed() }
    /// What guests say, in order.
    var texts: [[UInt8]] = [[1, 2, 3]]
    private var said: [NetworkAddress: Int] = [:]
    private var flights: [Flight] = []
    private var random: SeededGenerator
    private let loss: Double
    private let delay: ClosedRange<Int>

    init(seed: UInt64 = 1, loss: Double = 0, delay: ClosedRange<Int> = 1...3) {
        random = SeededGenerator(seed: seed)
        self.loss = loss
        self.delay = delay
    }

    mutating func addHost(_ address: NetworkAddress) {
        hosts[address] = LinkHost(random: SeededGenerator(seed: random.next()), at: now)
        hostEvents[address] = []
    }

    mutating func addGuest(_ address: NetworkAddress, _ code: MeetingCode) {
        guests[address] = LinkGuest(code: code, random: SeededGenerator(seed: random.next()), at: now)
        guestEvents[address] = []
        said[address] = 0
    }

    /// Takes a host of another link.
    mutating func adopt(_ link: SimulatedLink, _ address: NetworkAddress) {
        hosts[address] = link.hosts[address]
        hostEvents[address] = link.hostEvents[address]
    }

    mutating func remove(_ address: NetworkAddress) {
        hosts[address] = nil
        guests[address] = nil
    }

    mutating func retire(_ address: NetworkAddress) { hosts[address]?.retire() }

    /// The code that a host shows.
    func code(of host: NetworkAddress) -> MeetingCode? {
        for event in hostEvents[host, default: []].reversed() {
            switch event {
            case .shows(let code): return code
            case .wrong: return nil
            case .text: break
            }
        }
        return nil
    }

    /// Sends a datagram as `from`, which need not be anybody.
    mutating func inject(_ bytes: [UInt8], from: NetworkAddress, to: LinkOutgoing.Destination) {
        let receivers: [NetworkAddress]
        switch to {
        case .group: receivers = Array(hosts.keys).filter { $0 != from }.sorted { $0.low < $1.low }
        case .address(let address): receivers = [address]
        }
        for receiver in receivers {
            guard Double.random(in: 0..<1, using: &random) >= loss else { continue }
            // With loss comes doubling.
            let copies = loss > 0 && Bool.random(using: &random) ? 2 : 1
            for _ in 0..<copies {
                let at = now + .milliseconds(Int.random(in: delay, using: &random))
                flights.append(Flight(at: at, bytes: bytes, from: from, to: receiver))
            }
        }
    }

    mutating func run(until end: Duration) {
        while true {
            sendAll()
            let timeouts = hosts.values.compactMap(\.nextTimeout) + guests.values.compactMap(\.nextTimeout)
            guard let next = (timeouts + flights.map(\.at)).min(), next <= end else { break }
            now = max(now, next)
            for flight in flights.filter({ $0.at <= now }).sorted(by: { $0.at < $1.at }) {
                flight.bytes.withUnsafeBytes { bytes in
                    hosts[flight.to]?.receive(bytes, from: flight.from, at: now)
                    guests[flight.to]?.receive(bytes, from: flight.from, at: now)
                }
            }
            flights.removeAll { $0.at <= now }
        }
        now = end
    }

    private mutating func sendAll() {
        for address in hosts.keys.sorted(by: { $0.low < $1.low }) {
            while let out = hosts[address]?.nextDatagram(at: now) { send(out, address) }
            while let event = hosts[address]?.nextEvent() {
                hostEvents[address, default: []].append(event)
                if case .text(let exchange, let text) = event, let reply = reply(text) { hosts[address]?.answer(exchange, reply) }
            }
            while let out = hosts[address]?.nextDatagram(at: now) { send(out, address) }
        }
        for address in guests.keys.sorted(by: { $0.low < $1.low }) {
            while let out = guests[address]?.nextDatagram(at: now) { send(out, address) }
            while let event = guests[address]?.nextEvent() {
                guestEvents[address, default: []].append(event)
                if case .failed = event { continue }
                let index = said[address, default: 0]
                guard index < texts.count else { continue }
                said[address] = index + 1
                guests[address]?.send(texts[index])
            }
            while let out = guests[address]?.nextDatagram(at: now) { send(out, address) }
        }
    }

    private mutating func send(_ out: LinkOutgoing, _ from: NetworkAddress) {
        sent.append((from, out))
        inject(out.bytes, from: from, to: out.to)
    }
}
