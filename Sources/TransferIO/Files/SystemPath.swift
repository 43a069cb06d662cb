import TransferProtocol

/// A path that the system is given: text, or the bytes of an argument, a variable or a folder's entry as they are.
public protocol SystemPath: Sendable {
    var pathBytes: ByteString { get }
}

extension ByteString: SystemPath {
    public var pathBytes: ByteString { self }
}

extension String: SystemPath {
    public var pathBytes: ByteString { ByteString(self) }
}
