import Connectivity
import TransferProtocol

/// A public network, home networks behind routers, and the hosts in them, in virtual time. A run is a function of its seed.
///
/// Datagrams pass the routers on the sender's side when they are sent and those on the receiver's side when they arrive: in between they are
/// in the public network, where they take ``delay`` and may be lost. Within one network they take 0.2 ms.
package final class SimulatedNetwork {
    private enum Node {
        case host(SimulatedHost)
        case router(SimulatedRouter)
    }

    private struct Network {
        var nodes: [NetworkAddress: Node] = [:]
        var gateway: SimulatedRouter?
        /// Whether its hosts cannot reach each other, as in a guest's Wi-Fi.
        var isIsolated = false
    }

    private struct Packet {
        var bytes: [UInt8]
        var from: NetworkAddress
        var to: NetworkAddress
        var timeToLive: Int
    }

    private struct Event {
        let due: Duration
        let order: Int
        let action: () -> Void
    }

    /// The public network.
    package static let core = 0
    private static let localDelay = Duration.microseconds(200)

    /// One way through the public network.
    package var delay = Duration.milliseconds(20)
    /// The probability that the public network loses a datagram.
    package var loss = 0.0
    /// The routers of the public network that a datagram passes.
    package var hops = 8
    package private(set) var now = Duration.zero
    /// The longest run of timers that were due while time stood still: a driver would have spun as often.
    package private(set) var longestStall = 0

    private var networks = [Network()]
    private var hosts: [SimulatedHost] = []
    private var routers: [SimulatedRouter] = []
    private var events: [Event] = []
    private var order = 0
    private var random: SplitMix

    package init(seed: UInt64) { random = SplitMix(seed: seed) }

    // MARK: Building

    /// Adds the routers of a kind of NAT, from the public network inwards.
    /// - Returns: the network of the hosts behind them: the public one, if there are none.
    package func addHome(_ models: [RouterModel], publicAddress: NetworkAddress, isIsolated: Bool = false) -> Int {
        var network = Self.core
        for (depth, model) in models.reversed().enumerated() {
            // Behind a carrier's NAT the home's router has an address of the carrier's network.
            var address = depth == 0 ? publicAddress : NetworkAddress(ipv4: 0x6440_000A, port: 0)
            address.port = 0
            networks.append(Network())
            let router = SimulatedRouter(model, outside: network, address: address, inside: networks.count - 1, seed: random.next())
            routers.append(router)
            networks[network].nodes[address] = .router(router)
            network = networks.count - 1
            networks[network].gateway = router
        }
        networks[network].isIsolated = isIsolated
        return network
    }

    /// Adds a host. Its global addresses are routed to it through the routers that it is behind.
    @discardableResult package func addHost(
        _ addresses: [NetworkAddress], in network: Int = SimulatedNetwork.core, _ program: any NetworkProgram
    ) -> SimulatedHost {
        let host = SimulatedHost(addresses: addresses, network: network, program: program)
        hosts.append(host)
        for address in addresses {
            networks[network].nodes[place(address)] = .host(host)
            var inner = network
            while address.isGlobal, let router = networks[inner].gateway {
                networks[router.outside].nodes[place(address)] = .router(router)
                inner = router.outside
            }
        }
        return host
    }

    /// All routers forget what they know.
    package func restartRouters() { for router in routers { router.restart() } }

    // MARK: Running

    /// Something happens outside of the network, such as a message of the chat.
    package func after(_ delay: Duration, _ action: @escaping () -> Void) {
        events.append(Event(due: now + delay, order: order, action: action))
        order += 1
    }

    /// Runs until `condition` holds or `limit` of virtual time is over.
    /// - Returns: whether the condition holds.
    @discardableResult package func run(for limit: Duration, until condition: () -> Bool = { false }) -> Bool {
        let end = now + limit
        var stalled = 0
        for host in hosts { pump(host) }
        while !condition() {
            var next = end + .nanoseconds(1)
            if let due = events.map(\.due).min() { next = min(next, due) }
            for timeout in hosts.compactMap(\.nextTimeout) { next = min(next, timeout) }
            guard next <= end else {
                now = end
                return condition()
            }
            // A timer that stays due would stop virtual time.
            stalled = next <= now ? stalled + 1 : 0
            longestStall = max(longestStall, stalled)
            now = max(now, next) + (stalled > 1000 ? .milliseconds(1) : .zero)
            while let index = events.indices.filter({ events[$0].due <= now }).min(by: { earlier(events[$0], events[$1]) }) {
                events.remove(at: index).action()
            }
            for host in hosts { pump(host) }
        }
        return true
    }

    private func earlier(_ a: Event, _ b: Event) -> Bool { (a.due, a.order) < (b.due, b.order) }

    private func pump(_ host: SimulatedHost) {
        guard now >= host.busyUntil else { return }
        while let datagram = host.program.nextDatagram(at: now) {
            guard let source = host.source(for: datagram.to) else { continue }
            let packet = Packet(bytes: datagram.bytes, from: source, to: datagram.to, timeToLive: datagram.timeToLive)
            if host.addresses.contains(where: { place($0) == place(datagram.to) }) || datagram.to.isLoopback {
                after(Self.localDelay) { self.deliver(packet, to: host) }
            } else {
                send(packet, in: host.network)
            }
        }
    }

    // MARK: Forwarding

    /// The address without its port.
    private func place(_ address: NetworkAddress) -> NetworkAddress { NetworkAddress(high: address.high, low: address.low, port: 0) }

    /// From a network outwards until somebody has the address.
    private func send(_ packet: Packet, in network: Int) {
        if let node = networks[network].nodes[place(packet.to)] {
            carry(packet, to: node, in: network)
        } else if let router = networks[network].gateway {
            leave(packet, by: router)
        }
        // Nobody in the public network has the address: a private one of another network, say.
    }

    private func leave(_ packet: Packet, by router: SimulatedRouter) {
        var packet = packet
        packet.timeToLive -= 1
        guard packet.timeToLive > 0 else { return }
        if place(packet.to) == router.address {
            guard router.model.hairpins, let source = router.outbound(from: packet.from, to: packet.to, at: now) else { return }
            packet.from = source
            after(Self.localDelay) { self.enter(packet, by: router) }
            return
        }
        guard let source = router.outbound(from: packet.from, to: packet.to, at: now) else { return }
        packet.from = source
        send(packet, in: router.outside)
    }

    private func carry(_ packet: Packet, to node: Node, in network: Int) {
        var packet = packet
        var delay = Self.localDelay
        if network == Self.core {
            guard packet.timeToLive > hops, Double.random(in: 0..<1, using: &random) >= loss else { return }
            packet.timeToLive -= hops
            delay = self.delay
        } else if networks[network].isIsolated, case .host = node {
            return
        }
        after(delay) {
            switch node {
            case .host(let host): self.deliver(packet, to: host)
            case .router(let router): self.enter(packet, by: router)
            }
        }
    }

    private func enter(_ packet: Packet, by router: SimulatedRouter) {
        guard let inner = router.inbound(from: packet.from, to: packet.to, at: now), packet.timeToLive > 1 else { return }
        var packet = packet
        packet.to = inner
        packet.timeToLive -= 1
        switch networks[router.inside].nodes[place(inner)] {
        case .host(let host)?: deliver(packet, to: host)
        case .router(let next)?: enter(packet, by: next)
        case nil: break
        }
    }

    private func deliver(_ packet: Packet, to host: SimulatedHost) {
        guard now >= host.busyUntil else {
            // It waits in the socket's buffer, in order.
            after(host.busyUntil - now) { self.deliver(packet, to: host) }
            return
        }
        guard host.addresses.contains(where: { $0.port == packet.to.port }) else { return }
        host.program.receive(packet.bytes, from: packet.from, at: now)
    }
}
