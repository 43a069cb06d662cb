import TransferProtocol

/// The addresses of this machine that another could send to, and which of them are named where there is no room for all.
/// Held by `LocalAddressesTests`.
public struct LocalAddresses: Hashable, Sendable {
    /// One of them, and the interface that has it.
    public struct Candidate: Hashable, Sendable {
        public let address: NetworkAddress
        public let interface: String
    }

    /// The best first.
    public let chosen: [Candidate]
    public let leftOut: [Candidate]

    public var addresses: [NetworkAddress] { chosen.map(\.address) }

    /// Whether none of them is known beyond this machine.
    public var areLocal: Bool { chosen.allSatisfy(\.address.isLoopback) }
    /// Whether none of them is known beyond the next router.
    public var areOnLink: Bool { chosen.allSatisfy { $0.address.isLoopback || $0.address.isLinkLocal } }

    /// Of one family on one interface: what else there is are passing addresses of the same network (RFC 8981).
    private static let perFamily = 4
    /// What is kept for those that help where nothing else does: link-local ones, loopback.
    private static let shares = [0, 2, 1]

    /// Those of the interface that leads to everybody first, then of other hardware, of tunnels, of what is within this machine, and of what has
    /// no carrier; then link-local ones in the same order; loopback last. IPv4 before IPv6.
    ///
    /// Loopback is kept: sender and receiver may be on one machine, and elsewhere it leads to nobody who knows the key.
    public init(of interfaces: [NetworkInterface], port: UInt16, limit: Int) {
        var groups: [[Candidate]] = [[], [], []]
        var excess: [Candidate] = []
        var seen = Set<NetworkAddress>()
        for interface in Self.sorted(interfaces) {
            for isIPv4 in [true, false] {
                for (group, belongs) in Self.groups.enumerated() {
                    let found = interface.addresses.filter {
                        ($0.ipv4 != nil) == isIPv4 && belongs($0) && seen.insert($0).inserted
                    }.map { address in
                        Candidate(address: NetworkAddress(high: address.high, low: address.low, port: port), interface: interface.name)
                    }
                    groups[group] += found.prefix(Self.perFamily)
                    excess += found.dropFirst(Self.perFamily)
                }
            }
        }
        var chosen: [Candidate] = []
        for (index, group) in groups.enumerated() {
            let kept = zip(groups, Self.shares).dropFirst(index + 1).reduce(0) { $0 + min($1.0.count, $1.1) }
            chosen += group.prefix(max(0, limit - chosen.count - kept))
        }
        self.chosen = chosen
        leftOut = (groups[0] + groups[1] + excess).filter { !chosen.contains($0) && !$0.address.isLoopback }
    }

    private static var groups: [(NetworkAddress) -> Bool] {
        [{ !$0.isLinkLocal && !$0.isLoopback }, { $0.isLinkLocal }, { $0.isLoopback }]
    }

    /// As they are at the moment.
    public static func now(port: UInt16, limit: Int) -> LocalAddresses {
        LocalAddresses(of: NetworkInterface.all(), port: port, limit: limit)
    }

    private static func sorted(_ interfaces: [NetworkInterface]) -> [NetworkInterface] {
        func rank(_ interface: NetworkInterface) -> (Int, Int, Int, UInt32) {
            (interface.hasCarrier ? 0 : 1, interface.hasDefaultRoute ? 0 : 1, interface.kind.rawValue, interface.index)
        }
        return interfaces.sorted { rank($0) < rank($1) }
    }

    /// Links on which another host's link-local address is tried.
    private static let maximumLinks = 4

    /// Another host's addresses as this one can use them: a link-local IPv6 address that does not say on which link is looked for on each of this host's
    /// own, the most likely first.
    public static func onOwnLinks(_ addresses: [NetworkAddress], _ interfaces: [NetworkInterface]) -> [NetworkAddress] {
        addresses.flatMap { address -> [NetworkAddress] in
            guard address.isLinkLocal, address.ipv4 == nil, address.scope == 0 else { return [address] }
            let links = sorted(interfaces).filter { $0.kind != .loopback && $0.addresses.contains { $0.isLinkLocal && $0.ipv4 == nil } }
            return links.prefix(maximumLinks).map { link in
                NetworkAddress(high: address.high, low: address.low, port: address.port, scope: link.index)
            }
        }
    }
}
