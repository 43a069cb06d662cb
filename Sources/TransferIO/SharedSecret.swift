import CryptoExtras
import Foundation
import Glibc

/// A secret that both sides know beforehand, from a file or the environment, never from the command line.
public enum SharedSecret {
    public static let minimumBytes = 8

    /// Reads the first line of the file. Throws if it cannot be read or is too short.
    public static func read(path: some SystemPath) throws -> String {
        let text = try OpenFile(path: path, flags: O_RDONLY | O_NOCTTY).text(limit: 65_536)
        return try checked(String(text.unicodeScalars.prefix { $0 != "\n" }))
    }

    /// A secret from the environment, without white space at its ends. Throws if it is too short.
    public static func checked(_ text: String) throws -> String {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard trimmed.utf8.count >= minimumBytes else { throw SharedSecretError.tooShort }
        return trimmed
    }

    /// The 32-byte pre-shared key of the handshake. It takes a tenth of a second on purpose: a recorded handshake allows offline guesses at
    /// the secret, so each guess must be costly (scrypt, RFC 7914, N = 2^15, r = 8).
    public static func preSharedKey(of secret: String) throws -> [UInt8] {
        let key = try KDF.Scrypt.deriveKey(
            from: Array(secret.utf8), salt: Array("chatty transfer shared secret".utf8), outputByteCount: 32, rounds: 1 << 15,
            blockSize: 8, parallelism: 1, maxMemory: 64 << 20)
        return key.withUnsafeBytes { Array($0) }
    }
}

public enum SharedSecretError: Error, Hashable, Sendable, CustomStringConvertible {
    case tooShort

    public var description: String { "the shared secret is too short: it must have at least \(SharedSecret.minimumBytes) characters" }
}
