import Connectivity
import Crypto
import DequeModule
import FoundationEssentials

/// The protocol of one UDP socket: any number of outgoing and incoming transfers, and the stateless duties (cookies, version negotiation,
/// key requests). It does no I/O and reads no clock.
///
/// The driver's loop: pass what arrived to `receive`, handle every `nextEvent`, fill batches with `nextDatagrams` and send them until it
/// returns false (handling events in between, so that reading keeps up with sending), then sleep until `nextTimeout` or the next datagram,
/// and call `handleTimeout`. An endpoint and its connections belong to one thread.
///
/// Datagrams are told apart by their connection id (see ``ConnectionID``), so one socket can send several files to several peers while it
/// receives others: `connect` opens a connection, `invitations` says who may open one to us.
public final class TransferEndpoint {
    public let configuration: TransferConfiguration
    /// Who may connect as a sender. An empty list admits nobody.
    public var invitations: [Invitation] = [] { didSet { tags = invitations.map { Self.tag($0.preSharedKey) } } }
    /// Datagrams dropped because they belong to no connection.
    public private(set) var datagramsDropped: UInt64 = 0
    /// This side's static public key, 32 bytes.
    public let publicKey: [UInt8]
    /// Where the connections that begin from now on are recorded; nil for nowhere.
    public var trace: TransferTrace?

    private let staticKey: NoiseKeyPair
    private var random: any RandomNumberGenerator
    private var tags: [UInt64] = []
    private let cookies: CookieJar
    private let pool: RecordPool
    private(set) var all: [TransferConnection] = []
    private var byID: [UInt64: TransferConnection] = [:]
    /// Responders by the initiator's id, so that a repeated hello finds the reply that is already made.
    private(set) var byInitiator: [UInt64: TransferConnection] = [:]
    private var nextHandle: UInt64 = 1
    /// Answers outside of a connection: cookies, versions, keys, refusals. Bounded; what does not fit is dropped.
    private var answers: Deque<(NetworkPath, [UInt8])> = []
    private static let maximumAnswers = 64
    private var keyRequests = KeyRequests()
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 64)
    /// The index of the connection that sends next (round robin), so that none starves.
    private var turn = 0

    /// - Parameters:
    ///   - staticKey: this side's X25519 key pair.
    /// - random: the source of connection ids, ephemeral keys and challenges; the system's, except in tests.
    public init(
        configuration: TransferConfiguration = TransferConfiguration(), staticKey: NoiseKeyPair,
        random: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        self.configuration = configuration
        self.staticKey = staticKey
        publicKey = staticKey.publicKey
        self.random = random
        cookies = CookieJar(random: &self.random)
        pool = RecordPool(limit: configuration.memoryRecords)
    }

    deinit { scratch.deallocate() }

    /// The Noise prologue: both sides must mix in the same bytes, so they agree on the protocol.
    private static let prologue = Array("chatty-transfer 1".utf8)

    /// The id of an invitation in message 1, where only the receiver can read it.
    private static func tag(_ preSharedKey: [UInt8]) -> UInt64 {
        SHA256.hash(data: Array("chatty-transfer invitation".utf8) + preSharedKey).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func ephemeralKey() throws(NoiseError) -> NoiseKeyPair {
        try NoiseKeyPair(privateBytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    private func parameters(_ id: ConnectionID) -> TransportParameters {
        var parameters = TransportParameters(connection: id)
        parameters.idleTimeout = UInt64(configuration.idleTimeout.nanoseconds / 1_000_000)
        // The window opens with the first accepted file.
        parameters.initialWindow = 0
        parameters.acceptsNames = true
        return parameters
    }

    private func addConnection(_ role: TransferConnection.Role, _ id: ConnectionID, _ path: NetworkPath, _ now: TransferInstant)
        -> TransferConnection
    {
        let generator = SplitMix(seed: random.next())
        let connection = TransferConnection(
            handle: nextHandle, role: role, localID: id, path: path, configuration: configuration, pool: pool,
            random: random is SystemRandomNumberGenerator ? random : generator, at: now)
        connection.trace = trace.map { ConnectionTrace($0, group: nextHandle) }
        nextHandle += 1
        all.append(connection)
        byID[id.value] = connection
        return connection
    }

    /// Starts a connection to a receiver, as the sender of files.
    ///
    /// - Parameters:
    /// - addresses: candidates for the receiver's address, tried in parallel; the first that answers is used.
    ///   - remoteKey: the receiver's static X25519 public key, 32 bytes.
    ///   - preSharedKey: 32 bytes as in the receiver's ``Invitation``.
    /// - contents: the contents of the folders that will be offered, see ``FolderContents/of(_:)``.
    /// - Throws: ``NoiseError`` if a key is invalid.
    public func connect(
        to addresses: [NetworkAddress], remoteKey: [UInt8], preSharedKey: [UInt8], contents: [FolderContents] = [], at now: TransferInstant
    ) throws(NoiseError) -> TransferConnection {
        let id = ConnectionID(random.next())
        var parameters = parameters(id)
        parameters.invitation = Self.tag(preSharedKey)
        parameters.contents = contents
        let noise = try NoiseInitiator(
            staticKey: staticKey, ephemeral: try ephemeralKey(), remoteStatic: remoteKey, psk: preSharedKey, prologue: Self.prologue,
            payload: parameters.encoded)
        let first = addresses.first ?? NetworkAddress(high: 0, low: 0, port: 0)
        let connection = addConnection(.sender, id, NetworkPath(remote: first, local: .any), now)
        connection.hello = HelloState(noise: noise, addresses: addresses, at: now)
        connection.trace?.started(addresses, at: now)
        return connection
    }

    /// Requests the static key of the listener at `address` (first contact with a bare `HOST:PORT`); ``nextKeyAnswer()`` returns the
    /// answers.
    public func requestKey(of address: NetworkAddress, at now: TransferInstant) {
        keyRequests.add(address, token: random.next(), deadline: now + configuration.connectTimeout, at: now)
    }

    /// An answer to ``requestKey(of:at:)``: the address and a claimed key. There may be several; a nil key comes last, after the connect
    /// timeout.
    public func nextKeyAnswer() -> (address: NetworkAddress, key: [UInt8]?)? { keyRequests.nextAnswer() }

    /// Processes the datagrams of one receive call: `segmentSize` bytes each, the last maybe shorter (as `UDP_GRO` delivers them). The
    /// memory is only read, and only during the call.
    /// - Parameters:
    /// - local: the address of this host that they arrived at; a responder answers from it.
    /// - ecn: the ECN bits of all of them.
    public func receive(
        _ bytes: UnsafeRawBufferPointer, segmentSize: Int, from address: NetworkAddress, to local: LocalAddress = .any, ecn: UInt8 = 0,
        at now: TransferInstant
    ) {
        guard segmentSize > 0 else { return }
        let path = NetworkPath(remote: address, local: local)
        var latest: TransferConnection?
        var start = 0
        while start < bytes.count {
            let end = min(start + segmentSize, bytes.count)
            let datagram = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            start = end
            guard datagram.count >= DatagramType.commonHeader else {
                datagramsDropped += 1
                continue
            }
            let id = UInt64(bigEndian: datagram.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
            // The datagrams of a run nearly always belong to one connection.
            if let latest, latest.localID.value == id {
                latest.receiveDatagram(datagram, on: path, ecn: ecn, scratch: scratch, at: now)
                continue
            }
            switch FirstByte(datagram[0]) {
            case .ours(.hello): receiveHello(datagram, on: path, at: now)
            case .ours(.keyRequest):
                // The answer is far shorter than the minimum size of the request.
                if datagram.count >= DatagramType.minimumHello, !invitations.isEmpty {
                    var answer: [UInt8] = [DatagramType.keyReply.firstByte]
                    answer.appendInteger(id)
                    send(answer + publicKey, on: path)
                }
            case .ours(.keyReply):
                if datagram.count == DatagramType.commonHeader + 32 {
                    keyRequests.answered(token: id, from: address, key: Array(datagram[DatagramType.commonHeader...]))
                }
            case .ours:
                if let connection = byID[id] {
                    let isHalfOpen = connection.isHalfOpen
                    connection.receiveDatagram(datagram, on: path, ecn: ecn, scratch: scratch, at: now)
                    if connection.isHalfOpen { continue }
                    if isHalfOpen { makePlace(for: connection) }
                    latest = connection
                } else {
                    datagramsDropped += 1
                }
            case .versionNegotiation: byID[id]?.receiveVersions(Array(datagram[DatagramType.commonHeader...]), from: path.remote)
            case .otherVersion: answerVersion(datagram, on: path)
            case .foreign: datagramsDropped += 1
            }
        }
        dropClosed()
    }

    private func send(_ bytes: [UInt8], on path: NetworkPath) {
        if answers.count < Self.maximumAnswers { answers.append((path, bytes)) } else { datagramsDropped += 1 }
    }

    /// Answers a datagram of another version with the version that we speak; only if it is as long as a hello, so as not to amplify.
    private func answerVersion(_ datagram: UnsafeRawBufferPointer, on path: NetworkPath) {
        guard datagram.count >= DatagramType.minimumHello, !invitations.isEmpty else {
            datagramsDropped += 1
            return
        }
        // In every version the initiator's id follows the common header.
        send([DatagramType.versionNegotiation] + datagram[9..<17] + [DatagramType.version], on: path)
    }

    private func receiveHello(_ datagram: UnsafeRawBufferPointer, on path: NetworkPath, at now: TransferInstant) {
        guard !invitations.isEmpty, let hello = try? HelloDatagram(datagram) else {
            datagramsDropped += 1
            return
        }
        if let known = byInitiator[hello.initiator.value] {
            // The reply was lost, or the hello was duplicated. A proven initiator needs no reply.
            if known.phase == .handshaking { known.reply(on: path) }
            return
        }
        if demandsCookie(of: path.remote), !cookies.isValid(hello.cookie, for: path.remote, hello.initiator, at: now) {
            var answer: [UInt8] = [DatagramType.cookie.firstByte]
            answer.appendInteger(hello.initiator.value)
            return send(answer + cookies.cookie(for: path.remote, hello.initiator, at: now), on: path)
        }
        // Connections that are closing count here too; they are gone within moments.
        guard all.count < 8 * configuration.maximumConnections else {
            datagramsDropped += 1
            return
        }
        accept(hello, on: path, at: now)
    }

    private func accept(_ hello: HelloDatagram, on path: NetworkPath, at now: TransferInstant) {
        guard let noise = try? NoiseResponder(reading: hello.message1, staticKey: staticKey, prologue: Self.prologue),
            let theirs = try? TransportParameters(decoding: noise.payload), theirs.connection == hello.initiator,
            let index = tags.indices.first(where: {
                tags[$0] == theirs.invitation && (invitations[$0].senderKey ?? noise.remoteStatic) == noise.remoteStatic
            })
        else {
            var refusal: [UInt8] = [DatagramType.refusal.firstByte]
            refusal.appendInteger(hello.initiator.value)
            return send(refusal, on: path)
        }
        makeRoomForHandshake(from: path.remote)
        let id = ConnectionID(random.next())
        guard let ephemeral = try? ephemeralKey(),
            let (message2, session) = try? noise.answer(
                ephemeral: ephemeral, psk: invitations[index].preSharedKey, payload: parameters(id).encoded)
        else {
            datagramsDropped += 1
            return
        }
        let connection = addConnection(.receiver, id, path, now)
        connection.remoteID = hello.initiator
        connection.invitation = invitations[index]
        connection.adopt(session, theirs)
        connection.replyDatagram = ReplyDatagram.encode(to: hello.initiator, from: id, message2: message2)
        connection.reply(on: path)
        byInitiator[hello.initiator.value] = connection
    }

    /// Fills `batch` with the next run of datagrams to send.
    /// - Returns: false if there is nothing to send at `now`.
    public func nextDatagrams(into batch: inout DatagramBatch, at now: TransferInstant) -> Bool {
        batch.reset()
        if let (path, bytes) = answers.popFirst() ?? keyRequests.nextDatagram(at: now) {
            batch.reserve(bytes.count).copyBytes(from: bytes)
            batch.append(head: bytes.count, on: path)
            return true
        }
        for step in 0..<all.count {
            let index = (turn + step) % all.count
            if all[index].nextDatagrams(into: &batch, at: now) {
                turn = (index + 1) % all.count
                return true
            }
        }
        return false
    }

    /// Reports that the kernel refused datagrams of `size` bytes to `address` for their length (`EMSGSIZE`).
    public func datagramTooLarge(_ size: Int, to address: NetworkAddress) {
        for connection in all where connection.peerAddress == address { connection.datagramTooLarge(size) }
    }

    /// Reports that this host has lost the address `local`: the kernel chooses another, until the peer's packets arrive at one.
    public func localAddressGone(_ local: LocalAddress) {
        for connection in all where connection.path.source == local { connection.paths.releaseSource() }
    }

    /// When ``handleTimeout(at:)`` is due; `distantFuture` if never.
    public var nextTimeout: TransferInstant { all.reduce(keyRequests.nextTimeout) { min($0, $1.nextTimeout) } }

    /// Runs the timers that are due at `now`.
    public func handleTimeout(at now: TransferInstant) {
        keyRequests.expire(at: now)
        for connection in all { connection.handleTimeout(at: now) }
        dropClosed()
    }

    /// The next event for the driver, with its connection; nil if there is none at present.
    public func nextEvent() -> (connection: TransferConnection, event: TransferEvent)? {
        for connection in all {
            if let event = connection.events.popFirst() { return (connection, event) }
            if let read = connection.nextReadRequest() { return (connection, .read(read)) }
            if connection.isOver { connection.releaseMemory() }
        }
        dropClosed()
        return nil
    }

    /// The connections that are not over.
    public var connections: [TransferConnection] { all.filter { !$0.isOver } }

    /// Whether all connections are gone, closes repeated and answers sent.
    public var isQuiet: Bool { all.isEmpty && answers.isEmpty }

    /// Removes connections that are closed and whose last event was returned.
    private func dropClosed() {
        if !byInitiator.isEmpty { byInitiator = byInitiator.filter { $0.value.phase == .handshaking } }
        guard all.contains(where: { $0.phase == .closed && $0.events.isEmpty }) else { return }
        for connection in all where connection.phase == .closed { byID[connection.localID.value] = nil }
        all.removeAll { connection in
            guard connection.phase == .closed, connection.events.isEmpty else { return false }
            connection.releaseMemory()
            return true
        }
        if turn >= all.count { turn = 0 }
    }
}
