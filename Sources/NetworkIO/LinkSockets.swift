import Connectivity
import Glibc
import SystemSupport

/// The UDP sockets with which programs on one link find each other by multicast: everything is sent from ports that the system chooses, with
/// a time to live of one hop, so that no router carries it on; a listener also takes what is sent to the group.
///
/// Belongs to one thread at a time. Held by `LinkSocketsTests`.
public final class LinkSockets {
    /// The port of the group.
    public static let groupPort: UInt16 = 24288
    /// 239.255.67.72, of the range for local use (RFC 2365).
    public static let groupIPv4 = NetworkAddress(ipv4: 0xEFFF_4348, port: groupPort)
    /// ff12::e368:6174: link scope, and a number that is not assigned (RFC 4291 §2.7, RFC 3307 §4.3).
    public static let groupIPv6 = NetworkAddress(high: 0xFF12 << 48, low: 0xE368_6174, port: groupPort)

    /// Interfaces that are used, at most: the kernel lets a socket join twenty groups.
    public static let maximumInterfaces = 16
    /// Datagrams that are taken from one socket before others have their turn.
    private static let burst = 64
    /// One byte more than a datagram has, so that a longer one is recognised.
    private static let bufferSize = 1201

    private struct Socket {
        let descriptor: Int32
        let family: Int32
        let isListener: Bool
    }

    private let sockets: [Socket]
    private let port: UInt16

    /// The descriptors that are readable when something has arrived.
    public var descriptors: [Int32] { sockets.map(\.descriptor) }

    /// - Parameters:
    ///   - listens: whether to take what is sent to the group, on the interfaces of ``join(_:)``.
    ///   - port: of the group; another one is for tests.
    /// - Throws: the error of IPv4 if neither IPv4 nor IPv6 can be used.
    public init(listens: Bool, port: UInt16 = groupPort) throws(SystemError) {
        var sockets: [Socket] = []
        var failure: SystemError?
        for family in [AF_INET, AF_INET6] {
            do {
                sockets.append(try Self.open(family, listeningAt: nil))
                if listens { sockets.append(try Self.open(family, listeningAt: port)) }
            } catch {
                failure = failure ?? error
            }
        }
        self.sockets = sockets
        self.port = port
        if let failure, !sockets.contains(where: { $0.isListener == listens }) { throw failure }
    }

    deinit { for socket in sockets { close(socket.descriptor) } }

    private static func open(_ family: Int32, listeningAt port: UInt16?) throws(SystemError) -> Socket {
        let descriptor = socket(family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError("open a socket for multicast") }
        let (level, isIPv6) = (Int32(family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP), family == AF_INET6)
        func set(_ level: Int32, _ option: Int32, _ value: Int32) {
            var value = value
            setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
        if isIPv6 { set(level, IPV6_V6ONLY, 1) }
        // No router carries on what has one hop, and nobody beyond the link gets an answer.
        set(level, isIPv6 ? IPV6_UNICAST_HOPS : IP_TTL, 1)
        set(level, isIPv6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, 1)
        // Only the groups that this socket has joined, not those of other programs.
        set(level, isIPv6 ? ipv6MulticastAll : ipMulticastAll, 0)
        // Several programs on one machine listen to the group.
        if port != nil { set(SOL_SOCKET, SO_REUSEADDR, 1) }
        // A socket that is bound to the group gets nothing that is sent to this machine alone. IPv6 binds a group of link scope on one
        // interface only.
        let group = isIPv6 ? NetworkAddress(high: 0, low: 0, port: 0) : groupIPv4
        let place = port.map { NetworkAddress(high: group.high, low: group.low, port: $0) }
        let bound = (place ?? NetworkAddress(high: 0, low: 0, port: 0)).withSocketAddress(family: family) { bind(descriptor, $0, $1) }
        guard bound == 0 else {
            let error = SystemError("listen for multicast")
            close(descriptor)
            throw error
        }
        return Socket(descriptor: descriptor, family: family, isListener: port != nil)
    }

    /// Linux's numbers of options that Glibc's module does not have.
    private static let ipMulticastAll: Int32 = 49
    private static let ipv6MulticastAll: Int32 = 29

    /// The interfaces to use, of those of this machine: the ones with a default route and hardware first.
    public static func usable(_ interfaces: [NetworkInterface]) -> [NetworkInterface] {
        func rank(_ interface: NetworkInterface) -> (Int, Int, UInt32) {
            (interface.hasDefaultRoute ? 0 : 1, interface.kind.rawValue, interface.index)
        }
        return Array(interfaces.filter { $0.index > 0 }.sorted { rank($0) < rank($1) }.prefix(maximumInterfaces))
    }

    private static func families(of interface: NetworkInterface) -> [Int32] {
        let hasIPv4 = interface.addresses.contains { $0.ipv4 != nil }
        // The loopback has no route for multicast of IPv6; IPv4 is enough there.
        let hasIPv6 = interface.kind != .loopback && interface.addresses.contains { $0.ipv4 == nil && $0.isLinkLocal }
        return (hasIPv4 ? [AF_INET] : []) + (hasIPv6 ? [AF_INET6] : [])
    }

    /// Joins the group on interfaces, as far as it is not joined yet. An interface that has gone has left the group by itself.
    public func join(_ interfaces: [NetworkInterface]) {
        for interface in interfaces {
            for family in Self.families(of: interface) {
                for socket in sockets where socket.isListener && socket.family == family {
                    if family == AF_INET {
                        var request = Self.request(interface)
                        setsockopt(
                            socket.descriptor, Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, &request, socklen_t(MemoryLayout<ip_mreqn>.size))
                    } else {
                        var request = ipv6_mreq()
                        withUnsafeMutableBytes(of: &request.ipv6mr_multiaddr) {
                            $0.storeBytes(of: Self.groupIPv6.high.bigEndian, as: UInt64.self)
                            $0.storeBytes(of: Self.groupIPv6.low.bigEndian, toByteOffset: 8, as: UInt64.self)
                        }
                        request.ipv6mr_interface = interface.index
                        setsockopt(
                            socket.descriptor, Int32(IPPROTO_IPV6), IPV6_ADD_MEMBERSHIP, &request, socklen_t(MemoryLayout<ipv6_mreq>.size))
                    }
                }
            }
        }
    }

    private static func request(_ interface: NetworkInterface) -> ip_mreqn {
        var request = ip_mreqn()
        request.imr_multiaddr.s_addr = (groupIPv4.ipv4 ?? 0).bigEndian
        request.imr_ifindex = Int32(interface.index)
        return request
    }

    /// Sends a datagram to the group on each interface. What the system does not take is as good as lost.
    public func sendToGroup(_ bytes: [UInt8], on interfaces: [NetworkInterface]) {
        for interface in interfaces {
            for family in Self.families(of: interface) {
                guard let socket = sockets.first(where: { !$0.isListener && $0.family == family }) else { continue }
                var group = family == AF_INET ? Self.groupIPv4 : Self.groupIPv6
                group.port = port
                if family == AF_INET {
                    var request = Self.request(interface)
                    setsockopt(
                        socket.descriptor, Int32(IPPROTO_IP), IP_MULTICAST_IF, &request, socklen_t(MemoryLayout<ip_mreqn>.size))
                } else {
                    group.scope = interface.index
                }
                send(bytes, to: group, socket)
            }
        }
    }

    /// Sends a datagram to one machine on the link. What the system does not take is as good as lost.
    public func send(_ bytes: [UInt8], to address: NetworkAddress) {
        let family = address.ipv4 == nil ? AF_INET6 : AF_INET
        guard let socket = sockets.first(where: { !$0.isListener && $0.family == family }) else { return }
        send(bytes, to: address, socket)
    }

    private func send(_ bytes: [UInt8], to address: NetworkAddress, _ socket: Socket) {
        _ = address.withSocketAddress(family: socket.family) { to, length in
            retrying { sendto(socket.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), to, length) }
        }
    }

    /// Takes the datagrams that have arrived, a bounded number.
    public func receive(_ body: (UnsafeRawBufferPointer, NetworkAddress) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: Self.bufferSize, alignment: 8) { buffer in
            for socket in sockets {
                for _ in 0..<Self.burst {
                    var from = sockaddr_storage()
                    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                    let count = withUnsafeMutablePointer(to: &from) { from in
                        from.withMemoryRebound(to: sockaddr.self, capacity: 1) { from in
                            retrying { recvfrom(socket.descriptor, buffer.baseAddress, buffer.count, 0, from, &length) }
                        }
                    }
                    // A closed port of a guest who has left is reported once, and means nothing.
                    if count < 0, errno == ECONNREFUSED { continue }
                    guard count >= 0 else { break }
                    guard count > 0, let address = NetworkAddress(from) else { continue }
                    body(UnsafeRawBufferPointer(rebasing: buffer[..<count]), address)
                }
            }
        }
    }
}
