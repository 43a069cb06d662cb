import ChatClient
import Connectivity
import Dispatch
import Foundation
import NIOConcurrencyHelpers
import NetworkIO
import TransferIO
import TransferProtocol

/// The ``TransferCarrier`` of a chat session: sends and receives its files over one UDP port.
///
/// The side that offers a file connects to the other one. The receiver's answer names its addresses, its key and a fresh secret, and only
/// that sender can connect.
final class ChatTransfers: TransferCarrier {
    private let port: UInt16
    private let announced: [String]
    private let mapsPort: Bool
    private let downloads: ByteString
    private let keyPath: ByteString
    private let server: HostPort?
    private let policy: PathPolicy
    private let openRelayStream: RelayStreamOpener
    private let post: @Sendable (CarrierEvent) -> Void
    private let state = NIOLockedValueBox(State())

    /// Opens a stream to the server's relay.
    typealias RelayStreamOpener = @Sendable (_ received: @escaping @Sendable ([UInt8]?) -> Void) async -> (any RelayPipe)?

    private struct State {
        var loop: TransferLoop?
        /// The server's UDP addresses, and whether it relays files.
        var servers: [NetworkAddress] = []
        var relays = false
        /// The secrets of the transfers for which a path is searched, by number.
        var secrets: [Int: [UInt8]] = [:]
        /// The addresses that were named last, by transfer.
        var named: [Int: [String]] = [:]
        /// What the other side of an offer has named after it.
        var updates: [Int: [String]] = [:]
        /// Why the server does not relay the transfer.
        var refusals: [Int: RelayRefusal] = [:]
        var mapper: PortMapper?
        /// Own files that are offered and not accepted yet.
        var offered: [Int: SourceFile] = [:]
        /// Offers of others that are being answered.
        var answering: Set<Int> = []
        /// Files that this side has accepted, until their transfer begins.
        var expected: [Int: Expected] = [:]
        /// The invitations by the sender's key, while a file of that sender is expected. In Noise IKpsk2 the responder learns the
        /// initiator's key before the pre-shared key counts, but not which of several secrets is meant, so all files of one sender share
        /// one.
        var invitations: [Data: Invitation] = [:]
        var sessions: [Int: TransferSession] = [:]
        /// Whether there has been any transfer.
        var hasCarried = false
        /// The other sides' keys, also of transfers that have ended, for `/verify`.
        var peerKeys: [Int: Data] = [:]
    }

    /// How long an offer waits for the router, if it is made just after the log-in.
    private static let routerPatience = Duration.milliseconds(100)
    /// The number of transfers whose keys are remembered.
    private static let rememberedKeys = 256

    private struct Expected {
        let offer: TransferPayload.Offer
        let folder: ReceiveFolder
    }

    /// - Parameters:
    ///   - port: the UDP port; 0 for any free one.
    ///   - announced: the addresses that others are given instead of this machine's own, `ADDRESS:PORT`; none if empty.
    ///   - mapsPort: whether the router is asked to pass the port on.
    ///   - downloads: the folder for received files.
    ///   - keyPath: the path of this machine's key for transfers.
    ///   - server: the chat server as the user names it.
    ///   - policy: which paths may be used.
    ///   - openRelayStream: opens a second connection to the server, for its relay.
    ///   - post: receives the events.
    init(
        port: UInt16, announced: [String], mapsPort: Bool, downloads: ByteString, keyPath: ByteString, server: HostPort?,
        policy: PathPolicy, openRelayStream: @escaping RelayStreamOpener,
        post: @escaping @Sendable (CarrierEvent) -> Void
    ) {
        self.port = port
        self.announced = announced
        self.mapsPort = mapsPort
        self.downloads = downloads
        self.keyPath = keyPath
        self.server = server
        self.policy = policy
        self.openRelayStream = openRelayStream
        self.post = post
    }

    func listen() -> Result<UInt16, TransferCarrierFailure> {
        do {
            let identity = try OwnKey.load(path: keyPath, warn: Diagnostics.report)
            let loop = try TransferLoop(socket: UDPSocket(port: port), staticKey: identity.privateBytes) { [weak self] session in
                self?.receive(session)
            }
            // Who announces an address has opened the way to it. Without a thread for it a transfer works, too.
            let mapper = mapsPort && announced.isEmpty ? try? PortMapper(port: loop.port) : nil
            state.withLockedValue { ($0.loop, $0.mapper) = (loop, mapper) }
            loop.watchAddresses { [weak self] in self?.updateOffers() }
            return .success(loop.port)
        } catch {
            return .failure(TransferCarrierFailure(message: Sentence.of(error)))
        }
    }

    func carryOut(_ command: CarrierCommand) {
        switch command {
        case .offer(let number, _, let path): describe(number, path)
        case .receive(let number, _, let payload): prepare(number, payload)
        case .send(let number, let payload): send(number, payload)
        case .update(let number, let payload): update(number, payload)
        case .useServer(let address, let relays): useServer(address, relays)
        case .relay(let number, let payload): relay(number, payload)
        case .refuseRelay(let number): refuseRelay(number)
        case .cancel(let number): cancel(number)
        case .verify(let number): verify(number)
        }
    }

    /// Asks the server at the address of the chat's connection, and at its others: where that is IPv6, an IPv4 address shows at which IPv4
    /// address this machine is seen, which is all that a peer without IPv6 can use.
    private func useServer(_ address: String, _ relays: Bool) {
        let connected = TransferPayload.networkAddresses([address])
        let loop = state.withLockedValue { state in
            state.servers = connected
            state.relays = relays
            return state.loop
        }
        guard let loop else { return }
        loop.ask(connected)
        Task { [server] in
            // A name that is not found now was found when the connection was made: the address of the connection is enough.
            guard let all = try? await server?.lookUp() else { return }
            let others = all.filter { !connected.contains($0) }
            guard !others.isEmpty else { return }
            self.state.withLockedValue { $0.servers = connected + others }
            loop.ask(connected + others)
        }
    }

    // Paths.

    /// A peer that a path is searched to for the transfer with that number.
    private func peer(_ number: Int, _ candidates: [NetworkAddress], secret: [UInt8]) -> PeerSearch {
        state.withLockedValue { $0.secrets[number] = secret }
        return PeerSearch(candidates, secret: secret, policy: policy) { [weak self] in self?.handle($0, number) }
    }

    /// On the loop's thread.
    private func handle(_ report: SearchReport, _ number: Int) {
        switch report {
        case .needsRelay:
            if state.withLockedValue({ $0.relays }) { post(.needsRelay(number)) } else { refuseRelay(number) }
        case .relayRefused(let reason): state.withLockedValue { $0.refusals[number] = reason }
        case .needsUpdate: tellAddresses(number)
        }
    }

    /// Tells the other side where this one is reached now.
    private func tellAddresses(_ number: Int, onlyIfChanged: Bool = false) {
        guard policy != .relayOnly, let loop = state.withLockedValue({ $0.loop }) else { return }
        Task {
            let addresses = await addresses(of: loop)
            let before = state.withLockedValue { $0.named.updateValue(addresses, forKey: number) }
            guard !onlyIfChanged || before != addresses, let text = TransferPayload.text(TransferPayload.Update(addresses: addresses))
            else {
                return
            }
            post(.update(number, payload: text))
        }
    }

    /// The addresses of this side may have changed: those to whom a file is offered are told. On the loop's thread.
    private func updateOffers() {
        for number in state.withLockedValue({ Array($0.offered.keys) }) { tellAddresses(number, onlyIfChanged: true) }
    }

    /// The other side is reached at other addresses.
    private func update(_ number: Int, _ payload: String) {
        guard let update = TransferPayload.update(payload) else { return }
        let (loop, secret) = state.withLockedValue { state in
            // An offer that is not answered yet.
            if state.secrets[number] == nil { state.updates[number] = update.addresses }
            return (state.loop, state.secrets[number])
        }
        guard let loop, let secret else { return }
        loop.peerNames(ChatTransfers.usable(update.addresses), secret: secret) { [weak self] in self?.tellAddresses(number) }
    }

    private func relay(_ number: Int, _ payload: String) {
        let (loop, secret, servers) = state.withLockedValue { ($0.loop, $0.secrets[number], $0.servers) }
        guard let loop, let secret else { return }
        guard let grant = TransferPayload.relay(payload) else { return loop.refuseRelay(secret) }
        loop.relay(secret, RelayAccess(grant, addresses: servers, openStream: openRelayStream))
    }

    private func refuseRelay(_ number: Int) {
        let (loop, secret) = state.withLockedValue { ($0.loop, $0.secrets[number]) }
        if let loop, let secret { loop.refuseRelay(secret) }
    }

    /// Why no path was found, as the end of a sentence.
    private func reasonForNoPath(_ number: Int) -> String {
        let (relays, refusal) = state.withLockedValue { ($0.relays, $0.refusals[number]) }
        if policy == .directOnly { return "no direct path was found, and --direct-only allows no other" }
        let direct = policy == .relayOnly ? "" : "no direct path was found, and "
        guard relays else { return direct + "the server relays no files" }
        return switch refusal {
        case .full: direct + "the server relays as many files as it may already"
        case .accountLimit: direct + "the server relays as many files of this account as it may already"
        case .expired: direct + "the server's leave to relay it has expired"
        case nil: direct + "the server's relay was not reached by both sides"
        }
    }

    private func remember(_ key: Data, of number: Int) {
        state.withLockedValue { state in
            state.hasCarried = true
            state.peerKeys[number] = key
            state.peerKeys[number - ChatTransfers.rememberedKeys] = nil
        }
    }

    private func verify(_ number: Int) {
        let keys = state.withLockedValue { state in
            state.loop.flatMap { loop in state.peerKeys[number].map { (Data(loop.publicKey), $0) } }
        }
        post(.verification(number, keys.map(VerificationNumber.of)))
    }

    func shutDown() {
        let (taken, mapper, hasCarried) = state.withLockedValue { ($0.loop.take(), $0.mapper.take(), $0.hasCarried) }
        guard let loop = taken else { return }
        let done = DispatchSemaphore(value: 0)
        Task {
            await loop.shutDown()
            await mapper?.stop()
            done.signal()
        }
        // Without any transfer there is no peer to inform, and a script's command need not wait; but what the router has given is given back.
        guard hasCarried || mapper?.mapped.isEmpty == false else { return }
        // The loop informs its peers for at most a second, and the router takes no longer.
        _ = done.wait(timeout: .now() + 3)
    }

    // Sending.

    private func describe(_ number: Int, _ path: String) {
        do {
            let source = try SourceFile(path: ChatTransfers.existing(path))
            guard let loop = state.withLockedValue({ $0.loop }), let size = source.offer.size else { return }
            let name = source.offer.name
            state.withLockedValue { $0.offered[number] = source }
            Task {
                let addresses = await addresses(of: loop)
                state.withLockedValue { $0.named[number] = addresses }
                let offer = TransferPayload.Offer(
                    name: name, size: size, key: Data(loop.publicKey), addresses: addresses, search: true)
                guard let payload = TransferPayload.text(offer) else {
                    cancel(number)
                    return post(.failed(number, "its offer is too long: give it a shorter name."))
                }
                // The offer may have been withdrawn in the meantime.
                guard state.withLockedValue({ $0.offered[number] != nil }) else { return }
                keepMapping()
                post(.described(number, name: name, size: Int64(clamping: size), payload: payload))
            }
        } catch {
            post(.failed(number, "\(error)."))
        }
    }

    /// While an offer waits, routers are to keep the port that it names.
    private func keepMapping() {
        let (loop, waits) = state.withLockedValue { ($0.loop, !$0.offered.isEmpty || !$0.expected.isEmpty) }
        loop?.setKeepsMapping(waits)
    }

    /// The path as typed if there is such a file, else with its backslashes interpreted as in a shell.
    private static func existing(_ typed: String) -> ByteString {
        let literal = ByteString(typed).expandingHome()
        return literal.withCString { access($0, F_OK) } == 0 ? literal : ByteString(EscapedPath.plain(typed)).expandingHome()
    }

    /// The addresses that are named to the other side, the best first.
    private func addresses(of loop: TransferLoop) async -> [String] {
        guard policy != .relayOnly else { return [] }
        guard announced.isEmpty else { return announced }
        let own = LocalAddresses.now(port: loop.port, limit: TransferPayload.maximumAddresses)
        let reflexive = await loop.reflexiveAddresses()
        let mapped = await state.withLockedValue(\.mapper)?.mapped(within: ChatTransfers.routerPatience) ?? []
        return own.candidates(mapped: mapped, reflexive: reflexive).named.map(\.hostAndPort)
    }

    /// The other side's addresses, as this machine can use them.
    private static func usable(_ texts: [String]) -> [NetworkAddress] {
        LocalAddresses.onOwnLinks(TransferPayload.networkAddresses(texts), NetworkInterface.all())
    }

    private func send(_ number: Int, _ payload: String) {
        guard
            let (loop, source) = state.withLockedValue({ state in
                state.loop.flatMap { loop in state.offered.removeValue(forKey: number).map { (loop, $0) } }
            })
        else { return post(.failed(number, "the offer is closed.")) }
        keepMapping()
        guard let answer = TransferPayload.acceptance(payload) else { return post(.failed(number, "the answer was not understood.")) }
        remember(answer.key, of: number)
        let addresses = ChatTransfers.usable(answer.addresses)
        let (key, secret) = (Array(answer.key), Array(answer.secret))
        let session: TransferSession
        if answer.search == true {
            session = loop.send([source], searching: peer(number, addresses, secret: secret), remoteKey: key)
        } else if policy == .relayOnly {
            return post(.failed(number, "the other side's program is reached directly only, which --relay-only does not allow."))
        } else {
            guard !addresses.isEmpty else { return post(.failed(number, "the other side has sent no address.")) }
            session = loop.send([source], to: addresses, remoteKey: key, preSharedKey: secret)
        }
        follow(session, number, total: source.offer.size ?? 0, destination: nil)
    }

    // Receiving.

    private func prepare(_ number: Int, _ payload: String) {
        guard var offer = TransferPayload.offer(payload) else { return post(.failed(number, "the offer was not understood.")) }
        if let addresses = state.withLockedValue({ $0.updates.removeValue(forKey: number) }) { offer.addresses = addresses }
        do {
            let folder = try ReceiveFolder(path: downloads.expandingHome(), create: true)
            try folder.checkIsWritable()
            guard let loop = state.withLockedValue({ $0.loop }) else { return }
            state.withLockedValue { _ = $0.answering.insert(number) }
            let expected = Expected(offer: offer, folder: folder)
            Task {
                let addresses = await addresses(of: loop)
                // The answer may have been taken back in the meantime.
                guard state.withLockedValue({ $0.answering.remove(number) != nil }) else { return }
                answer(number, expected, addresses, loop)
            }
        } catch {
            post(.failed(number, "\(error)."))
        }
    }

    private func answer(_ number: Int, _ expected: Expected, _ addresses: [String], _ loop: TransferLoop) {
        let offer = expected.offer
        guard !addresses.isEmpty || policy == .relayOnly && offer.search == true else {
            return post(.failed(number, "\(NoAddressError())."))
        }
        remember(offer.key, of: number)
        let secret = expect(number, expected, loop)
        // Who announces an address wants to be reached there, and probes would show others.
        let searches = announced.isEmpty
        let answer = TransferPayload.Acceptance(
            key: Data(loop.publicKey), secret: Data(secret), addresses: addresses, search: searches ? true : nil)
        guard let text = TransferPayload.text(answer) else { return post(.failed(number, "the answer to its offer is too long.")) }
        if searches, offer.search == true {
            state.withLockedValue { $0.named[number] = addresses }
            loop.answerSearch(peer(number, ChatTransfers.usable(offer.addresses), secret: secret))
        }
        keepMapping()
        post(.ready(number, payload: text))
    }

    /// Invites the sender.
    /// - Returns: the secret that it has to use, 32 bytes.
    private func expect(_ number: Int, _ expected: Expected, _ loop: TransferLoop) -> [UInt8] {
        let fresh = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        let (invitation, isNew) = state.withLockedValue { state in
            state.expected[number] = expected
            if let invitation = state.invitations[expected.offer.key] { return (invitation, false) }
            let invitation = Invitation(preSharedKey: fresh, senderKey: Array(expected.offer.key))
            state.invitations[expected.offer.key] = invitation
            return (invitation, true)
        }
        if isNew { loop.invite(invitation) }
        return invitation.preSharedKey
    }

    /// Removes an expected file. The last one of a sender ends its invitation; connections that used it continue.
    private func unexpect(_ number: Int) -> Expected? {
        let (expected, invitation, loop) = state.withLockedValue { state -> (Expected?, Invitation?, TransferLoop?) in
            guard let expected = state.expected.removeValue(forKey: number) else { return (nil, nil, nil) }
            let isLast = !state.expected.values.contains { $0.offer.key == expected.offer.key }
            return (expected, isLast ? state.invitations.removeValue(forKey: expected.offer.key) : nil, state.loop)
        }
        if let invitation { loop?.withdraw(invitation) }
        keepMapping()
        return expected
    }

    /// An invited sender has connected. Called on the loop's thread.
    private func receive(_ session: TransferSession) {
        Task { await self.answerOffers(of: session) }
    }

    private func answerOffers(of session: TransferSession) async {
        struct Claimed {
            let file: FileID
            let offer: FileOffer
            let number: Int
            let expected: Expected
        }
        var senderKey: [UInt8] = []
        let claimed = await SessionFollower(session).follow { update -> Claimed? in
            switch update {
            case .established(let key, _, _): senderKey = key
            case .offered(let file, let offer):
                if let (number, expected) = claim(offer, from: senderKey) {
                    return Claimed(file: file, offer: offer, number: number, expected: expected)
                }
                session.decline(file, .declined)
            default: break
            }
            return nil
        }
        guard let claimed else { return }
        await accept(claimed.file, claimed.offer, claimed.expected, claimed.number, session, senderKey)
    }

    /// The transfer that a file on an incoming connection belongs to.
    private func claim(_ offer: FileOffer, from key: [UInt8]) -> (Int, Expected)? {
        let number = state.withLockedValue { state in
            state.expected.filter { _, expected in
                Array(expected.offer.key) == key && expected.offer.size == offer.size
                    && ByteString(expected.offer.name) == ByteString(offer.name)
            }.keys.min()
        }
        return number.flatMap { number in unexpect(number).map { (number, $0) } }
    }

    private func accept(
        _ file: FileID, _ offer: FileOffer, _ expected: Expected, _ number: Int, _ session: TransferSession, _ senderKey: [UInt8]
    ) async {
        guard let last = ByteString(offer.name).split(at: "/").last?.text, let name = SafeName(last) else {
            session.decline(file, .unsafeName)
            return post(.failed(number, "its name cannot be made safe."))
        }
        do {
            let destination = try DestinationFile(in: expected.folder, name: name, offer: offer, senderKey: senderKey)
            session.accept(file, into: destination)
            await watch(session, number, total: offer.size ?? 0, destination: destination)
        } catch {
            session.decline(file, error.reason)
            post(.failed(number, "\(error)."))
        }
    }

    // Both directions.

    private func follow(_ session: TransferSession, _ number: Int, total: UInt64, destination: DestinationFile?) {
        Task { await watch(session, number, total: total, destination: destination) }
    }

    private func watch(_ session: TransferSession, _ number: Int, total: UInt64, destination: DestinationFile?) async {
        state.withLockedValue { $0.sessions[number] = session }
        let follower = SessionFollower(session)
        let way = NIOLockedValueBox<Bool?>(nil)
        let show: @Sendable (TransferStatistics, RateMeter) -> Void = { [post] figures, meter in
            if figures.packetsReceived > 0,
                way.withLockedValue({ way in
                    defer { way = figures.isRelayed }
                    return way != figures.isRelayed
                })
            {
                let milliseconds = figures.smoothedRTT > .zero ? figures.smoothedRTT.inSeconds * 1000 : nil
                post(
                    .way(number, figures.isRelayed ? .relayed(rate: figures.relayRate) : .direct(milliseconds: milliseconds)))
            }
            post(.progress(number, done: Int64(clamping: figures.bytesDone), total: Int64(clamping: total), rate: meter.rate))
        }
        show(session.statistics, RateMeter())
        var failure: CarrierEvent?
        var resumed: UInt64 = 0
        let outcome = await follower.follow(showing: show, every: .milliseconds(500)) { update -> CarrierEvent? in
            switch update {
            case .answered(_, .decline(let reason)): failure = .failed(number, "the other side refused it: \(reason.text).")
            case .resumed(_, let kept): resumed = kept.reduce(0) { $0 + UInt64($1.count) }
            case .done:
                return .finished(
                    number, path: destination?.finalName.map { "\(downloads)/\($0)" }, bytes: Int64(clamping: total),
                    resumed: Int64(clamping: min(resumed, total)), seconds: follower.seconds)
            case .failed(_, let reason, let text):
                failure = .failed(number, text.isEmpty ? "\(reason.text)." : "\(reason.text) (\(text)).")
            case .ended(.failed(.unreachable)): return failure ?? .failed(number, reasonForNoPath(number) + ".")
            case .ended(.failed(let reason)):
                return failure ?? .failed(number, "\(reason.text).", isResumable: reason.keepsWhatArrived)
            default: break
            }
            return nil
        }
        // The receiver waits for the session's end, so that the sender learns that the file has arrived; at most for a while.
        if destination != nil, let outcome, case .finished = outcome {
            finish(number, outcome, after: .seconds(2))
            await session.waitForEnd()
        }
        finish(number, outcome ?? failure ?? .failed(number, "the other side left."))
    }

    /// Posts the outcome, once.
    private func finish(_ number: Int, _ outcome: CarrierEvent) {
        let isFirst = state.withLockedValue { state in
            state.secrets[number] = nil
            state.named[number] = nil
            state.refusals[number] = nil
            return state.sessions.removeValue(forKey: number) != nil
        }
        if isFirst { post(outcome) }
    }

    private func finish(_ number: Int, _ outcome: CarrierEvent, after wait: Duration) {
        Task {
            try? await Task.sleep(for: wait)
            finish(number, outcome)
        }
    }

    private func cancel(_ number: Int) {
        let session = state.withLockedValue { state in
            state.offered[number] = nil
            state.answering.remove(number)
            state.secrets[number] = nil
            state.named[number] = nil
            state.updates[number] = nil
            state.refusals[number] = nil
            return state.sessions.removeValue(forKey: number)
        }
        session?.close(.cancelled, "")
        _ = unexpect(number)
    }
}

extension DeclineReason {
    /// The reason as the end of a sentence.
    fileprivate var text: String {
        switch self {
        case .declined: "declined"
        case .unsafeName: "its name cannot be made safe"
        case .exists: "a file of that name exists"
        case .noSpace: "there is no room for it"
        case .cannotWrite: "it cannot be written there"
        case .unsupported: "the other side cannot receive this kind of file"
        }
    }
}

extension FileFailure {
    fileprivate var text: String {
        switch self {
        case .sourceChanged: "the file changed while it was being sent"
        case .sourceUnreadable: "the file cannot be read"
        case .destinationFailed: "the file cannot be written"
        case .cancelled: "it was stopped"
        case .outputClosed: "the program reading the output closed it"
        }
    }
}

extension TransferFailure {
    fileprivate var text: String {
        switch self {
        case .unreachable: "no connection could be made"
        case .refused: "the connection was refused"
        case .unsupportedVersion: "the other side uses another version of the protocol"
        case .timedOut: "the connection was lost; what arrived is kept"
        case .stalled, .closedByPeer(.stalled, _): "the other side answers, but no data gets through; what arrived is kept"
        case .diskFull: "the receiver's disk stays full; what arrived is kept"
        case .cancelled: "it was stopped"
        case .closedByPeer(.goingAway, _): "the other side left; what arrived is kept"
        case .closedByPeer(_, let text): text.isEmpty ? "the other side stopped it" : "the other side stopped it: \(text)"
        case .protocolViolation(let text): "the other side sent something invalid: \(text)"
        }
    }

    /// Whether the same offer, made again, would resume where this one stopped.
    fileprivate var keepsWhatArrived: Bool {
        switch self {
        case .timedOut, .stalled, .diskFull, .closedByPeer(.goingAway, _), .closedByPeer(.stalled, _): true
        default: false
        }
    }
}
