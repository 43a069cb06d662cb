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
    ///   - trace: the file that takes the trace of the transfers; nil for none. To be closed after the loop.
    ///   - incoming: called on the loop's thread when a sender's handshake is done; must return at once.
    /// - Throws: `NoiseError` if the key is invalid, `SystemError` if the system has no descriptor or thread left.
    public init(
        socket: sending UDPSocket, staticKey: [UInt8], configuration: TransferConfiguration = TransferConfiguration(),
        trace: TraceFile? = nil, incoming: @escaping @Sendable (TransferSession) -> Void
    ) throws {
        let pair = try NoiseKeyPair(privateBytes: staticKey)
        mailbox = try PolledMailbox()
        port = socket.port
        publicKey = pair.publicKey
        let core = try LoopCore(
            socket: socket, staticKey: pair, configuration: configuration, mailbox: mailbox, trace: trace, incoming: incoming)
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

    /// Sends files to a peer that answers searches for a path (``answerSearch(_:)``): on the first path that is found between the two sockets,
    /// through routers too, or through a relay.
    public func send(_ sources: [any TransferSource], searching peer: PeerSearch, remoteKey: [UInt8]) -> TransferSession {
        let session = TransferSession(isSender: true, mailbox: mailbox)
        let posted = mailbox.post { $0.send(sources, searching: peer, remoteKey: remoteKey, session) }
        if posted == .refused { session.end(.failed(.cancelled)) }
        return session
    }

    /// Answers a peer that will search for a path to this socket, for half a minute, and opens this side's router for it. To be called
    /// before the peer learns of it.
    public func answerSearch(_ peer: PeerSearch) { mailbox.post { $0.paths.answer(peer, at: LoopCore.clock()) } }

    /// Uses a relay for the search with that secret, if no direct path is found: the answer to ``SearchReport/needsRelay``.
    public func relay(_ secret: [UInt8], _ access: RelayAccess) {
        mailbox.post { $0.paths.relay(secret, access, at: LoopCore.clock()) }
    }

    /// There is no relay for the search with that secret.
    public func refuseRelay(_ secret: [UInt8]) { mailbox.post { $0.paths.refuseRelay(secret) } }

    /// The peer of the search with that secret has named its addresses anew: a direct path is searched there.
    /// - Parameter answer: called on the loop's thread if the peer is to be told this side's addresses in return.
    public func peerNames(_ candidates: [NetworkAddress], secret: [UInt8], answer: @escaping @Sendable () -> Void) {
        mailbox.post { if $0.paths.updated(secret, candidates, at: LoopCore.clock()) { answer() } }
    }

    /// Sets what is called, on the loop's thread, when the addresses at which others reach this socket may have changed.
    public func watchAddresses(_ changed: @escaping @Sendable () -> Void) { mailbox.post { $0.paths.addressesChanged = changed } }

    /// Asks STUN servers (RFC 8489), four at most, from which address they see the socket. Replaces those of an earlier call.
    public func ask(_ servers: [NetworkAddress]) {
        mailbox.post { $0.paths.ask(servers, at: LoopCore.clock()) }
    }

    /// The addresses at which the STUN servers see the socket: behind routers, those at which others can try to reach it. Waits for their
    /// answers, two seconds at most; empty without servers.
    public func reflexiveAddresses() async -> [NetworkAddress] {
        await withCheckedContinuation { waiter in
            if mailbox.post({ $0.paths.reflexive(waiter) }) == .refused { waiter.resume(returning: []) }
        }
    }

    /// Whether routers are to keep the port that they have given to the socket, although nothing is sent: while an offer waits. Costs a
    /// datagram each way every 15 seconds for each STUN server.
    public func setKeepsMapping(_ isKept: Bool) { mailbox.post { $0.paths.setKeepsMapping(isKept) } }

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
