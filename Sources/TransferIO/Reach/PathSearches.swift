import Connectivity
import Glibc
import NetworkIO
import TransferProtocol

/// What goes through a loop's socket before and beside its transfers: questions to STUN servers, the searches for paths to peers, and the
/// relays of those that are not reached directly.
///
/// It belongs to the loop's thread.
final class PathSearches {
    /// What happens when a search ends.
    typealias Ending = (_ found: NetworkAddress?) -> Void

    /// Searches at once; the oldest without a connection gives way. An owner starts one for each file that is accepted.
    private static let maximum = 64
    /// How often the connections are looked at: whether one has become silent, or is relayed.
    private static let glance = TransferDuration.milliseconds(250)
    /// At most once in this time the peer is told of this side's addresses because nothing comes any longer.
    private static let updatePause = TransferDuration.seconds(Int64(3))

    private var query: ReflexiveQuery?
    /// Whether STUN servers have answered before.
    private var isMappingKnown = false
    private var waiters: [CheckedContinuation<[NetworkAddress], Never>] = []
    private var searches: [UInt64: SearchState] = [:]
    /// The searches by the legs of their relays.
    private var legs: [UInt64: UInt64] = [:]
    private let socket: UDPSocket
    private let mailbox: PostToLoop
    /// Passes on what a peer has sent through a relay.
    var deliver: (UnsafeRawBufferPointer, NetworkAddress, _ now: TransferInstant) -> Void = { _, _, _ in }
    /// The connection with that handle, if it is not over.
    var connection: (UInt64) -> TransferConnection? = { _ in nil }
    /// The addresses at which others reach this machine may have changed.
    var addressesChanged: () -> Void = {}
    /// When ``advance(at:)`` is due.
    private(set) var nextTimeout = TransferInstant.distantFuture

    /// Runs a closure on the loop's thread later.
    typealias PostToLoop = @Sendable (@escaping @Sendable (PathSearches) -> Void) -> Void

    init(socket: UDPSocket, post mailbox: @escaping PostToLoop) {
        self.socket = socket
        self.mailbox = mailbox
    }

    // Addresses of this side

    /// Asks STUN servers from which address they see the socket.
    func ask(_ servers: [NetworkAddress], at now: TransferInstant) {
        let isKept = query?.isKept ?? false
        query = ReflexiveQuery(servers: servers, random: SystemRandomNumberGenerator(), at: now.duration)
        query?.isKept = isKept
        nextTimeout = .zero
    }

    /// Whether routers are to keep the ports that they have given to the socket: while an offer waits.
    func setKeepsMapping(_ isKept: Bool) {
        query?.isKept = isKept
        nextTimeout = .zero
    }

    /// Waits until the servers have answered, two seconds at most.
    func reflexive(_ waiter: CheckedContinuation<[NetworkAddress], Never>) {
        waiters.append(waiter)
        nextTimeout = .zero
    }

    /// This machine has another address, or another route: what is known of the network is asked anew, and all peers are told.
    func linksChanged(at now: TransferInstant) {
        query?.restart(at: now.duration)
        addressesChanged()
        for (id, search) in searches where !search.connections.isEmpty || !search.waiting.isEmpty {
            if search.relay == nil { openRelay(id, at: now) } else { search.relay?.linksChanged(at: now) }
            update(id, at: now)
        }
        nextTimeout = .zero
    }

    // Searches

    /// Searches a path to a peer that answers.
    /// - Parameter ending: called once, with the peer's address on the path that was found.
    func search(_ peer: PeerSearch, for session: TransferSession, at now: TransferInstant, ending: @escaping Ending) {
        var search = SearchState(peer, role: .offering, at: now)
        let id = search.finder.searchID
        nextTimeout = .zero
        // All files of one sender have one secret, and so one search.
        if var known = searches[id], known.role == .offering {
            known.peer.report = peer.report
            if known.waiting.isEmpty, known.found == nil {
                known.restart(peer.candidates, at: now)
            } else {
                known.finder.addCandidates(peer.candidates, at: now.duration)
            }
            known.givesUpAt = search.givesUpAt
            known.keptUntil = search.keptUntil
            known.waiting.append((session, ending))
            searches[id] = known
            return
        }
        search.waiting = [(session, ending)]
        add(search, id)
    }

    /// Answers the search of a peer that names these addresses, and opens this side's router for it.
    func answer(_ peer: PeerSearch, at now: TransferInstant) {
        let search = SearchState(peer, role: .answering, at: now)
        let id = search.finder.searchID
        nextTimeout = .zero
        if searches[id]?.role == .answering {
            searches[id]?.peer.report = peer.report
            searches[id]?.restart(peer.candidates, at: now)
            return
        }
        add(search, id)
    }

    /// The peer has named its addresses anew.
    /// - Returns: whether it is to be told this side's in return: the side that offers searches, and has to know what answers.
    func updated(_ secret: [UInt8], _ candidates: [NetworkAddress], at now: TransferInstant) -> Bool {
        for role in [SearchRole.offering, .answering] {
            let id = SearchKeys(secret: secret, role: role).searchID
            guard searches[id]?.role == role else { continue }
            searches[id]?.restart(candidates, at: now)
            nextTimeout = .zero
            return role == .answering
        }
        return false
    }

    private func add(_ search: SearchState, _ id: UInt64) {
        if searches.count >= Self.maximum,
            let oldest = searches.filter({ $0.value.connections.isEmpty }).min(by: { $0.value.keptUntil < $1.value.keptUntil })?.key
        {
            end(oldest)
        }
        searches[id] = search
    }

    /// Ends what a session waits for.
    /// - Returns: whether it waited for a path.
    func cancel(_ session: TransferSession) -> Bool {
        for (id, search) in searches {
            let rest = search.waiting.filter { $0.session !== session }
            guard rest.count < search.waiting.count else { continue }
            searches[id]?.waiting = rest
            return true
        }
        return false
    }

    /// The sessions that wait for a path; they do so no longer.
    func cancelAll() -> [TransferSession] {
        let waiting = searches.values.flatMap { $0.waiting.map(\.session) }
        for search in searches.values { search.relay?.close() }
        searches = [:]
        legs = [:]
        for waiter in waiters { waiter.resume(returning: []) }
        waiters = []
        return waiting
    }

    private func end(_ id: UInt64) {
        guard let search = searches.removeValue(forKey: id) else { return }
        close(search.relay)
        for waiting in search.waiting { waiting.ending(nil) }
    }

    // Connections

    /// A connection was made on a path of the search with that secret.
    func attach(_ connection: TransferConnection, secret: [UInt8]) {
        let role: SearchRole = connection.role == .sender ? .offering : .answering
        let id = SearchKeys(secret: secret, role: role).searchID
        searches[id]?.connections.insert(connection.handle)
        nextTimeout = .zero
    }

    func detach(_ handle: UInt64) {
        for (id, search) in searches where search.connections.contains(handle) { searches[id]?.connections.remove(handle) }
        nextTimeout = .zero
    }

    // Relays

    /// Uses a relay for the search with that secret: at once if no direct path has been found, else when that dies.
    func relay(_ secret: [UInt8], _ access: RelayAccess, at now: TransferInstant) {
        guard let id = id(of: secret) else { return }
        searches[id]?.access = access
        if searches[id]?.found == nil { openRelay(id, at: now) }
        nextTimeout = .zero
    }

    private func openRelay(_ id: UInt64, at now: TransferInstant) {
        guard let search = searches[id], search.relay == nil, let access = search.access else { return }
        let isBlocked = query.map { $0.isSettled && $0.reflexive.isEmpty } ?? false
        searches[id]?.relay = RelayPath(access, socket, isUDPBlocked: isBlocked, at: now)
        legs[access.grant.leg] = id
    }

    /// There is no relay for the search with that secret.
    func refuseRelay(_ secret: [UInt8]) {
        guard let id = id(of: secret) else { return }
        searches[id]?.hasNoRelay = true
        nextTimeout = .zero
    }

    private func id(of secret: [UInt8]) -> UInt64? {
        let id = SearchKeys(secret: secret, role: .offering).searchID
        return searches[id] == nil ? nil : id
    }

    private func close(_ relay: RelayPath?) {
        guard let relay else { return }
        legs[relay.access.grant.leg] = nil
        relay.close()
    }

    /// Sends datagrams to a peer behind a relay.
    func send(_ datagrams: [[UInt8]], to peer: NetworkAddress) {
        guard let relay = peer.relayLeg.flatMap({ legs[$0] }).flatMap({ searches[$0]?.relay }) else { return }
        for datagram in datagrams { relay.send(datagram) }
    }

    private func openStream(of relay: RelayPath) {
        let leg = relay.access.grant.leg
        Task { [mailbox, access = relay.access] in
            let pipe = await access.openStream { bytes in
                mailbox { $0.streamed(bytes, leg) }
            }
            mailbox { searches in
                guard let relay = searches.relay(leg) else {
                    pipe?.close()
                    return
                }
                relay.opened(pipe, at: LoopCore.clock())
                searches.nextTimeout = .zero
            }
        }
    }

    private func relay(_ leg: UInt64) -> RelayPath? { legs[leg].flatMap { searches[$0]?.relay } }

    /// - Parameter bytes: nil at the end of the stream.
    private func streamed(_ bytes: [UInt8]?, _ leg: UInt64) {
        guard let relay = relay(leg) else { return }
        let now = LoopCore.clock()
        if let bytes { relay.received(bytes, at: now) { deliver($0, relay.address, now) } } else { relay.ended(at: now) }
        nextTimeout = .zero
    }

    // Driving them

    /// Takes a datagram that is for none of the transfers.
    /// - Returns: false if it is for one of them.
    func receive(_ received: UDPSocket.Received, at now: TransferInstant) -> Bool {
        guard let first = received.bytes.first else { return false }
        let (isProbe, isRelay) = (ProbeDatagram.isProbe(firstByte: first), RelayDatagram.isRelay(firstByte: first))
        if first & 0xC0 != 0, !isProbe, !isRelay { return false }
        nextTimeout = .zero
        // STUN has the first two bits clear (RFC 7983), which no datagram of a transfer has.
        if first & 0xC0 == 0 {
            forEachDatagram(received) { _ = query?.receive($0, from: received.from, at: now.duration) }
        } else if isRelay {
            forEachDatagram(received) { datagram in
                guard datagram.count > RelayDatagram.headerSize, let relay = relay(RelayDatagram.leg(of: datagram)) else { return }
                if let payload = relay.receive(datagram, from: .address(received.from), at: now) { deliver(payload, relay.address, now) }
            }
        } else {
            forEachDatagram(received) { datagram in
                guard let id = ProbeDatagram.searchID(of: datagram), searches[id]?.peer.policy != .relayOnly else { return }
                _ = searches[id]?.finder.receive(datagram, from: received.from, at: now.duration)
            }
        }
        return true
    }

    private func forEachDatagram(_ received: UDPSocket.Received, _ body: (UnsafeRawBufferPointer) -> Void) {
        var rest = received.bytes
        while !rest.isEmpty, received.segmentSize > 0 {
            let count = min(received.segmentSize, rest.count)
            body(UnsafeRawBufferPointer(rebasing: rest[..<count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Sends what is due, and ends the searches that are over. What the system does not take is as good as lost: it is sent again.
    func advance(at now: TransferInstant) {
        let time = now.duration
        while let (bytes, address) = query?.nextDatagram(at: time) { _ = bytes.withUnsafeBytes { socket.send($0, to: address) } }
        if query?.isSettled == true, query?.takeChange() == true {
            // The first answers are no change.
            if isMappingKnown { addressesChanged() }
            isMappingKnown = true
        }
        if query?.isSettled ?? true, !waiters.isEmpty {
            for waiter in waiters { waiter.resume(returning: query?.reflexive ?? []) }
            waiters = []
        }
        for id in Array(searches.keys) {
            while let out = searches[id]?.finder.nextDatagram(at: time) {
                _ = out.bytes.withUnsafeBytes { socket.send($0, to: out.to, timeToLive: out.timeToLive) }
            }
            advanceRelay(id, at: now)
            settle(id, at: now)
            watch(id, at: now)
        }
        nextTimeout = query?.nextTimeout.map(TransferInstant.init) ?? .distantFuture
        for search in searches.values { nextTimeout = min(nextTimeout, due(search, at: now)) }
    }

    private func due(_ search: SearchState, at now: TransferInstant) -> TransferInstant {
        var due = search.finder.nextTimeout.map(TransferInstant.init) ?? .distantFuture
        due = min(due, search.connections.isEmpty && search.keptUntil > now ? search.keptUntil : now + Self.glance)
        due = min(due, search.asksForRelayAt)
        if !search.waiting.isEmpty {
            due = min(due, search.givesUpAt)
            if search.relay != nil, search.relayedFrom > now { due = min(due, search.relayedFrom) }
        }
        if let relay = search.relay { due = min(due, relay.nextTimeout) }
        return due
    }

    private func advanceRelay(_ id: UInt64, at now: TransferInstant) {
        guard let search = searches[id] else { return }
        if search.asksForRelayAt <= now {
            searches[id]?.asksForRelayAt = .distantFuture
            // Also while a direct path works: when it dies with the network of one side, that side may have lost the chat, too.
            if !search.hasNoRelay { search.peer.report(.needsRelay) }
        }
        guard let relay = search.relay else { return }
        relay.advance(at: now) { openStream(of: relay) }
        if let refusal = relay.refusal, !search.hasNoRelay {
            searches[id]?.hasNoRelay = true
            search.peer.report(.relayRefused(refusal))
        }
    }

    /// Ends the wait for a path.
    private func settle(_ id: UInt64, at now: TransferInstant) {
        guard let search = searches[id] else { return }
        if !search.waiting.isEmpty {
            var result: NetworkAddress?
            if let found = search.found {
                result = found
            } else if search.relay?.rate != nil, now >= search.relayedFrom {
                result = search.relay?.address
            } else if search.hasNoRelay && (search.finder.state == .failed || search.peer.policy == .relayOnly) || now >= search.givesUpAt {
                result = nil
            } else {
                return
            }
            searches[id]?.waiting = []
            for waiting in search.waiting { waiting.ending(result) }
        }
        if search.keptUntil <= now, searches[id]?.connections.isEmpty ?? true, searches[id]?.waiting.isEmpty ?? true { end(id) }
    }

    // Connections that are relayed, and paths that die

    private func watch(_ id: UInt64, at now: TransferInstant) {
        guard let search = searches[id] else { return }
        for handle in search.connections {
            guard let connection = connection(handle) else { continue }
            if let found = search.found, !search.isTaken, connection.propose(found, at: now) {
                searches[id]?.isTaken = true
                searches[id]?.searchPause = SearchState.firstPause
            }
            if let relay = search.relay {
                connection.setRelay(relay.rate == nil ? nil : relay.address, rate: relay.rate.map(Double.init), at: now)
            }
            if connection.isSilent {
                search.relay?.rebind(at: now)
                openRelay(id, at: now)
                if now >= search.updatedAt + Self.updatePause { update(id, at: now) }
            } else if connection.isRelayed {
                searchAgain(id, at: now)
            }
        }
    }

    /// While a transfer is relayed, a direct path is searched again now and then: the side that offers begins.
    private func searchAgain(_ id: UInt64, at now: TransferInstant) {
        guard let search = searches[id], search.role == .offering, search.peer.policy == .any, now >= search.nextSearch else { return }
        searches[id]?.nextSearch = now + search.searchPause
        searches[id]?.searchPause = min(search.searchPause * 2, SearchState.longestPause)
        update(id, at: now)
    }

    /// Asks the owner to tell the peer of this side's addresses. The side that answers opens its router first.
    private func update(_ id: UInt64, at now: TransferInstant) {
        guard let search = searches[id] else { return }
        searches[id]?.updatedAt = now
        if search.role == .answering { searches[id]?.restart([], at: now) }
        search.peer.report(.needsUpdate)
    }
}
