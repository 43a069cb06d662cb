/// One connection, from its first byte to its last. Given by the driver, never used twice.
public struct SessionID: Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static func < (left: SessionID, right: SessionID) -> Bool { left.rawValue < right.rawValue }
}
