/// One peer of an endpoint: a queue of files that flows from the side that connected (the sender) to the other.
///
/// Its methods are the driver's commands; what happens comes as ``TransferEvent`` from the endpoint. A command that does not
/// fit the state (an answer to a file never offered, a command after the end) is ignored: a driver may always be late.
public final class TransferConnection {
    public enum Role: Sendable { case sender, receiver }

    /// Unique among the connections of an endpoint, never used again.
    public let handle: UInt64
    public let role: Role
    public var statistics = TransferStatistics()
    /// Where the peer is at present.
    public var peerAddress = NetworkAddress(high: 0, low: 0, port: 0)

    init(handle: UInt64, role: Role) {
        self.handle = handle
        self.role = role
    }

    // The sender's commands

    /// Offers a file; may be called at any time before ``endOffers()``, even before the handshake is done.
    @discardableResult public func offer(_ file: FileOffer) -> FileID { 0 }
    /// No more files will be offered; when all are done, the connection closes by itself.
    public func endOffers() {}
    /// After `answered` with held ranges: `kept` of them (ascending) are identical with our file and are not sent again.
    public func start(_ file: FileID, keeping kept: [Range<UInt64>]) {}
    /// The buffer of a read request holds `count` bytes. Fewer than asked for is allowed for a stream; 0 ends the stream.
    public func filled(_ request: ReadRequest, count: Int) {}

    // The receiver's commands

    /// Answers an offer.
    public func answer(_ file: FileID, _ answer: FileAnswer) {}
    /// The bytes of a write request are taken (written to the file, or to the pipe); its buffer is the engine's again.
    public func wrote(_ request: WriteRequest) {}
    /// The destination is full: nothing is lost, `wrote` is merely late; the sender is told, and its clock keeps running.
    public func setPaused(_ paused: Bool) {}
    /// The file is synced and in its final place; the sender learns it.
    public func placed(_ file: FileID) {}

    // Both

    /// Gives one file up and tells the peer why; the others go on.
    public func fail(_ file: FileID, _ failure: FileFailure, _ text: String) {}
    /// Ends the connection now and tells the peer why (at most ``TransferLimits/reasonBytes`` of text).
    public func close(_ reason: CloseReason, _ text: String) {}
}
