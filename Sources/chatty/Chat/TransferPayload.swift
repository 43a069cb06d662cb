import Connectivity
import Foundation
import NetworkIO
import TransferIO
import TransferProtocol

/// The messages that the two sides of a transfer exchange through the chat server, as JSON in one line (`P2P target VERB id :payload`).
///
/// The server authenticates the sender of a message; it carries no byte of the file. Specified in chatty-transfer(7).
enum TransferPayload {
    /// `OFFER`: the file, and the key and addresses of its sender.
    struct Offer: Codable, Equatable {
        var name: String
        /// The size of the file, in bytes.
        var size: UInt64
        /// The sender's static X25519 key, 32 bytes.
        var key: Data
        /// The addresses of the sender, `HOST:PORT`, the best first.
        var addresses: [String]
        /// Whether the sender searches for a path with probes, if the receiver does; nil in offers of programs that know none.
        var search: Bool?
    }

    /// `ACCEPT`: the key, the secret and the addresses of the receiver.
    struct Acceptance: Codable, Equatable {
        /// The receiver's static X25519 key, 32 bytes.
        var key: Data
        /// The pre-shared key of this one transfer, 32 bytes.
        var secret: Data
        /// The addresses of the receiver, `HOST:PORT`, the best first.
        var addresses: [String]
        /// Whether the receiver answers probes; nil in answers of programs that know none.
        var search: Bool?
    }

    /// `UPDATE`: where this side is reached now.
    struct Update: Codable, Equatable {
        var addresses: [String]
    }

    /// `RELAY`, from the server: this side's leg of a relay.
    struct Relay: Codable, Equatable {
        /// Hexadecimal.
        var leg: String
        /// Seconds since 1970.
        var expires: UInt32
        var account: UInt64
        /// 32 bytes.
        var key: Data
    }

    /// The most addresses in one message: more would not fit into a signal.
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

    static func update(_ text: String) -> Update? {
        guard let update = try? JSONDecoder().decode(Update.self, from: Data(text.utf8)), update.addresses.count <= maximumAddresses else {
            return nil
        }
        return update
    }

    static func relay(_ text: String) -> RelayGrant? {
        guard let relay = try? JSONDecoder().decode(Relay.self, from: Data(text.utf8)), let leg = UInt64(relay.leg, radix: 16),
            relay.key.count == 32
        else { return nil }
        return RelayGrant(leg: leg, expires: relay.expires, account: relay.account, key: Array(relay.key))
    }

    /// An address in the form sent to the other side; nil if `text` is no address.
    static func announcement(_ text: String) -> String? { networkAddresses([text]).first?.hostAndPort }

    /// Resolves numeric addresses only, never names: the other side must not make this machine look up a name.
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
