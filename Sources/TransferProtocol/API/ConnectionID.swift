/// Identifies one connection at the side that chose it: eight random bytes in every datagram sent to that side.
///
/// One UDP socket carries any number of connections. The id alone tells them apart, whatever address a datagram comes from.
public struct ConnectionID: Hashable, Sendable {
    public var value: UInt64
    @inlinable public init(_ value: UInt64) { self.value = value }
}
