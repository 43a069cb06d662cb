import Connectivity
import Glibc
import SystemSupport

/// A UDP socket with one peer, from which alone it receives, and of whose closed port the system tells it. It never blocks.
public final class ConnectedUDPSocket {
    public enum Reception: Equatable, Sendable {
        case nothing
        /// A datagram of so many bytes.
        case datagram(Int)
        /// The peer's host reports that the port is closed.
        case refused
    }

    public let descriptor: Int32
    /// Whether this machine has a route to the peer.
    public let isConnected: Bool

    /// Nil if the system has no socket left.
    /// - Parameter local: the address to send from; nil for the one that the system chooses.
    public init?(to address: NetworkAddress, from local: NetworkAddress? = nil) {
        let family = address.ipv4 == nil ? AF_INET6 : AF_INET
        let descriptor = socket(family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        let isBound = local.map { $0.withSocketAddress(family: family) { bind(descriptor, $0, $1) } == 0 } ?? true
        isConnected = isBound && address.withSocketAddress(family: family) { connect(descriptor, $0, $1) } == 0
    }

    deinit { close(descriptor) }

    /// The address from which this machine sends to the peer; nil if the socket is not connected.
    public var localAddress: NetworkAddress? {
        guard isConnected else { return nil }
        var bound = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &bound) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return result == 0 ? NetworkAddress(bound) : nil
    }

    /// Sends a datagram, which may be empty. What the system does not take is as good as lost.
    /// - Returns: false if the peer's port is known to be closed.
    @discardableResult public func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        retrying { Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) } >= 0 || errno != ECONNREFUSED
    }

    /// Takes the next datagram; what is longer than `buffer` is cut off.
    public func receive(into buffer: UnsafeMutableRawBufferPointer) -> Reception {
        let count = retrying { recv(descriptor, buffer.baseAddress, buffer.count, 0) }
        return count >= 0 ? .datagram(count) : errno == ECONNREFUSED ? .refused : .nothing
    }
}
