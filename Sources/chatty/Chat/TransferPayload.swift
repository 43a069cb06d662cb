import Foundation
import TransferIO
import TransferProtocol

/// What the two sides of a transfer tell each other through the chat server, as JSON in one line (`P2P target VERB id :payload`).
///
/// The server authenticates who said it; it carries no byte of the file. Man page: chatty-transfer(7).
enum TransferPayload {
    /// `OFFER`: what there is, and the key of who will send it.
    struct Offer: Codable, Equatable {
        var name: String
        /// Bytes.
        var size: UInt64
        /// The sender's static X25519 key, 32 bytes.
        var key: Data
        /// Where the sender can be reached, `HOST:PORT`, the best first.
        var addresses: [String]
    }

    /// `ACCEPT`: where to send it, and with what.
    struct Acceptance: Codable, Equatable {
        /// The receiver's static X25519 key, 32 bytes.
        var key: Data
        /// The pre-shared key of this one transfer, 32 bytes.
        var secret: Data
        /// Where the receiver can be reached, `HOST:PORT`, the best first.
        var addresses: [String]
    }

    /// More would not fit into a signal, and nobody has more.
    static let maximumAddresses = 24

    static func text(_ value: some Encodable) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// - Returns: nil for anything but an offer with a key of the right length.
    static func offer(_ text: String) -> Offer? {
        guard let offer = try? JSONDecoder().decode(Offer.self, from: Data(text.utf8)), offer.key.count == 32 else { return nil }
        return offer
    }

    static func acceptance(_ text: String) -> Acceptance? {
        guard let answer = try? JSONDecoder().decode(Acceptance.self, from: Data(text.utf8)), answer.key.count == 32,
            answer.secret.count == 32, answer.addresses.count <= maximumAddresses
        else { return nil }
        return answer
    }

    /// An address as it is told the other side, from how a user typed it; nil where it is none.
    static func announcement(_ text: String) -> String? { networkAddresses([text]).first?.hostAndPort }

    /// Only addresses, never names: nobody may make this machine look something up.
    static func networkAddresses(_ texts: [String]) -> [NetworkAddress] {
        texts.compactMap { text in
            guard let place = HostPort(text), place.port > 0, isAddress(place.host) else { return nil }
            return try? place.resolve().first
        }
    }

    private static func isAddress(_ host: String) -> Bool {
        var storage = in6_addr()
        return inet_pton(AF_INET, host, &storage) == 1 || inet_pton(AF_INET6, host, &storage) == 1
    }
}
