/// How a router treats UDP, in the words of RFC 4787.
package struct RouterModel: Sendable {
    package enum Mapping: Sendable {
        /// No translation.
        case none
        /// One outer port for an inner one, whatever the destination (EIM).
        case endpointIndependent
        /// Each pair of an inner port and a destination is a connection of its own, as in the connection tracking of Linux. With preserved
        /// ports that looks like EIM as long as nothing clashes; with others it is address and port-dependent mapping (APDM).
        case perConnection
    }

    package enum Ports: Sendable {
        /// The inner port, or a random one if that is taken for this destination.
        case preserved
        case random
        case sequential
    }

    /// Who may send to the outer port of an endpoint-independent mapping. A connection's accepts its own destination only.
    package enum Filtering: Sendable {
        case endpointIndependent
        case addressDependent
        case addressAndPortDependent
    }

    package enum Strangers: Sendable {
        case dropped
        /// They reach the router itself, and the connection that they make occupies the port for their own address.
        case occupyPort
    }

    package var mapping: Mapping
    package var ports: Ports
    package var filtering: Filtering
    package var strangers = Strangers.dropped
    package var passesUDP = true
    /// Whether hosts behind it reach each other at their outer addresses.
    package var hairpins = false
    /// How long a connection lasts in silence, before and after an answer (Linux: 30 s and 120 s).
    package var silentLife = Duration.seconds(30)
    package var answeredLife = Duration.seconds(120)
    /// How long an endpoint-independent mapping and its permissions last without use.
    package var mappingLife = Duration.seconds(120)

    package init(_ mapping: Mapping, _ ports: Ports = .preserved, _ filtering: Filtering = .addressAndPortDependent) {
        self.mapping = mapping
        self.ports = ports
        self.filtering = filtering
    }

    /// What Linux does as a home's router.
    package static var linux: RouterModel { RouterModel(.perConnection) }
}
