import Connectivity
import Glibc
import NetworkIO
import SystemSupport
import TransferProtocol

/// A thread that drives a ``TransferEndpoint`` over one UDP socket, with any number of transfers at once, outgoing and incoming.
///
/// All methods may be called from any thread or task. A ``TransferSession`` reports what happens as ``TransferUpdate``s.
public final class TransferLoop: Sendable {
    private let mailbox: PolledMailbox<LoopCore.Command>
    /// The UDP port of the socket.
    public let port: UInt16
    /// This side's static public key, 32 bytes.
    public let publicKey: [UInt8]

    /// Takes ownership of `socket` (bound) and starts the thread.
    /// - Parameters:
    ///   - staticKey: this side's X25519 private key, 32 bytes.
    ///   - incoming: called on the loop's thread when a sender's handshake is done; must return at once.
    /// - Throws: `NoiseError` if the key is invalid, `SystemError` if the system has no descriptor or thread left.
    public init(
        socket: sending UDPSocket, staticKey: [UInt8], configuration: TransferConfiguration = TransferConfiguration(),
        incoming: @escaping @Sendable (TransferSession) -> Void
    ) throws {
        let pair = try NoiseKeyPair(privateBytes: staticKey)
        mailbox = try PolledMailbox()
        port = socket.port
        publicKey = pair.publicKey
        let core = try LoopCore(socket: socket, staticKey: pair, configuration: configuration, mailbox: mailbox, incoming: incoming)
        try BackgroundThread.start(name: "chatty-transfer", core) { $0.run() }
    }

    /// Replaces the invitations: only senders with one of these can connect from now on.
    public func setInvitations(_ invitations: [Invitation]) { mailbox.post { $0.endpoint.invitations = invitations } }

    /// Adds an invitation.
    public func invite(_ invitation: Invitation) { mailbox.post { $0.endpoint.invitations.append(invitation) } }

    /// Removes an invitation. Connections that used it continue.
    public func withdraw(_ invitation: Invitation) { mailbox.post { $0.endpoint.invitations.removeAll { $0 == invitation } } }

    /// Sends files to the first of `addresses` that answers.
    public func send(_ sources: [any TransferSource], to addresses: [NetworkAddress], remoteKey: [UInt8], preSharedKey: [UInt8])
        -> TransferSession
    {
        let session = TransferSession(isSender: true, mailbox: mailbox)
        let posted = mailbox.post { $0.send(sources, to: addresses, remoteKey: remoteKey, preSharedKey: preSharedKey, session) }
        if posted == .refused { session.end(.failed(.cancelled)) }
        return session
    }

    /// The static keys that listeners at `address` claim within the connect timeout, each once, in order of arrival. More than one if a man
    /// in the middle answers too.
    public func keys(of address: NetworkAddress) -> AsyncStream<[UInt8]> {
        let (keys, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        if mailbox.post({ $0.requestKey(of: address, continuation) }) == .refused { continuation.finish() }
        return keys
    }

    /// Closes every session (`goingAway`), waits until the peers know or a second has passed, ends the thread, closes the socket.
    public func shutDown() async { await shutDown(within: nil) }

    /// - Parameter grace: how long to wait for the peers; a second if nil.
    func shutDown(within grace: TransferDuration?) async {
        await withCheckedContinuation { continuation in
            if mailbox.post({ $0.shutDown(continuation, within: grace) }) == .refused { continuation.resume() }
        }
    }
}
