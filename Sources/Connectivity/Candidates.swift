/// Where this side's socket may be reached, by where it is known from, the best first in each list. All have the port at which they may
/// be reached.
public struct CandidateSources: Sendable {
    /// IPv6 addresses of this machine that are global.
    public var globalIPv6: [NetworkAddress] = []
    /// IPv4 addresses of this machine that are global, and those that the user announces.
    public var publicIPv4: [NetworkAddress] = []
    /// What the router says that it has mapped (UPnP-IGD, PCP, NAT-PMP).
    public var mapped: [NetworkAddress] = []
    /// What STUN servers see.
    public var reflexive: [NetworkAddress] = []
    /// Private addresses of the interface with the default route.
    public var primaryPrivate: [NetworkAddress] = []
    /// Private addresses of other interfaces; those of bridges and of interfaces without a carrier last.
    public var otherPrivate: [NetworkAddress] = []
    /// Link-local addresses, with the interface as their scope.
    public var linkLocal: [NetworkAddress] = []
    /// Loopback addresses, of use only if both sides are on one machine.
    public var loopback: [NetworkAddress] = []

    public init() {}

    /// The lists in the order in which they are named.
    fileprivate var lists: [[NetworkAddress]] {
        [globalIPv6, publicIPv4, mapped, reflexive, primaryPrivate, otherPrivate, linkLocal, loopback]
    }
}

/// The addresses that one side names to the other, in a ticket, an offer or its answer: the same list everywhere, the best first.
public struct Candidates: Equatable, Sendable {
    /// Addresses that are named, and those of a peer that are tried.
    public static let maximum = 12
    /// Addresses of one host among them, which differ by the port.
    public static let maximumPerHost = 4

    public let named: [NetworkAddress]
    /// Addresses for which there is no room, in the same order.
    public let leftOut: [NetworkAddress]

    /// Orders the addresses by their source and leaves out what cannot be reached by anybody. If there are too many, each source keeps its
    /// best address, so that many of one (temporary IPv6 addresses, say) do not displace the only one of another.
    public init(_ sources: CandidateSources, includesLoopback: Bool = false) {
        var lists: [[NetworkAddress]] = []
        var seen = Set<NetworkAddress>()
        var perHost: [NetworkAddress: Int] = [:]
        var excess = Set<NetworkAddress>()
        for list in sources.lists {
            lists.append(
                list.filter { address in
                    guard address.isReachable(includingLoopback: includesLoopback), seen.insert(address).inserted else { return false }
                    let isWithin = perHost[address.host, default: 0] < Self.maximumPerHost
                    if isWithin { perHost[address.host, default: 0] += 1 } else { excess.insert(address) }
                    return true
                })
        }
        var named = Set<NetworkAddress>()
        for (index, list) in lists.enumerated() {
            let wanted = list.filter { !excess.contains($0) }
            let kept = lists.dropFirst(index + 1).count { $0.contains { !excess.contains($0) } }
            named.formUnion(wanted.prefix(max(0, Self.maximum - named.count - kept)))
        }
        let all = lists.flatMap(\.self)
        self.named = all.filter(named.contains)
        leftOut = all.filter { !named.contains($0) }
    }

    /// The addresses of those that a peer names that may be tried, in its order: the first twelve that are different and that reach one host
    /// at most, of which at most four are of one host.
    public static func remoteCandidates(_ named: some Sequence<NetworkAddress>, includesLoopback: Bool = false) -> [NetworkAddress] {
        var usable: [NetworkAddress] = []
        var perHost: [NetworkAddress: Int] = [:]
        for address in named where address.isReachable(includingLoopback: includesLoopback) && !usable.contains(address) {
            guard perHost[address.host, default: 0] < maximumPerHost else { continue }
            perHost[address.host, default: 0] += 1
            usable.append(address)
            if usable.count == maximum { break }
        }
        return usable
    }
}
