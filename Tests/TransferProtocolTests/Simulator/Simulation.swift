@testable import TransferProtocol

/// Two hosts and the path between them, in virtual time. A run is a function of its seed.
final class Simulation {
    private struct Arrival {
        var due: TransferInstant
        var order: UInt64
        var toReceiver: Bool
        var datagram: [UInt8]
        var from: NetworkAddress
        var to: NetworkAddress
    }

    let sender: SimulatedHost
    let receiver: SimulatedHost
    var forward: SimulatedLink
    var back: SimulatedLink
    private(set) var now = TransferInstant(nanoseconds: 1_000_000_000)
    /// The sender's address changes every so often; what is still on its way to the old one is lost.
    var rebindEvery: TransferDuration?
    /// Change the host too, not the port alone.
    var rebindsHost = false
    /// What a stranger adds to what it saw pass.
    var attacker: ((_ datagram: [UInt8], _ toReceiver: Bool) -> [[UInt8]])?
    static let attackerAddress = NetworkAddress(ipv4: 0x7F00_0666, port: 666)
    private var rebindAt = TransferInstant.distantFuture
    private var heap: [Arrival] = []
    private var order: UInt64 = 0
    private(set) var steps = 0
    /// The most turns in a row in which a timer was due and time stood still: a driver would have spun so often.
    private(set) var longestStall = 0

    static let receiverAddress = NetworkAddress(ipv4: 0x7F00_0001, port: 9000)
    static let secret = [UInt8](repeating: 7, count: 32)

    init(
        seed: UInt64, forward: LinkModel = LinkModel(), back: LinkModel? = nil,
        configuration: TransferConfiguration = TransferConfiguration()
    ) throws {
        sender = try SimulatedHost(configuration, address: NetworkAddress(ipv4: 0x7F00_0001, port: 5000), seed: seed &* 3 &+ 1)
        receiver = try SimulatedHost(configuration, address: Self.receiverAddress, seed: seed &* 3 &+ 2)
        receiver.endpoint.invitations = [Invitation(preSharedKey: Self.secret)]
        self.forward = SimulatedLink(forward, seed: seed &* 5 &+ 11)
        self.back = SimulatedLink(back ?? forward, seed: seed &* 5 &+ 12)
    }

    /// Connects and offers the files.
    @discardableResult func send(_ files: [SimulatedHost.Source], ends: Bool = true) throws -> TransferConnection {
        let connection = try sender.endpoint.connect(
            to: [Self.receiverAddress], remoteKey: receiver.endpoint.publicKey, preSharedKey: Self.secret, at: now)
        for file in files { sender.sources[connection.handle, default: [:]][connection.offer(file.offer)] = file }
        if ends { connection.endOffers() }
        return connection
    }

    static func file(_ name: String = "movie.mp4", size: Int, seed: UInt64) -> SimulatedHost.Source {
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
    /// - Returns: whether the condition came true.
    @discardableResult func run(for limit: TransferDuration, until condition: () -> Bool) -> Bool {
        let end = now + limit
        if let rebindEvery { rebindAt = min(rebindAt, now + rebindEvery) }
        pump(sender)
        pump(receiver)
        var stalled = 0
        while !condition() {
            var next = min(heap.first?.due ?? .distantFuture, sender.nextTimeout, receiver.nextTimeout, rebindAt)
            guard next <= end else {
                now = end
                return condition()
            }
            // A timer that is due and stays due would stop virtual time.
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
            while let first = heap.first, first.due <= now { deliver(popFirst(first)) }
            for host in [sender, receiver] where host.nextTimeout <= now { host.endpoint.handleTimeout(at: now) }
            pump(sender)
            pump(receiver)
        }
        return true
    }

    /// Runs until both sides are over.
    @discardableResult func runToEnd(within limit: TransferDuration) -> Bool {
        run(for: limit) { sender.outcome != nil && receiver.outcome != nil }
    }

    private func deliver(_ arrival: Arrival) {
        let host = arrival.toReceiver ? receiver : sender
        guard !host.stopsAnswering, arrival.to == host.address else { return }
        arrival.datagram.withUnsafeBytes { host.endpoint.receive($0, segmentSize: $0.count, from: arrival.from, at: now) }
    }

    private func pump(_ host: SimulatedHost) {
        guard !host.stopsAnswering else { return }
        host.act(at: now)
        while host.endpoint.nextDatagrams(into: &host.batch, at: now) {
            let isSender = host === sender
            for datagram in host.batch.datagrams() {
                let arrivals = isSender ? forward.carry(datagram, at: now) : back.carry(datagram, at: now)
                for (due, bytes) in arrivals {
                    push(
                        Arrival(
                            due: due, order: order, toReceiver: isSender, datagram: bytes, from: host.address, to: host.batch.destination))
                    order += 1
                }
                for forged in attacker?(datagram, isSender) ?? [] {
                    push(
                        Arrival(
                            due: now + .milliseconds(1), order: order, toReceiver: isSender, datagram: forged, from: Self.attackerAddress,
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
