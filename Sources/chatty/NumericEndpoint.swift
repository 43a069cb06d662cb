import Foundation

/// A numeric address and a port: `127.0.0.1:9697`, `[::1]:9697`.
struct NumericEndpoint: Equatable, Sendable {
    /// The address, without the brackets of IPv6.
    let address: String
    let port: Int

    init(address: String, port: Int) {
        self.address = address
        self.port = port
    }

    init?(_ text: String) {
        let given = text.utf8
        guard let colon = given.lastIndex(of: UInt8(ascii: ":")), let port = UInt16(text[given.index(after: colon)...]) else { return nil }
        var place = given[..<colon]
        let isBracketed = place.first == UInt8(ascii: "[") && place.last == UInt8(ascii: "]")
        if isBracketed { place = place.dropFirst().dropLast() }
        let address = String(Substring(place))
        var bytes = in6_addr()
        guard inet_pton(isBracketed ? AF_INET6 : AF_INET, address, &bytes) == 1 else { return nil }
        self.address = address
        self.port = Int(port)
    }
}
