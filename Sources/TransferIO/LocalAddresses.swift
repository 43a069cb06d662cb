import Connectivity
import NetworkIO
import TransferProtocol

/// The addresses at which other hosts may reach this machine, and the choice among them if there is no room for all. Held by
/// `LocalAddressesTests`.
public struct LocalAddresses: Hashable, Sendable {
    /// An address, and the interface that has it.
    public struct Candidate: Hashable, Sendable {
        public let address: NetworkAddress
        public let interface: String
    }

    /// The chosen addresses, the best first.
    public let chosen: [Candidate]
    public let leftOut: [Candidate]

    public var addresses: [NetworkAddress] { chosen.map(\.address) }

    /// Whether all chosen addresses are loopback addresses.
    public var areLocal: Bool { chosen.allSatisfy(\.address.isLoopback) }
    /// Whether all chosen addresses are loopback or link-local.
    public var areOnLink: Bool { chosen.allSatisfy { $0.address.isLoopback || $0.address.isLinkLocal } }

    /// Addresses of one family on one interface: further ones are temporary addresses of the same network (RFC 8981).
    private static let perFamily = 4
    /// Places reserved for each group, global, link-local and loopback: the latter two help where nothing else does.
    private static let shares = [0, 2, 1]

    /// Addresses of the interface with the default route come first, then those of other hardware, of tunnels, of virtual interfaces, and
    /// of interfaces without a carrier; then link-local ones in the same order; loopback last. IPv4 precedes IPv6.
    ///
    /// Loopback is included: sender and receiver may be on one machine, and elsewhere nobody at that address knows the key.
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

    /// The present addresses of this machine.
    public static func now(port: UInt16, limit: Int) -> LocalAddresses {
        LocalAddresses(of: NetworkInterface.all(), port: port, limit: limit)
    }

    /// The chosen addresses with those of the router at which others reach this machine: behind those that anybody reaches, and before those
    /// of this network.
    public func addresses(mapped: [NetworkAddress]) -> [NetworkAddress] {
        let others = mapped.filter { !addresses.contains($0) }
        let place = addresses.firstIndex { !$0.isGlobal } ?? addresses.count
        return addresses[..<place] + others + addresses[place...]
    }

    /// The addresses that are named to a peer.
    /// - Parameters:
    ///   - mapped: what the router passes on to this machine.
    ///   - reflexive: what STUN servers see.
    public func candidates(mapped: [NetworkAddress] = [], reflexive: [NetworkAddress]) -> Candidates {
        var sources = CandidateSources()
        let primary = chosen.first { $0.address.isPrivate }?.interface
        for candidate in chosen {
            let address = candidate.address
            if address.isLoopback {
                sources.loopback.append(address)
            } else if address.isLinkLocal {
                sources.linkLocal.append(address)
            } else if !address.isPrivate {
                if address.ipv4 == nil { sources.globalIPv6.append(address) } else { sources.publicIPv4.append(address) }
            } else if candidate.interface == primary {
                sources.primaryPrivate.append(address)
            } else {
                sources.otherPrivate.append(address)
            }
        }
        sources.mapped = mapped
        sources.reflexive = reflexive
        return Candidates(sources, includesLoopback: true)
    }

    private static func sorted(_ interfaces: [NetworkInterface]) -> [NetworkInterface] {
        func rank(_ interface: NetworkInterface) -> (Int, Int, Int, UInt32) {
            (interface.hasCarrier ? 0 : 1, interface.hasDefaultRoute ? 0 : 1, interface.kind.rawValue, interface.index)
        }
        return interfaces.sorted { rank($0) < rank($1) }
    }

    /// Links on which another host's link-local address is tried, at most.
    private static let maximumLinks = 4

    /// Another host's addresses in a form that this host can use: a link-local IPv6 address without a scope is tried on each of this host's
    /// links, the most likely first.
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
