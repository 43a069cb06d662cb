import CLinux
import Connectivity
import Glibc
import SystemSupport

/// A network interface of this machine, as far as it shows at which address others can reach it.
public struct NetworkInterface: Hashable, Sendable {
    /// The kinds of interfaces, the most likely to be reachable first.
    public enum Kind: Int, Sendable {
        case hardware
        /// A tunnel to a private network, or to one other host.
        case tunnel
        /// An interface to a part of this machine: a container, a virtual machine.
        case virtual
        case bridge
        case loopback
    }

    public var name: String
    public var index: UInt32
    public var kind: Kind
    /// Whether a link is present: a cable is plugged in, or the like.
    public var hasCarrier: Bool
    public var hasDefaultRoute: Bool
    /// The addresses, with port and scope 0.
    public var addresses: [NetworkAddress]

    public init(
        name: String, index: UInt32, kind: Kind, hasCarrier: Bool = true, hasDefaultRoute: Bool = false, addresses: [NetworkAddress]
    ) {
        self.name = name
        self.index = index
        self.kind = kind
        self.hasCarrier = hasCarrier
        self.hasDefaultRoute = hasDefaultRoute
        self.addresses = addresses
    }

    /// The present interfaces that are up and have an address; empty if the system does not report them.
    public static func all() -> [NetworkInterface] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        let routed = Set(DefaultRoute.all().map(\.interface))
        var found: [NetworkInterface] = []
        var entry = list
        while let current = entry?.pointee {
            entry = current.ifa_next
            guard let label = current.ifa_name, let address = address(current.ifa_addr), current.ifa_flags & UInt32(IFF_UP) != 0 else {
                continue
            }
            // An IPv4 address may carry an alias label: `eth0:1`.
            let name = String(Substring(String(cString: label).utf8.prefix { $0 != UInt8(ascii: ":") }))
            if let known = found.firstIndex(where: { $0.name == name }) {
                if !found[known].addresses.contains(address) { found[known].addresses.append(address) }
                continue
            }
            found.append(
                NetworkInterface(
                    name: name, index: if_nametoindex(name), kind: kind(name, flags: current.ifa_flags),
                    hasCarrier: current.ifa_flags & UInt32(IFF_RUNNING) != 0, hasDefaultRoute: routed.contains(name), addresses: [address]))
        }
        return found
    }

    private static func address(_ address: UnsafeMutablePointer<sockaddr>?) -> NetworkAddress? {
        guard let address else { return nil }
        let size: Int
        switch Int32(address.pointee.sa_family) {
        case AF_INET: size = MemoryLayout<sockaddr_in>.size
        case AF_INET6: size = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: size)) }
        return NetworkAddress(storage).map { NetworkAddress(high: $0.high, low: $0.low, port: 0) }
    }

    private static func kind(_ name: String, flags: UInt32) -> Kind {
        if flags & UInt32(IFF_LOOPBACK) != 0 { return .loopback }
        var driver = [CChar](repeating: 0, count: 64)
        let isTold = clinux_interface_driver(name, &driver, driver.count) == 0
        let bytes = driver.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return kind(driver: isTold ? String(decoding: bytes, as: UTF8.self) : nil, isPointToPoint: flags & UInt32(IFF_POINTOPOINT) != 0)
    }

    /// The kind by the driver's name; an unknown driver counts as hardware.
    static func kind(driver: String?, isPointToPoint: Bool) -> Kind {
        switch driver {
        case "bridge", "openvswitch": .bridge
        case "tun", "wireguard": .tunnel
        case "veth", "dummy", "macvlan", "ipvlan", "vxlan", "geneve", "vrf", "ifb": .virtual
        default: isPointToPoint ? .tunnel : .hardware
        }
    }
}
