import TransferProtocol

/// A path for the system: text, or the raw bytes of an argument, a variable or a folder's entry.
public protocol SystemPath: Sendable {
    var pathBytes: ByteString { get }
}

extension ByteString: SystemPath {
    public var pathBytes: ByteString { self }
}

extension String: SystemPath {
    public var pathBytes: ByteString { ByteString(self) }
}
