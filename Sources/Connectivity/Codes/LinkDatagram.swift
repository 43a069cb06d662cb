/// A datagram with which a host and a guest meet on one link, without a server. Each begins with `chm` and 1, the version.
///
/// | type | from | then |
/// |---|---|---|
/// | 1 find | guest, to the group | number of the code (2), nonce (8), zeros (16) |
/// | 2 here | host | number (2), nonce of the find (8), id of the host (8), token (8) |
/// | 3 request | guest | id of the exchange (8), id of the host (8), token (8), index (1), message |
/// | 4 response | host | id of the exchange (8), index (1), message |
///
/// An answer is never longer than its question, except behind the token, which proves that the guest receives what is sent to its address.
enum LinkDatagram: Equatable {
    case find(number: UInt16, nonce: UInt64)
    case here(number: UInt16, nonce: UInt64, host: UInt64, token: UInt64)
    case request(exchange: UInt64, host: UInt64, token: UInt64, index: UInt8, message: [UInt8])
    case response(exchange: UInt64, index: UInt8, message: [UInt8])

    /// Bytes of a datagram, at most: what every path carries.
    static let maximumSize = 1200

    private static let magic: UInt32 = 0x6368_6D01
    private static let padding = 16

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard (6...Self.maximumSize).contains(bytes.count), bytes.bigEndian(at: 0) == Self.magic else { return nil }
        switch bytes[4] {
        case 1:
            guard bytes.count == 31 else { return nil }
            self = .find(number: bytes.bigEndian(at: 5), nonce: bytes.bigEndian(at: 7))
        case 2:
            guard bytes.count == 31 else { return nil }
            self = .here(
                number: bytes.bigEndian(at: 5), nonce: bytes.bigEndian(at: 7), host: bytes.bigEndian(at: 15),
                token: bytes.bigEndian(at: 23))
        case 3:
            guard bytes.count > 30 else { return nil }
            self = .request(
                exchange: bytes.bigEndian(at: 5), host: bytes.bigEndian(at: 13), token: bytes.bigEndian(at: 21), index: bytes[29],
                message: Array(bytes[30...]))
        case 4:
            guard bytes.count > 14 else { return nil }
            self = .response(exchange: bytes.bigEndian(at: 5), index: bytes[13], message: Array(bytes[14...]))
        default: return nil
        }
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: Self.magic)
        switch self {
        case .find(let number, let nonce):
            bytes.append(1)
            bytes.append(bigEndian: number)
            bytes.append(bigEndian: nonce)
            bytes += [UInt8](repeating: 0, count: Self.padding)
        case .here(let number, let nonce, let host, let token):
            bytes.append(2)
            bytes.append(bigEndian: number)
            for part in [nonce, host, token] { bytes.append(bigEndian: part) }
        case .request(let exchange, let host, let token, let index, let message):
            bytes.append(3)
            for part in [exchange, host, token] { bytes.append(bigEndian: part) }
            bytes.append(index)
            bytes += message
        case .response(let exchange, let index, let message):
            bytes.append(4)
            bytes.append(bigEndian: exchange)
            bytes.append(index)
            bytes += message
        }
        return bytes
    }
}

/// A datagram to be sent.
public struct LinkOutgoing: Equatable, Sendable {
    public enum Destination: Equatable, Sendable {
        /// The group, on all links.
        case group
        case address(NetworkAddress)
    }

    public let bytes: [UInt8]
    public let to: Destination
}

/// A host or a guest on a link: ``LinkHost``, ``LinkGuest``. The driver calls ``nextDatagram(at:)`` until it is nil whenever
/// ``nextTimeout`` is over, and after each call of another function. Times are since an arbitrary start of a monotonic clock.
public protocol LinkParty: Sendable {
    mutating func receive(_ datagram: UnsafeRawBufferPointer, from: NetworkAddress, at now: Duration)
    mutating func nextDatagram(at now: Duration) -> LinkOutgoing?
    var nextTimeout: Duration? { get }
}
