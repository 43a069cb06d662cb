import Connectivity

/// Both ends of a network path (RFC 9000 §9): the same peer at another address of this host is another path.
struct NetworkPath: Hashable {
    var remote: NetworkAddress
    var local: LocalAddress

    /// Whether both paths join the same hosts, whatever the peer's port.
    func hasSameHosts(as other: Self) -> Bool { remote.isSameHost(as: other.remote) && local == other.local }
}
