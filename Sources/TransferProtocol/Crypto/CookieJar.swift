import Connectivity
import Crypto
import FoundationEssentials

/// Stateless proofs that the sender of a hello receives datagrams at its address: no state is kept for it without a cookie.
///
/// A cookie is its creation time (8 bytes) and 16 bytes of HMAC-SHA256 over time, address and connection id.
struct CookieJar {
    private static let lifetime = TransferDuration.seconds(Int64(30))
    private let key: SymmetricKey

    init(random: inout any RandomNumberGenerator) {
        key = SymmetricKey(data: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    func cookie(for address: NetworkAddress, _ initiator: ConnectionID, at now: TransferInstant) -> [UInt8] {
        var cookie: [UInt8] = []
        cookie.appendInteger(now.nanoseconds)
        return cookie + mac(cookie, address, initiator)
    }

    func isValid(_ cookie: [UInt8], for address: NetworkAddress, _ initiator: ConnectionID, at now: TransferInstant) -> Bool {
        guard cookie.count == 24 else { return false }
        let made = TransferInstant(nanoseconds: cookie[..<8].reduce(0) { $0 << 8 | UInt64($1) })
        guard made <= now, now - made <= Self.lifetime else { return false }
        let expected = mac(Array(cookie[..<8]), address, initiator)
        // `|` and `^` have one precedence in Swift: the parentheses matter.
        return zip(expected, cookie[8...]).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func mac(_ time: [UInt8], _ address: NetworkAddress, _ initiator: ConnectionID) -> [UInt8] {
        var input = time
        input.appendInteger(address.high)
        input.appendInteger(address.low)
        input.appendInteger(address.port)
        input.appendInteger(address.scope)
        input.appendInteger(initiator.value)
        return Array(HMAC<SHA256>.authenticationCode(for: input, using: key)).prefix(16).map { $0 }
    }
}
