/// Everything that happens on one UDP socket: any number of outgoing transfers, incoming ones, and the handshake duties
/// (cookies, version negotiation, key requests). It does no I/O and asks for no time.
///
/// The driver's loop is: `receive` what came in, take every `nextEvent` and act on it, fill batches with `nextDatagrams`
/// and send them until it returns false, then sleep until `nextTimeout` or the next datagram, and call `handleTimeout`.
/// An endpoint and its connections belong to one thread.
///
/// Datagrams are told apart by the connection id in them (see ``ConnectionID``), so one socket can send several files to
/// several peers while it receives others: `connect` calls out, `invitations` says who may call in.
public final class TransferEndpoint {
    public let configuration: TransferConfiguration
    /// Who may connect to us. An empty list lets nobody in.
    public var invitations: [Invitation] = []

    /// - Parameters:
    ///   - staticKey: this side's X25519 private key, 32 bytes.
    ///   - random: the source of connection ids, ephemeral keys and challenges. The system's outside of tests.
    public init(
        configuration: TransferConfiguration = TransferConfiguration(), staticKey: [UInt8],
        random: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        self.configuration = configuration
    }

    /// Starts a connection to a receiver, as the sender of files.
    ///
    /// - Parameters:
    ///   - addresses: where it may be, tried at once; the first that answers is used.
    ///   - remoteKey: the receiver's static X25519 public key, 32 bytes.
    ///   - preSharedKey: 32 bytes as in the receiver's ``Invitation``.
    public func connect(to addresses: [NetworkAddress], remoteKey: [UInt8], preSharedKey: [UInt8], at now: TransferInstant)
        -> TransferConnection
    {
        TransferConnection(handle: 0, role: .sender)
    }

    /// Asks whoever listens at `address` for its static key (first sight of a bare `HOST:PORT`); answered by `nextKeyAnswer`.
    public func requestKey(of address: NetworkAddress, at now: TransferInstant) {}

    /// The answer to a `requestKey`: the address and its claimed key, or nil as the key once the connect timeout is over.
    public func nextKeyAnswer() -> (address: NetworkAddress, key: [UInt8]?)? { nil }

    /// Takes one receive's worth of datagrams: `segmentSize` bytes each, the last maybe shorter (as `UDP_GRO` delivers them).
    /// The memory is only read, and only during the call.
    public func receive(
        _ bytes: UnsafeRawBufferPointer, segmentSize: Int, from address: NetworkAddress, at now: TransferInstant
    ) {}

    /// Fills `batch` with the next run of datagrams to send.
    /// - Returns: false if there is nothing to send at `now`.
    public func nextDatagrams(into batch: inout DatagramBatch, at now: TransferInstant) -> Bool { false }

    /// When `handleTimeout` wants to be called, or `distantFuture`.
    public var nextTimeout: TransferInstant { .distantFuture }

    /// Lets timers act; does nothing if called early.
    public func handleTimeout(at now: TransferInstant) {}

    /// The next thing the driver must know, with the connection it is about; nil when there is none for now.
    public func nextEvent() -> (connection: TransferConnection, event: TransferEvent)? { nil }

    /// The connections that are not closed yet.
    public var connections: [TransferConnection] { [] }
}
