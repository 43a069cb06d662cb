/// The id of a STUN request and its answer: 96 random bits (RFC 8489 §5), by which an answer is known to be one.
public struct STUNTransaction: Hashable, Sendable {
    var first: UInt32
    var rest: UInt64

    public init(random: inout some RandomNumberGenerator) {
        first = UInt32.random(in: 0...UInt32.max, using: &random)
        rest = random.next()
    }

    init(first: UInt32, rest: UInt64) {
        self.first = first
        self.rest = rest
    }
}
