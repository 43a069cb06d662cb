/// A name, path, argument or environment value of the system: bytes without a NUL, usually but not always UTF-8.
///
/// Two are equal if their bytes are, as file systems compare. A `String` compares by canonical equivalence, and its `Character` may join a
/// separator with a combining mark behind it. Held by `ByteStringTests`.
public struct ByteString: Hashable, Sendable {
    public let bytes: [UInt8]

    public init(_ text: some StringProtocol) { self.init(text.utf8) }

    /// - Parameter bytes: used up to the first NUL, where the system would see their end.
    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes.prefix { $0 != 0 }) }

    public init(cString: UnsafePointer<CChar>) {
        var end = cString
        while end.pointee != 0 { end += 1 }
        bytes = UnsafeBufferPointer(start: cString, count: end - cString).map { UInt8(bitPattern: $0) }
    }

    public var isEmpty: Bool { bytes.isEmpty }

    /// The bytes as text; nil where they are not UTF-8.
    public var text: String? { String(validating: bytes, as: UTF8.self) }

    public func starts(with byte: Unicode.Scalar) -> Bool { bytes.first.map { $0 == UInt8(ascii: byte) } ?? false }
    public func ends(with byte: Unicode.Scalar) -> Bool { bytes.last.map { $0 == UInt8(ascii: byte) } ?? false }

    /// The parts between the separators, without the empty ones.
    public func split(at separator: Unicode.Scalar) -> [ByteString] {
        bytes.split(separator: UInt8(ascii: separator)).map { ByteString($0) }
    }

    /// The bytes before and behind the last separator. For a path these are the folder (nil if the path names none) and the name in it; if
    /// the only separator is at the start, the folder is the root.
    public func splitAtLast(_ separator: Unicode.Scalar) -> (before: ByteString?, behind: ByteString) {
        guard let index = bytes.lastIndex(of: UInt8(ascii: separator)) else { return (nil, self) }
        return (ByteString(bytes[..<max(index, 1)]), ByteString(bytes[(index + 1)...]))
    }

    public func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
        try (bytes + [0]).withUnsafeBytes { buffer in
            // With the NUL it is never empty, so it has an address.
            try body(buffer.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self))
        }
    }

    public static func + (left: ByteString, right: ByteString) -> ByteString { ByteString(left.bytes + right.bytes) }
}

extension ByteString: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(text) }
}

extension ByteString: CustomStringConvertible {
    /// The text for display: bytes that are not UTF-8 become U+FFFD, so it must not be passed to the system.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension Sequence<ByteString> {
    public func joined(by separator: ByteString) -> ByteString { ByteString(map(\.bytes).joined(separator: separator.bytes)) }
}
