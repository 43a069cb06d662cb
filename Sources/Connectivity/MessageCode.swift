import Crypto

/// HMAC-SHA256, truncated to half (RFC 2104 §5): the code by which short datagrams are authentic.
enum MessageCode {
    static let size = 16

    static func of(_ bytes: some Sequence<UInt8>, _ key: SymmetricKey) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(bytes), using: key).prefix(size))
    }

    /// Whether `code` is that of `bytes`; in constant time, so that a code cannot be guessed byte by byte.
    static func isValid(_ code: some Collection<UInt8>, of bytes: some Sequence<UInt8>, _ key: SymmetricKey) -> Bool {
        // `|` and `^` have one precedence: the parentheses matter.
        code.count == size && zip(of(bytes, key), code).reduce(0, { $0 | ($1.0 ^ $1.1) }) == 0
    }
}
