import Connectivity

/// A machine with one UDP socket.
package final class SimulatedHost {
    /// Its addresses, with the port of the socket: one of IPv4, perhaps one of IPv6.
    package let addresses: [NetworkAddress]
    package let program: any NetworkProgram
    let network: Int
    /// As long as it is busy, datagrams wait in the socket and nothing is sent.
    package var busyUntil = Duration.zero

    init(addresses: [NetworkAddress], network: Int, program: any NetworkProgram) {
        self.addresses = addresses
        self.network = network
        self.program = program
    }

    /// The address that a datagram to `destination` is sent from; nil without one of its family.
    func source(for destination: NetworkAddress) -> NetworkAddress? {
        addresses.first { ($0.ipv4 == nil) == (destination.ipv4 == nil) }
    }

    var nextTimeout: Duration? { program.nextTimeout.map { max($0, busyUntil) } }
}
