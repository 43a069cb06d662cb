import NIOCore

/// Who is at the other end, as far as the rules care.
struct PeerAddress: Equatable, Sendable {
    /// Numeric, without port; an IPv4 address that came over an IPv6 socket in its own form.
    let text: String
    /// 127.0.0.0/8 and ::1: this machine itself.
    let isLoopback: Bool

    init?(_ address: SocketAddress?) {
        guard let text = address?.ipAddress else { return nil }
        self.init(numeric: text)
    }

    init(numeric: String) {
        let mapped = "::ffff:"
        // RFC 4291 §2.5.5.2; the C library writes the IPv4 part of it with dots.
        text = numeric.hasPrefix(mapped) && numeric.contains(".") ? String(numeric.dropFirst(mapped.count)) : numeric
        isLoopback = text == "::1" || (text.hasPrefix("127.") && !text.contains(":"))
    }
}
