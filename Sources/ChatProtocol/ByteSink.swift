/// Somewhere to append bytes: an array, or the buffer of a socket. Text is encoded straight to where it is sent from.
public protocol ByteSink {
    mutating func append(_ byte: UInt8)
    mutating func append(contentsOf bytes: [UInt8])
    mutating func append(contentsOf text: String.UTF8View)
}

extension [UInt8]: ByteSink {}
