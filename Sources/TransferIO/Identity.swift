import Glibc
import SystemSupport
import TransferProtocol

/// This machine's long-term X25519 key for transfers, in a file that only its owner can read. Held by `IdentityTests`.
public enum Identity {
    private static let header = "chatty transfer key 1"

    /// Reads the key, or generates it if the file does not exist. Processes that start at the same time get the same key.
    /// - Parameter path: the file; its folder is created if it is missing.
    public static func load(path: some SystemPath) throws -> NoiseKeyPair { try load(path.pathBytes, .system) }

    static func load(_ path: ByteString, _ move: ExclusiveMove) throws -> NoiseKeyPair {
        let text = try PrivateFile.load(path, move) { "\(header)\n\(Hex.encode(NoiseKeyPair().privateBytes))\n" }
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
        guard lines.count == 2, lines[0].elementsEqual(header.utf8), let bytes = Hex.decode(Substring(lines[1])),
            let key = try? NoiseKeyPair(privateBytes: bytes)
        else { throw IdentityError.damaged(path.description) }
        return key
    }
}

public enum IdentityError: Error, Hashable, Sendable, CustomStringConvertible {
    case damaged(String)
    /// Other users may read it.
    case exposed(String)

    public var description: String {
        switch self {
        case .damaged(let path): "\(path) is not a key of chatty; move it away, and chatty makes a new one"
        case .exposed(let path): "other users can read \(path); make it private with: chmod 600 \(path)"
        }
    }
}

/// Small files that hold secrets: mode 0600, created atomically.
enum PrivateFile {
    /// Reads the file, or creates it if it is missing or empty. Processes that start at the same time get the same text.
    static func load(_ path: ByteString, _ move: ExclusiveMove, make: () -> String) throws -> String {
        if let text = try read(path), !text.isEmpty { return text }
        let text = make()
        let fresh = path + ByteString(".\(getpid())-\(UInt32.random(in: .min ... .max))")
        try write(text, to: fresh)
        defer { _ = fresh.withCString { unlink($0) } }
        switch move.atomically(in: AT_FDCWD, from: fresh, to: path) {
        case 0: return text
        case EEXIST:
            // Another process was faster: its text counts.
            if let other = try read(path), !other.isEmpty { return other }
        case ENOTSUP: break
        case let code: throw SystemError("make \(path)", code: code)
        }
        if try writeInPlace(text, to: path) { return text }
        guard let other = try read(path), !other.isEmpty else { throw SystemError("read \(path)", code: ENOENT) }
        return other
    }

    /// Writes the file in place, for file systems that cannot name a complete file atomically. An empty file is one whose writer is still
    /// at work, or has crashed.
    /// - Returns: false if another process has written it.
    private static func writeInPlace(_ text: String, to path: ByteString) throws -> Bool {
        let file = try OpenFile(path: path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        guard retrying({ flock(file.descriptor, LOCK_EX) }) == 0 else { throw SystemError("lock \(path)") }
        guard try file.status().st_size == 0 else { return false }
        var text = text
        try text.withUTF8 { try file.write(UnsafeRawBufferPointer($0), at: 0) }
        try file.sync()
        return true
    }

    static func read(_ path: ByteString, limit: Int = 1 << 20) throws -> String? {
        let file: OpenFile
        do {
            file = try OpenFile(path: path, flags: O_RDONLY | O_NOCTTY)
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
        let status = try file.status()
        guard status.st_mode & 0o077 == 0 else { throw IdentityError.exposed(path.description) }
        guard status.st_size <= limit else { throw IdentityError.damaged(path.description) }
        return try file.text(limit: limit)
    }

    /// Writes and flushes a new file, and renames it over `path`.
    static func replace(_ text: String, at path: ByteString) throws {
        let fresh = path + ByteString(".\(getpid())-\(UInt32.random(in: .min ... .max))")
        try write(text, to: fresh)
        guard fresh.withCString({ from in path.withCString { rename(from, $0) } }) == 0 else {
            let error = SystemError("make \(path)")
            _ = fresh.withCString { unlink($0) }
            throw error
        }
    }

    /// Writes and flushes a new file. Throws if `path` exists.
    static func write(_ text: String, to path: ByteString) throws {
        if let folder = path.splitAtLast("/").before { try makeFolders(folder) }
        let file = try OpenFile(path: path, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        var bytes = Array(text.utf8)
        try bytes.withUnsafeMutableBytes { try file.write(UnsafeRawBufferPointer($0), at: 0) }
        try file.sync()
    }

    private static func makeFolders(_ path: ByteString) throws {
        do throws(SystemError) { try makeFolder(path) } catch {
            guard error.code == ENOENT, let above = path.splitAtLast("/").before else { throw error }
            try makeFolders(above)
            try makeFolder(path)
        }
    }

    private static func makeFolder(_ path: ByteString) throws(SystemError) {
        guard path.withCString({ mkdir($0, 0o700) }) == 0 || errno == EEXIST else { throw SystemError("make the folder \(path)") }
    }
}

extension OpenFile {
    /// The file as text, at most `limit` bytes of it.
    func text(limit: Int) throws(SystemError) -> String {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 1)
        defer { buffer.deallocate() }
        var done = 0
        while done < limit {
            // Reads in sequence, not by offset: the text may come from a pipe.
            let count = retrying { Glibc.read(descriptor, buffer.baseAddress.map { $0 + done }, limit - done) }
            if count < 0 { throw SystemError("read \(label)") }
            if count == 0 { break }
            done += count
        }
        return String(decoding: buffer[..<done], as: UTF8.self)
    }
}

/// Bytes as lower-case hexadecimal digits.
public enum Hex {
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let digits = text.utf8.map { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") ? $0 - 48 : ($0 | 32) &- 87 }
        guard digits.count.isMultiple(of: 2), text.utf8.allSatisfy({ isHexDigit($0) }) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}
