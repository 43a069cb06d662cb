/// The envelope of a STUN message (RFC 8489 §5): type, transaction and attributes, which fill it exactly.
struct STUNMessage {
    static let headerSize = 20
    static let magicCookie: UInt32 = 0x2112_A442
    /// Bytes; longer ones are no message. RFC 8489 §6.1: what fits every IPv4 path. It also bounds the attributes, which have 4 at least.
    static let maximumSize = 548

    enum Kind: UInt16 {
        case request = 0x0001
        case success = 0x0101
        case error = 0x0111
    }

    enum Attribute {
        static let mappedAddress: UInt16 = 0x0001
        static let errorCode: UInt16 = 0x0009
        static let unknownAttributes: UInt16 = 0x000A
        static let xorMappedAddress: UInt16 = 0x0020

        /// The comprehension-required attributes of RFC 8489 §18.3. One of them where it is not expected is ignored (§6.3).
        private static let known: Set<UInt16> = [
            0x0001, 0x0006, 0x0008, 0x0009, 0x000A, 0x0014, 0x0015, 0x001C, 0x001D, 0x001E, 0x0020,
        ]

        /// Whether a message with it must not be processed (RFC 8489 §14): 0x0000 to 0x7FFF, and not known.
        static func forbidsProcessing(_ type: UInt16) -> Bool { type < 0x8000 && !known.contains(type) }
    }

    let kind: Kind
    let transaction: STUNTransaction
    /// The attributes in order, and the bytes of their values.
    let attributes: [(type: UInt16, value: Range<Int>)]

    /// Reads a message of the method Binding; nil for all else.
    init?(_ datagram: UnsafeRawBufferPointer) {
        guard (Self.headerSize...Self.maximumSize).contains(datagram.count), let kind = Kind(rawValue: datagram.bigEndian(at: 0)),
            Int(datagram.bigEndian(at: 2, as: UInt16.self)) == datagram.count - Self.headerSize,
            datagram.bigEndian(at: 4) == Self.magicCookie
        else { return nil }
        var attributes: [(type: UInt16, value: Range<Int>)] = []
        var offset = Self.headerSize
        while offset < datagram.count {
            guard offset + 4 <= datagram.count else { return nil }
            let value = offset + 4..<offset + 4 + Int(datagram.bigEndian(at: offset + 2, as: UInt16.self))
            attributes.append((datagram.bigEndian(at: offset), value))
            // Values are padded to a multiple of 4 (§14).
            offset = (value.upperBound + 3) & ~3
        }
        guard offset == datagram.count else { return nil }
        self.kind = kind
        self.attributes = attributes
        transaction = STUNTransaction(first: datagram.bigEndian(at: 8), rest: datagram.bigEndian(at: 12))
    }

    /// The types of the attributes that forbid to process the message, each once, in order.
    var unknownAttributes: [UInt16] {
        var types: [UInt16] = []
        for (type, _) in attributes where Attribute.forbidsProcessing(type) && !types.contains(type) { types.append(type) }
        return types
    }

    /// A message of `kind` around attributes that are encoded already.
    static func encode(_ kind: Kind, _ transaction: STUNTransaction, attributes: [UInt8] = []) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerSize + attributes.count)
        bytes.append(bigEndian: kind.rawValue)
        bytes.append(bigEndian: UInt16(attributes.count))
        bytes.append(bigEndian: magicCookie)
        bytes.append(bigEndian: transaction.first)
        bytes.append(bigEndian: transaction.rest)
        return bytes + attributes
    }
}
