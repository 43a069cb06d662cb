/// What stands between a host and the public network, by the names and the behaviour of the laboratory of network namespaces.
package enum NATKind: String, CaseIterable, Sendable, CustomStringConvertible {
    /// A public address, and nothing in between.
    case none
    case fullCone = "full-cone"
    case addressRestricted = "address-restricted"
    case portRestricted = "port-restricted"
    case linux
    /// Linux whose own input accepts what strangers send.
    case linuxAccept = "linux-accept"
    case symmetric
    case symmetricSequential = "symmetric-seq"
    /// A home's router behind a carrier's NAT.
    case carrier = "cgnat"
    case carrierSymmetric = "cgnat-symmetric"
    /// A public address from which only answers are let in to.
    case firewall
    case udpBlocked = "udp-blocked"
    case webOnly = "web-only"

    package var description: String { rawValue }

    /// The routers on the way from the host to the public network.
    package var routers: [RouterModel] {
        switch self {
        case .none: []
        case .fullCone: [RouterModel(.endpointIndependent, .random, .endpointIndependent)]
        case .addressRestricted: [RouterModel(.endpointIndependent, .random, .addressDependent)]
        case .portRestricted: [RouterModel(.endpointIndependent, .random)]
        case .linux: [.linux]
        case .linuxAccept: [Self.accepting]
        case .symmetric: [RouterModel(.perConnection, .random)]
        case .symmetricSequential: [RouterModel(.perConnection, .sequential)]
        case .carrier: [.linux, RouterModel(.endpointIndependent, .random)]
        case .carrierSymmetric: [.linux, RouterModel(.perConnection, .random)]
        case .firewall: [RouterModel(.none)]
        case .udpBlocked, .webOnly: [Self.blocking]
        }
    }

    private static var accepting: RouterModel {
        var model = RouterModel.linux
        model.strangers = .occupyPort
        return model
    }

    private static var blocking: RouterModel {
        var model = RouterModel.linux
        model.passesUDP = false
        return model
    }
}
