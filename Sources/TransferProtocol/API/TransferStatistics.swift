/// A snapshot of a connection for progress and diagnosis.
public struct TransferStatistics: Hashable, Sendable {
    /// What the rate is limited by just now.
    public enum Limit: String, Sendable {
        /// The congestion controller: what gets through to the receiver and is acknowledged. A receiver whose processor loses what
        /// arrives is a part of the path.
        case path
        /// The receiver's window, for its disk or its reader takes no more; or the receiver has yet to answer, or to finish a file.
        case receiver
        /// The stream that is sent gives no more.
        case source
        /// `--limit`.
        case limit
        /// The processor of this machine, which is never waiting for anything.
        case cpu
        /// Reading or writing the files, for which this side waits.
        case disk
        /// The receiver's disk is full: nothing moves until it has room.
        case diskFull = "disk full"
        /// Whoever reads the receiver's output.
        case reader
        /// What comes to a receiver that could take more; which of the two it is it cannot tell.
        case senderOrPath = "sender or path"
        /// There is nothing to send.
        case idle
    }

    /// File bytes known to be held by the receiver (sender), or written (receiver); resumed bytes count.
    public var bytesDone: UInt64 = 0
    /// Those of them that were there before this transfer, so that no rate is made of them.
    public var bytesResumed: UInt64 = 0
    /// The sum of the sizes of the accepted files, as far as known.
    public var bytesTotal: UInt64 = 0
    public var filesDone = 0
    public var packetsSent: UInt64 = 0
    public var packetsReceived: UInt64 = 0
    public var packetsLost: UInt64 = 0
    /// Packets declared lost whose ack came after all.
    public var spuriousLosses: UInt64 = 0
    public var bytesSent: UInt64 = 0
    public var bytesReceived: UInt64 = 0
    /// Records that did not open and were asked for again.
    public var recordsFailed: UInt64 = 0
    /// Datagrams dropped unread: broken header, wrong key, unknown.
    public var datagramsDropped: UInt64 = 0
    /// Acks of packets that were never sent.
    public var bogusAcks: UInt64 = 0
    public var smoothedRTT = TransferDuration.zero
    public var minimumRTT = TransferDuration.zero
    public var congestionWindow = 0
    public var bytesInFlight = 0
    /// Bytes a second the pacer allows; 0 while not known.
    public var pacingRate: Double = 0
    /// The latest delivery-rate sample, bytes a second.
    public var deliveryRate: Double = 0
    /// Bytes of the largest datagram sent.
    public var datagramSize = 0
    public var limit = Limit.idle
    /// The receiver said its disk is full.
    public var peerPaused = false
    /// File bytes that this transfer has moved.
    public var bytesMoved: UInt64 { bytesDone - min(bytesResumed, bytesDone) }

    public init() {}
}
