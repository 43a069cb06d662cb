import ChatProtocol
import Glibc
import NIOCore

/// Who is at the other end, as far as the rules care.
struct PeerAddress: Equatable, Sendable {
    /// Numeric, without port; an IPv4 address that came over an IPv6 socket in its own form.
    let text: String
    /// 127.0.0.0/8 and ::1: this machine itself.
    let isLoopback: Bool

    /// What is counted as one peer: an IPv4 address, or the first 64 bits of an IPv6 address, of which one machine has all the others.
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
        // RFC 4291 §2.5.5.2; the C library writes the IPv4 part of it with dots.
        text = numeric.rest(behind: mapped).flatMap { $0.holds(".") ? $0 : nil } ?? numeric
        isLoopback = text == "::1" || (text.begins(with: "127.") && !text.holds(":"))
    }
}
