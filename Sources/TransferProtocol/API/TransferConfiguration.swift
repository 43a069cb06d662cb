/// Settings of an endpoint; the defaults are the product's.
public struct TransferConfiguration: Sendable {
    public enum CongestionControl: String, Sendable, CaseIterable { case cubic, bbr }

    public var congestionControl = CongestionControl.bbr
    /// The largest datagram sent from the start; RFC 9000 §14 requires 1200 of every path.
    public var initialDatagramSize = 1200
    /// The largest datagram ever tried, bytes. The default carries a whole record.
    public var maximumDatagramSize = RecordFormat.sealedSize + SegmentHeader.length
    /// A peer not heard of for so long is given up (`--timeout`).
    public var idleTimeout = TransferDuration.seconds(Int64(60))
    /// How long a handshake is tried.
    public var connectTimeout = TransferDuration.seconds(Int64(20))
    /// A sender that offers nothing for so long, and of which nothing was taken yet, is told to leave.
    public var offerTimeout = TransferDuration.seconds(Int64(30))
    /// With nothing else to send, a packet goes out after so long.
    public var keepAlive = TransferDuration.seconds(Int64(15))
    /// Records kept for the peer, a connection, at most: the sender's ring and the receiver's window.
    public var windowRecords = 1024
    /// Records kept for all peers together, 16 KiB each: 32 MiB.
    public var memoryRecords = 2048
    /// Bytes a second at most (`--limit`), nil for as much as the path takes.
    public var rateLimit: Double?
    /// Half-open handshakes above which a cookie is demanded first.
    public var halfOpenBeforeCookie = 64
    /// Half-open handshakes at once; for one more the oldest is forgotten.
    public var halfOpenConnections = 128
    /// Those from one host; from half of it on a cookie is demanded of that host.
    public var halfOpenPerHost = 16
    /// Senders connected at once. For one more, one of which nothing was taken yet has to leave.
    public var maximumConnections = 64
    /// Those from one host.
    public var connectionsPerHost = 32
    public init() {}
}

/// Who may connect to an endpoint as a sender: a shared secret, and the sender's key where it is known.
public struct Invitation: Hashable, Sendable {
    /// 32 bytes; all zero where only the receiver's key is needed (a bare `HOST:PORT`).
    public var preSharedKey: [UInt8]
    /// The only static key (32 bytes) that is let in, or nil for anybody who has the secret.
    public var senderKey: [UInt8]?
    public init(preSharedKey: [UInt8], senderKey: [UInt8]? = nil) {
        self.preSharedKey = preSharedKey
        self.senderKey = senderKey
    }
}
