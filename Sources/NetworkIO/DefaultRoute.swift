import Connectivity
import Glibc
import SystemSupport

/// A route of this machine to the Internet.
public struct DefaultRoute: Hashable, Sendable {
    public var interface: String
    /// The router, with port 0 and, if its address is link-local, the interface's index as its scope. Nil where there is none in between, as
    /// on a tunnel.
    public var router: NetworkAddress?
    /// The system prefers the route with the lowest.
    public var metric: UInt32

    public init(interface: String, router: NetworkAddress?, metric: UInt32 = 0) {
        self.interface = interface
        self.router = router
        self.metric = metric
    }

    /// The present default routes, the preferred ones first; empty if the system does not report them.
    public static func all() -> [DefaultRoute] {
        func text(_ path: String) -> String {
            String(decoding: (try? SmallFile.read("The routing table", path, limit: 1 << 20)) ?? [], as: UTF8.self)
        }
        return all(ipv4: text("/proc/net/route"), ipv6: text("/proc/net/ipv6_route"), index: { if_nametoindex($0) })
    }

    /// - Parameters:
    ///   - ipv4: `/proc/net/route`: interface, destination, gateway, flags, two numbers, metric, mask.
    ///   - ipv6: `/proc/net/ipv6_route`: destination and its prefix length, source and its prefix length, gateway, metric, two numbers, flags,
    ///     interface.
    static func all(ipv4: String, ipv6: String, index: (String) -> UInt32) -> [DefaultRoute] {
        func rows(_ text: String) -> [[Substring]] {
            text.utf8.split(separator: 0x0A).map { $0.split { $0 == 0x20 || $0 == 0x09 }.map { Substring($0) } }
        }
        func isUsable(_ flags: Substring) -> Bool {
            guard let flags = UInt32(flags, radix: 16) else { return false }
            // Up, and not a reject route (RTF_UP, RTF_REJECT).
            return flags & 0x1 != 0 && flags & 0x200 == 0
        }
        func isZero(_ number: Substring) -> Bool { number.utf8.allSatisfy { $0 == UInt8(ascii: "0") } }
        var found: [DefaultRoute] = []
        for row in rows(ipv4) where row.count >= 8 && isZero(row[1]) && isZero(row[7]) && isUsable(row[3]) {
            // The bytes in memory are in network order, and are shown as a number of this machine.
            let router = UInt32(row[2], radix: 16).flatMap { $0 == 0 ? nil : NetworkAddress(ipv4: UInt32(bigEndian: $0), port: 0) }
            found.append(DefaultRoute(interface: String(row[0]), router: router, metric: UInt32(row[6]) ?? .max))
        }
        for row in rows(ipv6) where row.count >= 10 && isZero(row[0]) && isZero(row[1]) && isUsable(row[8]) {
            let name = String(row[9])
            var router: NetworkAddress?
            if row[4].utf8.count == 32, let high = UInt64(row[4].prefix(16), radix: 16), let low = UInt64(row[4].suffix(16), radix: 16),
                high != 0 || low != 0
            {
                let address = NetworkAddress(high: high, low: low, port: 0)
                router = NetworkAddress(high: high, low: low, port: 0, scope: address.isLinkLocal ? index(name) : 0)
            }
            found.append(DefaultRoute(interface: name, router: router, metric: UInt32(row[5], radix: 16) ?? .max))
        }
        return found.sorted { $0.metric < $1.metric }
    }
}
