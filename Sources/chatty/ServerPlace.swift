/// `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`; an IPv6 address without brackets has no port.
struct ServerPlace: Equatable, Sendable {
    let host: String
    /// Nil for the usual one.
    let port: Int?

    init(host: String, port: Int?) {
        self.host = host
        self.port = port
    }

    init?(_ text: String) {
        var host = Substring(text)
        var port: Substring?
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if text.count(where: { $0 == ":" }) == 1, let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        let number = port.map { UInt16($0) ?? 0 }
        guard !host.isEmpty, number != 0 else { return nil }
        self.init(host: String(host), port: number.map(Int.init))
    }
}
