/// A snapshot of a connection for progress and diagnosis.
public struct TransferStatistics: Hashable, Sendable {
    /// What limits the rate at the moment.
    public enum Limit: String, Sendable {
        /// The congestion controller: what reaches the receiver and is acknowledged. A receiver whose processor drops datagrams is part of
        /// the path.
        case path
        /// The receiver's window, because its disk or its reader is slow; or an answer or the completion of a file is awaited.
        case receiver
        /// The source of the stream delivers no more.
        case source
        /// `--limit`.
        case limit
        /// What the relay passes on.
        case relay
        /// The processor of this machine, which never waits.
        case cpu
        /// Reading or writing files, for which this side waits.
        case disk
        /// The receiver's disk is full: nothing moves before it has room.
        case diskFull = "disk full"
        /// The reader of the receiver's output.
        case reader
        /// At a receiver that could take more: the sender or the path, which a receiver cannot tell apart.
        case senderOrPath = "sender or path"
        /// There is nothing to send.
        case idle
    }

    /// File bytes that the receiver is known to have (at the sender), or has written (at the receiver); resumed bytes count.
    public var bytesDone: UInt64 = 0
    /// The part of `bytesDone` that was there before this transfer; rates leave it out.
    public var bytesResumed: UInt64 = 0
    /// The sum of the sizes of the accepted files, as far as it is known.
    public var bytesTotal: UInt64 = 0
    public var filesDone = 0
    public var packetsSent: UInt64 = 0
    public var packetsReceived: UInt64 = 0
    public var packetsLost: UInt64 = 0
    /// Packets declared lost and acknowledged later.
    public var spuriousLosses: UInt64 = 0
    public var bytesSent: UInt64 = 0
    public var bytesReceived: UInt64 = 0
    /// Records that failed authentication and were requested again.
    public var recordsFailed: UInt64 = 0
    /// Datagrams dropped unread: a broken header, the wrong key or an unknown type.
    public var datagramsDropped: UInt64 = 0
    /// Acknowledgements of packets that were never sent.
    public var bogusAcks: UInt64 = 0
    public var smoothedRTT = TransferDuration.zero
    public var minimumRTT = TransferDuration.zero
    public var congestionWindow = 0
    public var bytesInFlight = 0
    /// Bytes a second that the pacer allows; 0 while unknown.
    public var pacingRate: Double = 0
    /// The latest delivery-rate sample, bytes a second.
    public var deliveryRate: Double = 0
    /// Bytes of the largest datagram sent.
    public var datagramSize = 0
    /// Whether the peer is reached through a relay.
    public var isRelayed = false
    /// What the relay passes on, bytes a second.
    public var relayRate: Double?
    public var limit = Limit.idle
    /// The receiver has reported that its disk is full.
    public var peerPaused = false
    /// File bytes moved by this transfer, without the resumed ones.
    public var bytesMoved: UInt64 { bytesDone - min(bytesResumed, bytesDone) }

    public init() {}
}
