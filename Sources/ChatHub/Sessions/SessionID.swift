/// The identity of one connection. The driver assigns it and never uses it twice.
public struct SessionID: Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static func < (left: SessionID, right: SessionID) -> Bool { left.rawValue < right.rawValue }
}
