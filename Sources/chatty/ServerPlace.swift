/// `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`; an IPv6 address without brackets has no port.
struct ServerPlace: Equatable, Sendable {
    let host: String
    /// The port; nil for the default one.
    let port: Int?

    init(host: String, port: Int?) {
        self.host = host
        self.port = port
    }

    init?(_ text: String) {
        let bytes = text.utf8
        var host = bytes[...]
        var port: Substring.UTF8View?
        if bytes.first == UInt8(ascii: "["), let end = bytes.firstIndex(of: UInt8(ascii: "]")) {
            host = bytes[..<end].dropFirst()
            let rest = bytes[end...].dropFirst()
            guard rest.isEmpty || rest.first == UInt8(ascii: ":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if bytes.count(where: { $0 == UInt8(ascii: ":") }) == 1, let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            host = bytes[..<colon]
            port = bytes[colon...].dropFirst()
        }
        let number = port.map { UInt16(Substring($0)) ?? 0 }
        guard !host.isEmpty, number != 0 else { return nil }
        self.init(host: String(Substring(host)), port: number.map(Int.init))
    }
}
