import Connectivity
import TransferProtocol

/// A router between an inner network and an outer one, with what it remembers.
final class SimulatedRouter {
    /// What a connection is known by from outside.
    private struct OuterKey: Hashable {
        /// The address and port that it has outside.
        let own: NetworkAddress
        let remote: NetworkAddress
    }

    private struct InnerKey: Hashable {
        let host: NetworkAddress
        let remote: NetworkAddress
    }

    private struct Connection {
        /// Nil for a stranger's connection to the router itself.
        let inner: NetworkAddress?
        let outer: NetworkAddress
        var isAnswered = false
        var usedAt: Duration
    }

    private struct Mapped {
        let outer: NetworkAddress
        let inner: NetworkAddress
        var usedAt: Duration
        /// When each remote address was written to last, with its port or (address-dependent filtering) with port 0.
        var permitted: [NetworkAddress: Duration] = [:]
    }

    let model: RouterModel
    /// The network that it is in outside, and its address there (port 0).
    let outside: Int
    let address: NetworkAddress
    /// The network that it serves.
    let inside: Int
    private var random: SplitMix
    private var sequence: UInt16 = 9_999
    private var byOuter: [OuterKey: Connection] = [:]
    private var byInner: [InnerKey: OuterKey] = [:]
    private var mappings: [NetworkAddress: Mapped] = [:]
    private var mappedPorts: [UInt16: NetworkAddress] = [:]

    init(_ model: RouterModel, outside: Int, address: NetworkAddress, inside: Int, seed: UInt64) {
        self.model = model
        self.outside = outside
        self.address = address
        self.inside = inside
        random = SplitMix(seed: seed)
    }

    /// Forgets everything, as by a restart.
    func restart() {
        byOuter = [:]
        byInner = [:]
        mappings = [:]
        mappedPorts = [:]
    }

    /// The source that a datagram from within has outside; nil if it is dropped.
    func outbound(from inner: NetworkAddress, to remote: NetworkAddress, at now: Duration) -> NetworkAddress? {
        guard model.passesUDP else { return nil }
        return isMapping(inner) ? mapped(inner, to: remote, at: now) : connection(inner, to: remote, at: now)
    }

    /// The host within that a datagram from outside is for; nil if it is dropped.
    func inbound(from remote: NetworkAddress, to outer: NetworkAddress, at now: Duration) -> NetworkAddress? {
        guard model.passesUDP else { return nil }
        let key = OuterKey(own: outer, remote: remote)
        if let found = alive(key, at: now) {
            byOuter[key]?.usedAt = now
            byOuter[key]?.isAnswered = found.inner != nil
            return found.inner
        }
        if model.mapping == .endpointIndependent, outer.isSameHost(as: address), let inner = mappedPorts[outer.port],
            let mapping = aliveMapping(inner, at: now), permits(mapping, remote, at: now)
        {
            mappings[inner]?.usedAt = now
            return inner
        }
        if model.strangers == .occupyPort, outer.isSameHost(as: address) {
            byOuter[key] = Connection(inner: nil, outer: outer, usedAt: now)
        }
        return nil
    }

    /// IPv6 is not translated, only filtered.
    private func isMapping(_ inner: NetworkAddress) -> Bool { model.mapping == .endpointIndependent && inner.ipv4 != nil }

    // MARK: Connections

    private func connection(_ inner: NetworkAddress, to remote: NetworkAddress, at now: Duration) -> NetworkAddress {
        let innerKey = InnerKey(host: inner, remote: remote)
        if let key = byInner[innerKey], let found = alive(key, at: now) {
            byOuter[key]?.usedAt = now
            return found.outer
        }
        let outer = model.mapping == .none || inner.ipv4 == nil ? inner : free(for: inner, to: remote, at: now)
        let key = OuterKey(own: outer, remote: remote)
        byInner[innerKey] = key
        byOuter[key] = Connection(inner: inner, outer: outer, usedAt: now)
        return outer
    }

    private func alive(_ key: OuterKey, at now: Duration) -> Connection? {
        guard let found = byOuter[key] else { return nil }
        if now - found.usedAt <= (found.isAnswered ? model.answeredLife : model.silentLife) { return found }
        byOuter[key] = nil
        if let inner = found.inner { byInner[InnerKey(host: inner, remote: key.remote)] = nil }
        return nil
    }

    private func free(for inner: NetworkAddress, to remote: NetworkAddress, at now: Duration) -> NetworkAddress {
        var outer = address
        outer.port = model.ports == .preserved ? inner.port : nextPort()
        while alive(OuterKey(own: outer, remote: remote), at: now) != nil { outer.port = nextPort() }
        return outer
    }

    // MARK: Mappings

    private func mapped(_ inner: NetworkAddress, to remote: NetworkAddress, at now: Duration) -> NetworkAddress {
        var mapping = aliveMapping(inner, at: now) ?? fresh(inner, at: now)
        mapping.usedAt = now
        mapping.permitted[permission(for: remote)] = now
        mappings[inner] = mapping
        mappedPorts[mapping.outer.port] = inner
        return mapping.outer
    }

    private func aliveMapping(_ inner: NetworkAddress, at now: Duration) -> Mapped? {
        guard let found = mappings[inner] else { return nil }
        if now - found.usedAt <= model.mappingLife { return found }
        mappings[inner] = nil
        mappedPorts[found.outer.port] = nil
        return nil
    }

    private func fresh(_ inner: NetworkAddress, at now: Duration) -> Mapped {
        var outer = address
        outer.port = model.ports == .preserved ? inner.port : nextPort()
        while mappedPorts[outer.port] != nil { outer.port = nextPort() }
        return Mapped(outer: outer, inner: inner, usedAt: now)
    }

    private func permission(for remote: NetworkAddress) -> NetworkAddress {
        var key = remote
        if model.filtering == .addressDependent { key.port = 0 }
        return key
    }

    private func permits(_ mapping: Mapped, _ remote: NetworkAddress, at now: Duration) -> Bool {
        if model.filtering == .endpointIndependent { return true }
        return mapping.permitted[permission(for: remote)].map { now - $0 <= model.mappingLife } ?? false
    }

    private func nextPort() -> UInt16 {
        guard model.ports == .sequential else { return UInt16.random(in: 10_000...65_535, using: &random) }
        sequence = sequence == 65_535 ? 10_000 : sequence + 1
        return sequence
    }
}
