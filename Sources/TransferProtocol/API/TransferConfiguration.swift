/// Settings of an endpoint; the defaults are the product's.
public struct TransferConfiguration: Sendable {
    public enum CongestionControl: String, Sendable, CaseIterable { case cubic, bbr }

    public var congestionControl = CongestionControl.bbr
    /// The datagram size before path MTU discovery, bytes; RFC 9000 §14 requires 1200 of every path.
    public var initialDatagramSize = 1200
    /// The largest datagram that is ever probed, bytes. The default carries a whole record.
    public var maximumDatagramSize = RecordFormat.sealedSize + SegmentHeader.length
    /// The idle timeout (`--timeout`): a connection whose peer is silent for so long is closed.
    public var idleTimeout = TransferDuration.seconds(Int64(60))
    /// How long a handshake is retried.
    public var connectTimeout = TransferDuration.seconds(Int64(20))
    /// How long a sender may stay connected with no offer open and no file accepted yet; then it is closed.
    public var offerTimeout = TransferDuration.seconds(Int64(30))
    /// The keep-alive interval: a packet is sent after so long without any other.
    public var keepAlive = TransferDuration.seconds(Int64(15))
    /// Records buffered for one connection, at most: the sender's ring and the receiver's window.
    public var windowRecords = 1024
    /// Records buffered for all peers together, 16 KiB each: 32 MiB.
    public var memoryRecords = 2048
    /// The rate limit (`--limit`), bytes a second; nil for as much as the path carries.
    public var rateLimit: Double?
    /// Half-open handshakes from which on a hello must carry a cookie.
    public var halfOpenBeforeCookie = 64
    /// Half-open handshakes at once; a further one evicts the oldest.
    public var halfOpenConnections = 128
    /// Half-open handshakes from one host; from half of it on, a hello from that host must carry a cookie.
    public var halfOpenPerHost = 16
    /// Senders connected at once. A further one evicts one of which no file has been accepted yet, if there is one.
    public var maximumConnections = 64
    /// Senders connected at once from one host.
    public var connectionsPerHost = 32
    public init() {}
}

/// Who may connect to an endpoint as a sender: who knows a shared secret, and has a given key if that is known.
public struct Invitation: Hashable, Sendable {
    /// 32 bytes; all zero if only the receiver's key is needed (a bare `HOST:PORT`).
    public var preSharedKey: [UInt8]
    /// The only static key (32 bytes) that is admitted, or nil for anybody who has the secret.
    public var senderKey: [UInt8]?
    public init(preSharedKey: [UInt8], senderKey: [UInt8]? = nil) {
        self.preSharedKey = preSharedKey
        self.senderKey = senderKey
    }
}
