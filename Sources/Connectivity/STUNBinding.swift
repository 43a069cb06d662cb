/// The Binding request of STUN (RFC 8489) and its answers: "from which address do you see me?"
public enum STUNBinding {
    /// What a server does with a request.
    public enum Request: Equatable, Sendable {
        case binding(STUNTransaction)
        /// It needs something that this server does not know: the types of these attributes. RFC 8489 §6.3.1 asks for an error 420, from
        /// which the client learns in one round trip what silence would tell it after 39.5 s.
        case notUnderstood(STUNTransaction, attributes: [UInt16])
    }

    /// The types that an error 420 lists, at most: it is not longer than 48 bytes.
    static let maximumListed = 8

    // MARK: Client

    /// The request: 20 bytes.
    public static func request(_ transaction: STUNTransaction) -> [UInt8] { STUNMessage.encode(.request, transaction) }

    /// The address in a success response; nil for everything else, and for an address that nobody can have on the Internet or in a network.
    ///
    /// A response with an unknown comprehension-required attribute is discarded (RFC 8489 §6.3.3).
    public static func response(_ datagram: UnsafeRawBufferPointer) -> (transaction: STUNTransaction, address: NetworkAddress)? {
        guard let message = STUNMessage(datagram), message.kind == .success, message.unknownAttributes.isEmpty else { return nil }
        // Of several of one type, the first counts (§14). MAPPED-ADDRESS is what servers of RFC 3489 send.
        let types = [STUNMessage.Attribute.xorMappedAddress, STUNMessage.Attribute.mappedAddress]
        guard let type = types.first(where: { type in message.attributes.contains { $0.type == type } }),
            let value = message.attributes.first(where: { $0.type == type })?.value,
            let found = address(
                UnsafeRawBufferPointer(rebasing: datagram[value]),
                maskedBy: type == STUNMessage.Attribute.xorMappedAddress ? message.transaction : nil),
            found.port != 0, !found.isUnspecified, !found.isMulticast, !found.isLoopback, !found.isBroadcast
        else { return nil }
        return (message.transaction, found)
    }

    // MARK: Server

    /// Reads a request as a server does; nil for what is none, and is not answered.
    public static func decodeRequest(_ datagram: UnsafeRawBufferPointer) -> Request? {
        guard let message = STUNMessage(datagram), message.kind == .request else { return nil }
        let unknown = message.unknownAttributes
        return unknown.isEmpty
            ? .binding(message.transaction) : .notUnderstood(message.transaction, attributes: Array(unknown.prefix(maximumListed)))
    }

    /// The success response with XOR-MAPPED-ADDRESS: 32 bytes for IPv4, 44 for IPv6.
    public static func success(_ transaction: STUNTransaction, seen address: NetworkAddress) -> [UInt8] {
        var attribute: [UInt8] = []
        attribute.append(bigEndian: STUNMessage.Attribute.xorMappedAddress)
        attribute.append(bigEndian: UInt16(address.ipv4 == nil ? 20 : 8))
        attribute.append(bigEndian: UInt16(address.ipv4 == nil ? 2 : 1))
        attribute.append(bigEndian: address.port ^ UInt16(STUNMessage.magicCookie >> 16))
        if let ip = address.ipv4 {
            attribute.append(bigEndian: ip ^ STUNMessage.magicCookie)
        } else {
            attribute.append(bigEndian: address.high ^ mask(transaction))
            attribute.append(bigEndian: address.low ^ transaction.rest)
        }
        return STUNMessage.encode(.success, transaction, attributes: attribute)
    }

    /// The error response 420, Unknown Attribute, without a reason in words (RFC 8489 §14.8, §14.13).
    public static func unknownAttributes(_ transaction: STUNTransaction, _ types: [UInt16]) -> [UInt8] {
        var attributes: [UInt8] = []
        attributes.append(bigEndian: STUNMessage.Attribute.errorCode)
        attributes.append(bigEndian: UInt16(4))
        attributes += [0, 0, 4, 20]
        attributes.append(bigEndian: STUNMessage.Attribute.unknownAttributes)
        let listed = types.prefix(maximumListed)
        attributes.append(bigEndian: UInt16(2 * listed.count))
        for type in listed { attributes.append(bigEndian: type) }
        if !listed.count.isMultiple(of: 2) { attributes += [0, 0] }
        return STUNMessage.encode(.error, transaction, attributes: attributes)
    }

    // MARK: Addresses

    /// The value of MAPPED-ADDRESS or, with the transaction as a mask, of XOR-MAPPED-ADDRESS (RFC 8489 §14.1, §14.2).
    private static func address(_ value: UnsafeRawBufferPointer, maskedBy transaction: STUNTransaction?) -> NetworkAddress? {
        guard value.count >= 8 else { return nil }
        let cookie = transaction == nil ? 0 : STUNMessage.magicCookie
        // The byte before the family is to be ignored.
        let family = value[1]
        let port = value.bigEndian(at: 2) ^ UInt16(cookie >> 16)
        if family == 1, value.count == 8 { return NetworkAddress(ipv4: value.bigEndian(at: 4) ^ cookie, port: port) }
        guard family == 2, value.count == 20 else { return nil }
        return NetworkAddress(
            high: value.bigEndian(at: 4) ^ (transaction.map(mask) ?? 0), low: value.bigEndian(at: 12) ^ (transaction?.rest ?? 0),
            port: port)
    }

    private static func mask(_ transaction: STUNTransaction) -> UInt64 {
        UInt64(STUNMessage.magicCookie) << 32 | UInt64(transaction.first)
    }
}
