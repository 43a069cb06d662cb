import Connectivity
import Glibc

/// A destination in its plain form: `HOST:PORT` or `[IPV6]:PORT`.
public struct HostPort: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let port: UInt16

    /// Nil if the text has another form, or the port is not 1 to 65535.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")), let port = UInt16(text[bytes.index(after: colon)...]), port > 0 else {
            return nil
        }
        var host = bytes[..<colon]
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(UInt8(ascii: ":")) {
            return nil
        }
        let shown = Substring(host)
        guard !shown.isEmpty, !shown.unicodeScalars.contains(where: { $0.properties.isWhitespace || $0 == "/" }) else { return nil }
        self.host = String(shown)
        self.port = port
    }

    public var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Resolves the host by the system's resolver. It may take seconds, so it must not run on an event loop. Throws if there is no such
    /// host.
    public func resolve() throws(ResolveError) -> [NetworkAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { throw ResolveError(host: host, reason: String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var found: [NetworkAddress] = []
        var entry = list
        while let current = entry {
            var storage = sockaddr_storage()
            withUnsafeMutableBytes(of: &storage) {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: current.pointee.ai_addr, count: Int(current.pointee.ai_addrlen)))
            }
            if let address = NetworkAddress(storage), !found.contains(address) { found.append(address) }
            entry = current.pointee.ai_next
        }
        guard !found.isEmpty else { throw ResolveError(host: host, reason: "no address") }
        return found
    }
}

/// The host does not exist, or the resolver cannot be reached.
public struct ResolveError: Error, Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let reason: String
    public var description: String { "cannot find the host \(host): \(reason)" }
}
