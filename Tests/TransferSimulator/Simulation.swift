import Connectivity
import TransferProtocol

/// Two hosts and the path between them, in virtual time, and further pairs on the same path, whose flows compete. A run is a function of
/// its seed.
package final class Simulation {
    private struct Arrival {
        var due: TransferInstant
        var order: UInt64
        /// The index in `hosts` of the host it arrives at.
        var host: Int
        var datagram: [UInt8]
        var ecn: UInt8
        var from: NetworkAddress
        var to: NetworkAddress
    }

    package let sender: SimulatedHost
    package let receiver: SimulatedHost
    /// All hosts, with those of ``addPair(_:seed:)``: senders and their receivers alternate.
    private var hosts: [SimulatedHost] = []
    package var forward: SimulatedLink
    package var back: SimulatedLink
    package private(set) var now = TransferInstant(nanoseconds: 1_000_000_000)
    /// The interval at which the sender's address changes; datagrams in transit to the old one are lost.
    package var rebindEvery: TransferDuration?
    /// The address of the receiver that the sender's datagrams go to from now on, as after a change of a route or of a NAT table.
    package var divertTo: NetworkAddress?
    /// Whether a rebinding changes the host too, not only the port.
    package var rebindsHost = false
    /// The datagrams that an attacker on the path injects for one that it has seen.
    package var attacker: ((_ datagram: [UInt8], _ toReceiver: Bool) -> [[UInt8]])?
    /// Bytes that the attacker sent, and bytes that came to its address: the amplification towards a forged address.
    package private(set) var attackerBytes = (sent: 0, received: 0)
    package static let attackerAddress = NetworkAddress(ipv4: 0x7F00_0666, port: 666)
    private var rebindAt = TransferInstant.distantFuture
    private var heap: [Arrival] = []
    private var order: UInt64 = 0
    package private(set) var steps = 0
    /// Nothing that is sent to an address of the other side arrives, or nothing through the relay.
    package var dropsDirect = false
    package var dropsRelayed = false
    /// Bytes of the longest datagram that was sent through the relay.
    package private(set) var longestRelayed = 0
    /// The longest run of steps in which a timer was due and time stood still: a driver would have spun as often.
    package private(set) var longestStall = 0

    /// Stands for the receiver behind a relay.
    package static let relayed = NetworkAddress(relayLeg: 2)
    package static let receiverAddress = NetworkAddress(ipv4: 0x7F00_0001, port: 9000)
    package static let secret = [UInt8](repeating: 7, count: 32)

    package init(
        seed: UInt64, forward: LinkModel = LinkModel(), back: LinkModel? = nil,
        configuration: TransferConfiguration = TransferConfiguration()
    ) throws {
        sender = try SimulatedHost(configuration, address: NetworkAddress(ipv4: 0x7F00_0001, port: 5000), seed: seed &* 3 &+ 1)
        receiver = try SimulatedHost(configuration, address: Self.receiverAddress, seed: seed &* 3 &+ 2)
        receiver.endpoint.invitations = [Invitation(preSharedKey: Self.secret)]
        self.forward = SimulatedLink(forward, seed: seed &* 5 &+ 11)
        self.back = SimulatedLink(back ?? forward, seed: seed &* 5 &+ 12)
        hosts = [sender, receiver]
    }

    /// Adds a sender and its receiver, whose datagrams go through the same two links.
    package func addPair(_ configuration: TransferConfiguration, seed: UInt64) throws -> (sender: SimulatedHost, receiver: SimulatedHost) {
        let port = UInt16(5000 + 10 * hosts.count)
        let pair = (
            sender: try SimulatedHost(configuration, address: NetworkAddress(ipv4: 0x7F00_0001, port: port), seed: seed &* 7 &+ 3),
            receiver: try SimulatedHost(configuration, address: NetworkAddress(ipv4: 0x7F00_0001, port: port + 1), seed: seed &* 7 &+ 4)
        )
        pair.receiver.endpoint.invitations = [Invitation(preSharedKey: Self.secret)]
        hosts += [pair.sender, pair.receiver]
        return pair
    }

    /// Connects and offers the files.
    /// - Parameters:
    ///   - pair: the two hosts; nil for the first pair.
    ///   - address: where the receiver is reached, if not at its own.
    @discardableResult package func send(
        _ files: [SimulatedHost.Source], ends: Bool = true, between pair: (sender: SimulatedHost, receiver: SimulatedHost)? = nil,
        to address: NetworkAddress? = nil
    ) throws -> TransferConnection {
        let (sender, receiver) = pair ?? (sender, receiver)
        let connection = try sender.endpoint.connect(
            to: [address ?? receiver.address], remoteKey: receiver.endpoint.publicKey, preSharedKey: Self.secret, at: now)
        for file in files { sender.sources[connection.handle, default: [:]][connection.offer(file.offer)] = file }
        if ends { connection.endOffers() }
        return connection
    }

    package static func file(_ name: String = "movie.mp4", size: Int, seed: UInt64) -> SimulatedHost.Source {
        var random = SplitMix(seed: seed &+ 99)
        var bytes = [UInt8](repeating: 0, count: size)
        bytes.withUnsafeMutableBytes { memory in
            var offset = 0
            while offset + 8 <= size {
                memory.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
                offset += 8
            }
        }
        return .init(offer: FileOffer(name: name, size: UInt64(size)), bytes: bytes)
    }

    /// Runs until `condition` holds or `limit` of virtual time is over.
    /// - Returns: whether the condition holds.
    @discardableResult package func run(for limit: TransferDuration, until condition: () -> Bool) -> Bool {
        let end = now + limit
        if let rebindEvery { rebindAt = min(rebindAt, now + rebindEvery) }
        for index in hosts.indices { pump(index) }
        var stalled = 0
        while !condition() {
            var next = min(heap.first?.due ?? .distantFuture, rebindAt)
            for host in hosts { next = min(next, host.nextTimeout) }
            guard next <= end else {
                now = end
                return condition()
            }
            // A timer that stays due would stop virtual time.
            stalled = next <= now ? stalled + 1 : 0
            longestStall = max(longestStall, stalled)
            if stalled > 10_000 { next = now + .microseconds(1) }
            now = max(now, next)
            steps += 1
            if rebindAt <= now, let rebindEvery {
                rebindAt = now + rebindEvery
                sender.address.port &+= 1
                if rebindsHost { sender.address.low += 1 }
            }
            // As in reality, a host acts only on a datagram or a timer.
            var awake: Set<Int> = []
            while let first = heap.first, first.due <= now { awake.insert(deliver(popFirst(first))) }
            for index in hosts.indices where hosts[index].nextTimeout <= now {
                hosts[index].endpoint.handleTimeout(at: now)
                awake.insert(index)
            }
            for index in hosts.indices where awake.contains(index) { pump(index) }
        }
        return true
    }

    /// Runs until both sides have an outcome.
    @discardableResult package func runToEnd(within limit: TransferDuration) -> Bool {
        run(for: limit) { sender.outcome != nil && receiver.outcome != nil }
    }

    private func deliver(_ arrival: Arrival) -> Int {
        let host = hosts[arrival.host]
        guard !host.stopsAnswering, !host.receivesNothing, arrival.to == host.address || host.aliases.contains(arrival.to) else {
            return arrival.host
        }
        arrival.datagram.withUnsafeBytes {
            host.endpoint.receive(
                $0, segmentSize: $0.count, from: arrival.from,
                to: arrival.from.isRelayed ? .any : LocalAddress(high: arrival.to.high, low: arrival.to.low),
                ecn: arrival.ecn, at: now)
        }
        return arrival.host
    }

    /// The source address of a host's batch: its first address if the engine leaves the choice to the kernel.
    private func source(_ host: SimulatedHost) -> NetworkAddress {
        var address = host.address
        if host.batch.source != .any { (address.high, address.low) = (host.batch.source.high, host.batch.source.low) }
        return address
    }

    private func pump(_ index: Int) {
        let host = hosts[index]
        let isSender = index.isMultiple(of: 2)
        guard !host.stopsAnswering else { return }
        host.act(at: now)
        while host.endpoint.nextDatagrams(into: &host.batch, at: now) {
            let together = host.batch.isSeparate ? 0 : host.batch.bytes
            if let dead = host.deadAddress, source(host) == dead {
                host.act(at: now)
                continue
            }
            let leg = host.batch.destination.relayLeg
            if leg == nil ? dropsDirect : dropsRelayed {
                host.act(at: now)
                continue
            }
            for datagram in host.batch.datagrams() {
                if host.batch.destination == Self.attackerAddress { attackerBytes.received += datagram.count }
                let arrivals =
                    isSender
                    ? forward.carry(datagram, of: together, ecn: host.batch.ecn, at: now)
                    : back.carry(datagram, of: together, ecn: host.batch.ecn, at: now)
                for (due, bytes, ecn) in arrivals {
                    if leg != nil { longestRelayed = max(longestRelayed, datagram.count) }
                    let to = leg == nil ? host.batch.destination : hosts[index ^ 1].address
                    push(
                        Arrival(
                            due: due, order: order, host: index ^ 1, datagram: bytes, ecn: leg == nil ? ecn : 0,
                            from: leg.map { NetworkAddress(relayLeg: $0 ^ 1) } ?? source(host), to: isSender ? divertTo ?? to : to))
                    order += 1
                }
                for forged in attacker?(datagram, isSender) ?? [] {
                    attackerBytes.sent += forged.count
                    push(
                        Arrival(
                            due: now + .milliseconds(1), order: order, host: index ^ 1, datagram: forged, ecn: 0,
                            from: Self.attackerAddress,
                            to: host.batch.destination))
                    order += 1
                }
            }
            host.act(at: now)
        }
    }

    private func earlier(_ a: Arrival, _ b: Arrival) -> Bool { a.due != b.due ? a.due < b.due : a.order < b.order }

    private func push(_ arrival: Arrival) {
        heap.append(arrival)
        var child = heap.count - 1
        while child > 0, earlier(heap[child], heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func popFirst(_ first: Arrival) -> Arrival {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, earlier(heap[child + 1], heap[child]) { child += 1 }
            guard earlier(heap[child], heap[parent]) else { break }
            heap.swapAt(parent, child)
            parent = child
        }
        return first
    }
}
