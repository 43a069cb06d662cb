import Connectivity

/// What a side of a transfer needs to be relayed: the grant of a server, and how the server is reached.
public struct RelayAccess: Sendable {
    public let grant: RelayGrant
    /// The server's UDP addresses.
    public let addresses: [NetworkAddress]
    /// Opens a stream to the relay, for a network that blocks UDP; nil if there is no such stream, or it cannot be opened.
    ///
    /// `received` is called with the bytes that arrive, and with nil once, at the end.
    public let openStream: @Sendable (_ received: @escaping @Sendable ([UInt8]?) -> Void) async -> (any RelayPipe)?

    public init(
        _ grant: RelayGrant, addresses: [NetworkAddress],
        openStream: @escaping @Sendable (_ received: @escaping @Sendable ([UInt8]?) -> Void) async -> (any RelayPipe)?
    ) {
        self.grant = grant
        self.addresses = addresses
        self.openStream = openStream
    }
}

/// A stream to a relay.
public protocol RelayPipe: Sendable {
    /// Sends the bytes, or drops all of them if too many wait already: what is late is of no use.
    func send(_ bytes: [UInt8])
    func close()
}
