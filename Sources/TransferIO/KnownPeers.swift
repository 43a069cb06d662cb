import Glibc
import NetworkIO
import SystemSupport
import TransferProtocol

/// The known keys of receivers at a bare `HOST:PORT`: trusted on first use and compared ever after, as in ssh. Held by `KnownPeersTests`.
///
/// The file has a line for each peer: `HOST:PORT`, a blank, the key as 64 hexadecimal digits.
public struct KnownPeers: Sendable {
    public enum Verdict: Hashable, Sendable {
        /// The key is the known one.
        case known
        /// No key is known for the peer.
        case new
        /// Another key is known: there is a man in the middle, or the receiver was set up again.
        case changed(expected: [UInt8])
    }

    private let path: ByteString

    public init(path: some SystemPath) {
        self.path = path.pathBytes
    }

    public func check(_ peer: HostPort, key: [UInt8]) throws -> Verdict {
        guard let known = try self.key(of: peer) else { return .new }
        return known == key ? .known : .changed(expected: known)
    }

    /// The known key of a peer; nil if there is none.
    public func key(of peer: HostPort) throws -> [UInt8]? { try lines().last { $0.peer == ByteString(peer.description) }?.key }

    /// Adds a line; safe if several processes do so at the same time.
    public func add(_ peer: HostPort, key: [UInt8]) throws {
        let line = "\(peer) \(Hex.encode(key))\n"
        do {
            try PrivateFile.write(line, to: path)
        } catch let error as SystemError where error.code == EEXIST {
            // A single write with O_APPEND, so that lines of several processes do not mix.
            let file = try OpenFile(path: path, flags: O_WRONLY | O_APPEND | O_NOFOLLOW)
            let bytes = Array(line.utf8)
            let count = bytes.withUnsafeBytes { buffer in retrying { Glibc.write(file.descriptor, buffer.baseAddress, buffer.count) } }
            guard count == bytes.count else { throw SystemError("write \(path)") }
            try file.sync()
        }
    }

    /// Removes a peer, so that its next key counts as new.
    /// - Returns: whether there was one to remove.
    public func forget(_ peer: HostPort) throws -> Bool {
        guard let text = try PrivateFile.read(path) else { return false }
        let name = ByteString(peer.description)
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
        let others = lines.filter { line in !(line.split(separator: UInt8(ascii: " ")).first.map { ByteString($0) == name } ?? false) }
        guard others.count < lines.count else { return false }
        try PrivateFile.replace(others.map { String(Substring($0)) + "\n" }.joined(), at: path)
        return true
    }

    private func lines() throws -> [(peer: ByteString, key: [UInt8])] {
        guard let text = try PrivateFile.read(path) else { return [] }
        return text.utf8.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let words = line.split(separator: UInt8(ascii: " "))
            guard words.count == 2, let key = Hex.decode(Substring(words[1])), key.count == 32 else { return nil }
            return (ByteString(words[0]), key)
        }
    }
}
