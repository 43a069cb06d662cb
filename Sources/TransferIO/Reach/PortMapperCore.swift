import Connectivity
import Glibc
import NetworkIO
import SystemSupport
import TransferProtocol

/// The loop of a ``PortMapper``: everything here runs on its thread.
final class PortMapperCore {
    typealias Command = @Sendable (PortMapperCore) -> Void

    /// A router that can be asked, and this machine's address towards it, with port 0.
    struct Router: Hashable {
        let address: NetworkAddress
        let client: NetworkAddress
    }

    private final class Asked {
        let router: Router
        let socket: ConnectedUDPSocket
        var request: PortMappingRequest
        /// The router's host reports that nothing listens on the port of PCP.
        var isClosed = false

        init(_ router: Router, _ socket: ConnectedUDPSocket, _ request: PortMappingRequest) {
            self.router = router
            self.socket = socket
            self.request = request
        }

        var mapped: NetworkAddress? { if case .mapped(let address) = request.state { address } else { nil } }
        var isSettled: Bool { isClosed || request.state != .asking }
        var nextTimeout: TransferInstant { isClosed ? .distantFuture : request.nextTimeout.map(PortMapperCore.instant) ?? .distantFuture }
    }

    /// Routers of each family that are asked.
    private static let perFamily = 2
    /// UPnP is begun when PCP and NAT-PMP are not answered so soon. Routers that speak these do so within milliseconds.
    private static let upnpDelay = TransferDuration.milliseconds(300)
    /// The routes are looked at so long after a change: there are many at once.
    private static let routeDelay = TransferDuration.seconds(Int64(1))
    private static let releasePatience = TransferDuration.seconds(Int64(1))

    private let port: UInt16
    private let mailbox: PolledMailbox<Command>
    private let report: (_ mapped: [NetworkAddress], _ isSettled: Bool) -> Void
    private let routes: RouteWatch?
    private var routers: [Router] = []
    private var asked: [Asked] = []
    private(set) var upnp: UPnPMapping?
    private var routesAt = TransferInstant.distantFuture
    private var releasedBy: TransferInstant?
    private var buffer = [UInt8](repeating: 0, count: 1200)
    private var now = PortMapperCore.clock()

    init(
        port: UInt16, routers: [Router], routes: RouteWatch?, mailbox: PolledMailbox<Command>,
        report: @escaping (_ mapped: [NetworkAddress], _ isSettled: Bool) -> Void
    ) {
        self.port = port
        self.mailbox = mailbox
        self.report = report
        self.routes = routes
        ask(routers)
    }

    /// The clock goes on while the machine sleeps, as the router's does.
    static func clock() -> TransferInstant { LoopCore.clock() }
    private static func time(_ now: TransferInstant) -> Duration { .nanoseconds(Int64(clamping: now.nanoseconds)) }
    private static func instant(_ time: Duration) -> TransferInstant {
        let (seconds, attoseconds) = time.components
        return TransferInstant(nanoseconds: UInt64(clamping: seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
    }

    /// The routers of the present default routes.
    static func routers() -> [Router] {
        var ipv4: [Router] = []
        var ipv6: [Router] = []
        let interfaces = NetworkInterface.all()
        for route in DefaultRoute.all() {
            guard var address = route.router else { continue }
            address.port = PortMappingRequest.routerPort
            if address.ipv4 != nil {
                guard var client = ConnectedUDPSocket(to: address)?.localAddress, client.isPrivate else { continue }
                client.port = 0
                ipv4.append(Router(address: address, client: client))
            } else if let client = interfaces.first(where: { $0.name == route.interface })?.addresses.first(where: {
                $0.ipv4 == nil && $0.isGlobal
            }) {
                // The router knows the client by the address from which it is asked.
                ipv6.append(Router(address: address, client: client))
            }
        }
        return Array(ipv4.prefix(perFamily) + ipv6.prefix(perFamily))
    }

    private func ask(_ routers: [Router]) {
        self.routers = routers
        var random = SystemRandomNumberGenerator()
        asked = routers.compactMap { router in
            let local = router.client.ipv4 == nil ? NetworkAddress(high: router.client.high, low: router.client.low, port: 0) : nil
            guard let socket = ConnectedUDPSocket(to: router.address, from: local), socket.isConnected else { return nil }
            return Asked(
                router, socket,
                PortMappingRequest(
                    router: router.address, client: router.client, internalPort: port, random: &random, at: Self.time(now)))
        }
        upnp = routers.first { $0.client.ipv4 != nil }.map {
            UPnPMapping(router: $0.address, client: $0.client, port: port, mailbox: mailbox, startingAt: now + Self.upnpDelay)
        }
    }

    var isSettled: Bool { !mapped.isEmpty || asked.allSatisfy(\.isSettled) && upnp?.isSettled ?? true }

    private var mapped: [NetworkAddress] {
        var addresses: [NetworkAddress] = []
        for case let address? in asked.map(\.mapped) + [upnp?.mapped] where !addresses.contains(address) { addresses.append(address) }
        return addresses
    }

    func release() {
        guard releasedBy == nil else { return }
        releasedBy = now + Self.releasePatience
        upnp?.release()
        for one in asked { one.request.release(at: Self.time(now)) }
    }

    private var isOver: Bool {
        guard let releasedBy else { return false }
        return now >= releasedBy || asked.allSatisfy { $0.isClosed || $0.request.state == .released } && upnp?.isReleased ?? true
    }

    func run() {
        while true {
            now = Self.clock()
            for command in mailbox.drain().elements { command(self) }
            for one in asked { receive(one) }
            for one in asked { send(one) }
            if releasedBy == nil {
                upnp?.advance(isWanted: !asked.contains { $0.mapped?.ipv4 != nil }, at: now)
                followRoutes()
                report(mapped, isSettled)
            }
            if isOver { break }
            wait()
        }
        _ = mailbox.close()
    }

    private func receive(_ one: Asked) {
        // A router that floods is left to the next turn.
        for _ in 0..<32 {
            let reception = buffer.withUnsafeMutableBytes { one.socket.receive(into: $0) }
            switch reception {
            case .nothing: return
            case .refused: if one.mapped == nil { one.isClosed = true }
            case .datagram(let count):
                buffer.withUnsafeBytes {
                    one.request.receive(UnsafeRawBufferPointer(rebasing: $0[..<count]), from: one.router.address, at: Self.time(now))
                }
            }
        }
    }

    private func send(_ one: Asked) {
        if one.isClosed { return }
        while let bytes = one.request.nextDatagram(at: Self.time(now)) {
            let isOpen = bytes.withUnsafeBytes { one.socket.send($0) }
            if !isOpen, one.mapped == nil { one.isClosed = true }
        }
    }

    /// Another network has another router; what the one before has mapped ends by itself.
    private func followRoutes() {
        guard now >= routesAt else { return }
        routesAt = .distantFuture
        let routers = Self.routers()
        guard routers != self.routers else { return }
        upnp?.release()
        ask(routers)
        for one in asked { send(one) }
    }

    private func wait() {
        var until = min(routesAt, releasedBy ?? .distantFuture, releasedBy == nil ? upnp?.nextTimeout ?? .distantFuture : .distantFuture)
        for one in asked { until = min(until, one.nextTimeout) }
        let sockets = asked.filter { !$0.isClosed }.map(\.socket.descriptor)
        var polled = ([mailbox.descriptor, routes?.descriptor ?? -1] + sockets).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let now = Self.clock()
        // Rounded up, so that the time has come when it returns.
        let milliseconds = until == .distantFuture ? -1 : until > now ? (until - now).nanoseconds / 1_000_000 + 1 : 0
        _ = poll(&polled, nfds_t(polled.count), Int32(clamping: milliseconds))
        guard let routes, polled[1].revents != 0 else { return }
        routes.clear()
        if routesAt == .distantFuture { routesAt = Self.clock() + Self.routeDelay }
    }
}
