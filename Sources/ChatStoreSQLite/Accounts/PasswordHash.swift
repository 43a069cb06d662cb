import Crypto
import CryptoExtras
import FoundationEssentials

/// A stored password hash: scrypt (RFC 7914) with its parameters, as a PHC string (https://github.com/P-H-C/phc-string-format):
/// `$scrypt$ln=14,r=8,p=5$salt$hash`.
package struct PasswordHash: Equatable, Sendable {
    /// The cost of one guess. Each hash carries its own, so the standard can be raised while old hashes stay valid.
    package struct Cost: Equatable, Sendable {
        /// Binary logarithm of the rounds.
        let log2Rounds: Int
        let blockSize: Int
        let parallelism: Int

        /// 16 MiB and five passes (OWASP Password Storage Cheat Sheet).
        package static let standard = Cost(log2Rounds: 14, blockSize: 8, parallelism: 5)

        /// Whether a guess takes less work or less memory than one at `other`.
        package func isBelow(_ other: Cost) -> Bool {
            (blockSize << log2Rounds) < (other.blockSize << other.log2Rounds)
                || (blockSize * parallelism) << log2Rounds < (other.blockSize * other.parallelism) << other.log2Rounds
        }

        /// Whether this server computes such a hash: it takes at most 512 MiB.
        var isAcceptable: Bool {
            (1...20).contains(log2Rounds) && (1...32).contains(blockSize) && (1...16).contains(parallelism)
                && (128 * blockSize) << log2Rounds <= 512 << 20
        }
    }

    package let cost: Cost
    let salt: [UInt8]
    let key: [UInt8]

    private static let saltBytes = 16
    private static let keyBytes = 32

    /// Hashes a password with a new random salt. It takes tens of milliseconds, so never call it on an event loop.
    package init(of password: String, cost: Cost = .standard) throws {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<PasswordHash.saltBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        self.init(cost: cost, salt: salt, key: try PasswordHash.derive(password, salt, cost, PasswordHash.keyBytes))
    }

    /// A random hash that no password matches, without the cost of computing one. A comparison takes as long as with any other.
    package init(decoyAt cost: Cost) {
        var generator = SystemRandomNumberGenerator()
        func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) } }
        self.init(cost: cost, salt: random(PasswordHash.saltBytes), key: random(PasswordHash.keyBytes))
    }

    private init(cost: Cost, salt: [UInt8], key: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.key = key
    }

    /// Whether the hash is that of `password`. It takes the same time for every wrong one, and as long as hashing.
    package func matches(_ password: String) throws -> Bool {
        let candidate = try PasswordHash.derive(password, salt, cost, key.count)
        return zip(candidate, key).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func derive(_ password: String, _ salt: [UInt8], _ cost: Cost, _ count: Int) throws -> [UInt8] {
        let key = try KDF.Scrypt.deriveKey(
            from: Array(password.utf8), salt: salt, outputByteCount: count, rounds: 1 << cost.log2Rounds, blockSize: cost.blockSize,
            parallelism: cost.parallelism)
        return key.withUnsafeBytes(Array.init)
    }
}

extension PasswordHash {
    /// The PHC string.
    package var text: String {
        "$scrypt$ln=\(cost.log2Rounds),r=\(cost.blockSize),p=\(cost.parallelism)$\(PasswordHash.encode(salt))$\(PasswordHash.encode(key))"
    }

    /// Parses a PHC string; nil for another algorithm, a damaged text, or a cost that is not ``Cost/isAcceptable``.
    package init?(_ text: String) {
        let fields = text.pieces(between: "$", omittingEmpty: false)
        guard fields.count == 5, fields[0].isEmpty, fields[1] == "scrypt",
            let cost = PasswordHash.cost(fields[2]), let salt = PasswordHash.decode(fields[3]), let key = PasswordHash.decode(fields[4]),
            (8...64).contains(salt.count), (16...64).contains(key.count)
        else { return nil }
        self.init(cost: cost, salt: salt, key: key)
    }

    private static func cost(_ text: String) -> Cost? {
        var values: [String: Int] = [:]
        for item in text.pieces(between: ",") {
            let parts = item.pieces(between: "=")
            guard parts.count == 2, let value = Int(parts[1]) else { return nil }
            values[parts[0]] = value
        }
        guard values.count == 3, let rounds = values["ln"], let size = values["r"], let parallelism = values["p"] else { return nil }
        let cost = Cost(log2Rounds: rounds, blockSize: size, parallelism: parallelism)
        return cost.isAcceptable ? cost : nil
    }

    /// Base 64 without padding, as PHC strings use it.
    private static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().upTo("=")
    }

    private static func decode(_ text: String) -> [UInt8]? {
        guard !text.holds("=") else { return nil }
        return Data(base64Encoded: text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)).map(Array.init)
    }
}
