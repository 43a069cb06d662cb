import Foundation

/// A numeric address and a port: `127.0.0.1:9697`, `[::1]:9697`.
struct NumericEndpoint: Equatable, Sendable {
    /// Without the brackets of IPv6.
    let address: String
    let port: Int

    init(address: String, port: Int) {
        self.address = address
        self.port = port
    }

    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var address = String(text[..<colon])
        let isBracketed = address.hasPrefix("[") && address.hasSuffix("]")
        if isBracketed { address = String(address.dropFirst().dropLast()) }
        var bytes = in6_addr()
        guard inet_pton(isBracketed ? AF_INET6 : AF_INET, address, &bytes) == 1 else { return nil }
        self.address = address
        self.port = Int(port)
    }
}
