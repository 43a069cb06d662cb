import ChatProtocol
import Glibc
import NIOCore

/// The address of a connection's peer.
struct PeerAddress: Equatable, Sendable {
    /// Numeric, without port. An IPv4 address on an IPv6 socket is in its IPv4 form.
    let text: String
    /// Whether it is 127.0.0.0/8 or ::1: this machine.
    let isLoopback: Bool

    /// The key by which a peer is counted: an IPv4 address, or the first 64 bits of an IPv6 address. One machine usually has all addresses
    /// of such a network.
    var network: String {
        var bytes = in6_addr()
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return text }
        withUnsafeMutableBytes(of: &bytes) { for index in 8..<16 { $0[index] = 0 } }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, &bytes, &buffer, socklen_t(buffer.count)) != nil else { return text }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) + "/64"
    }

    init?(_ address: SocketAddress?) {
        guard let text = address?.ipAddress else { return nil }
        self.init(numeric: text)
    }

    init(numeric: String) {
        let mapped = "::ffff:"
        // An IPv4-mapped address (RFC 4291 §2.5.5.2). The C library writes its IPv4 part with dots.
        text = numeric.rest(behind: mapped).flatMap { $0.holds(".") ? $0 : nil } ?? numeric
        isLoopback = text == "::1" || (text.begins(with: "127.") && !text.holds(":"))
    }
}
