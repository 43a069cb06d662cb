/// Answers the Binding requests that come to a server's socket, seldom enough that nobody is flooded through it: an answer is at most 24
/// bytes longer than its request, and in each second of the clock at most `perSecond` go to one source network (``NetworkLimit``).
public struct STUNAnswerer: Sendable {
    private var limit: NetworkLimit

    /// - Parameters:
    ///   - perSecond: answers a second to one network.
    ///   - counters: of networks; 24 bytes of memory each.
    public init(perSecond: Int = 10, counters: Int = 4096, random: inout some RandomNumberGenerator) {
        limit = NetworkLimit(perSecond: perSecond, counters: counters, random: &random)
    }

    /// The answer to send to `from`; nil if there is to be none.
    public mutating func answer(_ datagram: UnsafeRawBufferPointer, from: NetworkAddress, at now: Duration) -> [UInt8]? {
        guard from.port != 0, let request = STUNBinding.decodeRequest(datagram), limit.admits(from, at: now) else { return nil }
        return switch request {
        case .binding(let transaction): STUNBinding.success(transaction, seen: from)
        case .notUnderstood(let transaction, let attributes): STUNBinding.unknownAttributes(transaction, attributes)
        }
    }
}
