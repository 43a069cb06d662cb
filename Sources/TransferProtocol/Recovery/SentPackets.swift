/// What a packet carried, as far as its fate matters.
struct PacketContent: Equatable {
    /// `control` is a large packet of acks: it is not retransmitted, but whether it passes must be known.
    enum Kind: UInt8 { case nothing, segment, sealedSegment, stream, probe, control }
    var kind = Kind.nothing
    /// The record, the offset in the control stream, or the search that an MTU probe belongs to.
    var number: UInt64 = 0
    /// The offset in the sealed record.
    var offset: UInt32 = 0
    var length: UInt32 = 0

    /// Whether it is retransmitted after a loss.
    var isRepeated: Bool { kind == .segment || kind == .sealedSegment || kind == .stream }
}

/// One sent packet, kept until its fate is known.
struct SentPacket {
    enum State: UInt8 { case empty, outstanding, acknowledged, lost }
    var state = State.empty
    /// The generation of the ``Path`` that it was sent on.
    var path: UInt32 = 0
    var isEliciting = false
    var isAppLimited = false
    /// Sent with the ECN-capable bits.
    var isECNCapable = false
    /// Datagram bytes that count as in flight.
    var size: UInt32 = 0
    var sentAt = TransferInstant.zero
    var content = PacketContent()
    // For the delivery rate: the connection's counters when the packet was sent.
    var delivered: UInt64 = 0
    var deliveredAt = TransferInstant.zero
    var firstSentAt = TransferInstant.zero
    var lostBefore: UInt64 = 0
    var inFlight: UInt32 = 0
    /// The loss episode that it belongs to; 0 for none.
    var episode: UInt32 = 0
}

/// The sent packets whose fate still matters, by number: a ring that grows up to a bound.
struct SentPackets {
    static let maximumCapacity = 1 << 17
    private var ring: ContiguousArray<SentPacket>
    private var mask: Int
    /// The lowest number in the ring.
    private(set) var base: UInt64 = 0
    /// The number of the next packet.
    private(set) var next: UInt64 = 0

    init() {
        ring = ContiguousArray(repeating: SentPacket(), count: 256)
        mask = 255
    }

    var isFull: Bool { next - base >= UInt64(Self.maximumCapacity) }

    subscript(number: UInt64) -> SentPacket {
        get { ring[Int(truncatingIfNeeded: number) & mask] }
        _modify { yield &ring[Int(truncatingIfNeeded: number) & mask] }
    }

    mutating func append(_ packet: SentPacket) {
        if next - base > UInt64(mask) { grow() }
        ring[Int(truncatingIfNeeded: next) & mask] = packet
        next += 1
    }

    /// Removes packets at the front that are decided: acknowledged ones, and, if sent before `horizon`, lost ones and those that elicit no
    /// ack; later acks of them are ignored.
    mutating func forget(lostBefore horizon: TransferInstant) {
        while base < next {
            let packet = self[base]
            switch packet.state {
            case .outstanding where packet.isEliciting: return
            case .outstanding where packet.sentAt >= horizon: return
            case .lost where packet.sentAt >= horizon: return
            default: base += 1
            }
        }
    }

    private mutating func grow() {
        var larger = ContiguousArray(repeating: SentPacket(), count: 2 * ring.count)
        let largerMask = larger.count - 1
        for number in base..<next { larger[Int(truncatingIfNeeded: number) & largerMask] = self[number] }
        ring = larger
        mask = largerMask
    }
}
