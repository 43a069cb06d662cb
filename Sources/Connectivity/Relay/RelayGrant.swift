import Crypto

/// What one side of a transfer needs to be relayed, as the server gives it through the chat: the id of its leg and a key, by which it proves
/// that the server has granted it.
public struct RelayGrant: Equatable, Sendable {
    public let leg: UInt64
    /// Until when a relay may be opened with it, seconds since 1970. One that is open stays open.
    public let expires: UInt32
    /// The account that the relay is counted for, as the server numbers it.
    public let account: UInt64
    let key: SymmetricKey

    /// - Parameter key: 32 bytes.
    public init(leg: UInt64, expires: UInt32, account: UInt64, key: [UInt8]) {
        self.leg = leg
        self.expires = expires
        self.account = account
        self.key = SymmetricKey(data: key)
    }

    /// 32 bytes.
    public var keyBytes: [UInt8] { key.withUnsafeBytes { Array($0) } }
}

/// The secret of a server, from which it makes the keys of grants, and makes them again when a leg comes: so it stores nothing of a grant,
/// and a server that is started again knows the grants of before.
public struct RelayGrantKey: Sendable {
    private let secret: SymmetricKey

    /// - Parameter secret: 32 random bytes.
    public init(secret: [UInt8]) { self.secret = SymmetricKey(data: secret) }

    /// The grants for both sides of one transfer, always the same for the same transfer: first that of the side that offers the file.
    /// - Parameter transfer: what tells the transfer from all others of this server.
    public func grants(for transfer: [UInt8], account: UInt64, expires: UInt32) -> [RelayGrant] {
        let id = HMAC<SHA256>.authenticationCode(for: Array("chatty relay".utf8) + transfer, using: secret).withUnsafeBytes {
            $0.bigEndian(at: 0, as: UInt64.self)
        }
        return [id & ~1, id | 1].map { grant(leg: $0, expires: expires, account: account) }
    }

    /// The grant that a message is of, if it is authentic.
    func grant(leg: UInt64, expires: UInt32, account: UInt64) -> RelayGrant {
        var input = Array("chatty relay leg".utf8)
        input.append(bigEndian: leg)
        input.append(bigEndian: expires)
        input.append(bigEndian: account)
        return RelayGrant(
            leg: leg, expires: expires, account: account, key: Array(HMAC<SHA256>.authenticationCode(for: input, using: secret)))
    }

    /// 16 bytes that only this server can make, for one leg at one address.
    func cookie(_ parts: [UInt64]) -> [UInt8] {
        var input = Array("chatty relay cookie".utf8)
        for part in parts { input.append(bigEndian: part) }
        return MessageCode.of(input, secret)
    }
}
