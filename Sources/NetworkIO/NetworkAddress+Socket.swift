import CLinux
import Connectivity
import Glibc

extension LocalAddress {
    init(_ local: clinux_udp_local) {
        let (high, low) = withUnsafeBytes(of: local.address) {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self.init(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low), interface: local.interface)
    }
}

extension clinux_udp_local {
    init(_ local: LocalAddress) {
        self.init()
        withUnsafeMutableBytes(of: &address) {
            $0.storeBytes(of: local.high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: local.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        interface = local.interface
    }
}

extension NetworkAddress {
    /// The address in a socket address; nil for a family that is not IP.
    public init?(_ storage: borrowing sockaddr_storage) {
        switch Int32(storage.ss_family) {
        case AF_INET:
            let v4 = withUnsafeBytes(of: storage) { $0.load(as: sockaddr_in.self) }
            self.init(ipv4: UInt32(bigEndian: v4.sin_addr.s_addr), port: UInt16(bigEndian: v4.sin_port))
        case AF_INET6:
            let v6 = withUnsafeBytes(of: storage) { $0.load(as: sockaddr_in6.self) }
            let (high, low) = withUnsafeBytes(of: v6.sin6_addr) {
                (
                    UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            self.init(high: high, low: low, port: UInt16(bigEndian: v6.sin6_port), scope: v6.sin6_scope_id)
        default: return nil
        }
    }

    /// Calls `body` with the address in the form of the socket's family: IPv4-mapped on an IPv6 socket.
    @inline(__always) public func withSocketAddress<Result>(family: Int32, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result
    {
        if family == AF_INET6 {
            var v6 = sockaddr_in6()
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            v6.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &v6.sin6_addr) {
                $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return withUnsafePointer(to: &v6) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
            }
        }
        var v4 = sockaddr_in()
        v4.sin_family = sa_family_t(AF_INET)
        v4.sin_port = port.bigEndian
        v4.sin_addr.s_addr = (ipv4 ?? 0).bigEndian
        return withUnsafePointer(to: &v4) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// The IP in its usual text form, without the port.
    public var host: String {
        let isIPv4 = ipv4 != nil
        let bytes = (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - 8 * ($0 % 8))) }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let made = Array(bytes.suffix(isIPv4 ? 4 : 16)).withUnsafeBytes {
            inet_ntop(isIPv4 ? AF_INET : AF_INET6, $0.baseAddress, &text, socklen_t(text.count))
        }
        guard made != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// `192.0.2.1:9999` or `[2001:db8::1]:9999`, the form that ``HostPort`` parses.
    public var hostAndPort: String { ipv4 != nil ? "\(host):\(port)" : "[\(host)]:\(port)" }
}
