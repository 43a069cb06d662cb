import Connectivity
import Glibc
import NetworkIO
import TransferProtocol

/// What goes through a loop's socket before and beside its transfers: questions to STUN servers, and the searches for paths to peers.
///
/// It belongs to the loop's thread.
final class PathSearches {
    /// What happens when a search ends.
    typealias Ending = (_ found: NetworkAddress?) -> Void

    private struct Search {
        var finder: PathFinder
        /// Until then the peer's probes are answered.
        var keptUntil: TransferInstant
        var endings: [(session: TransferSession, ending: Ending)] = []
    }

    /// How long the peer's probes are answered, from the start of a search: longer than any search lasts, for a peer that begins late.
    private static let keep = TransferDuration.seconds(Int64(30))
    /// Searches at once; the oldest gives way. An owner starts one for each file that is accepted.
    private static let maximum = 64

    private var query: ReflexiveQuery?
    private var waiters: [CheckedContinuation<[NetworkAddress], Never>] = []
    private var searches: [UInt64: Search] = [:]
    private let socket: UDPSocket
    /// When ``advance(at:)`` is due.
    private(set) var nextTimeout = TransferInstant.distantFuture

    init(socket: UDPSocket) { self.socket = socket }

    private static func time(_ now: TransferInstant) -> Duration { .nanoseconds(Int64(clamping: now.nanoseconds)) }
    private static func instant(_ time: Duration) -> TransferInstant {
        let (seconds, attoseconds) = time.components
        return TransferInstant(nanoseconds: UInt64(clamping: seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
    }

    // Addresses of this side

    /// Asks STUN servers from which address they see the socket.
    func ask(_ servers: [NetworkAddress], at now: TransferInstant) {
        let isKept = query?.isKept ?? false
        query = ReflexiveQuery(servers: servers, random: SystemRandomNumberGenerator(), at: Self.time(now))
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

    // Searches

    /// Searches a path to a peer that answers.
    /// - Parameter ending: called once, with the peer's address on the path that was found.
    func search(
        _ candidates: [NetworkAddress], secret: [UInt8], for session: TransferSession, at now: TransferInstant, ending: @escaping Ending
    ) {
        let finder = PathFinder(
            role: .offering, secret: secret, candidates: candidates, includesLoopback: true, random: SystemRandomNumberGenerator(),
            at: Self.time(now))
        // All files of one sender have one secret, and so one search.
        if var running = searches[finder.searchID], !running.endings.isEmpty {
            running.finder.addCandidates(candidates, at: Self.time(now))
            running.endings.append((session, ending))
            searches[finder.searchID] = running
            nextTimeout = .zero
            return
        }
        add(Search(finder: finder, keptUntil: now + Self.keep, endings: [(session, ending)]))
    }

    /// Answers the search of a peer that names these addresses, and opens this side's router for it.
    func answer(_ candidates: [NetworkAddress], secret: [UInt8], at now: TransferInstant) {
        let finder = PathFinder(
            role: .answering, secret: secret, candidates: candidates, includesLoopback: true, random: SystemRandomNumberGenerator(),
            at: Self.time(now))
        add(Search(finder: finder, keptUntil: now + Self.keep))
    }

    private func add(_ search: Search) {
        if searches.count >= Self.maximum, let oldest = searches.min(by: { $0.value.keptUntil < $1.value.keptUntil })?.key { end(oldest) }
        searches[search.finder.searchID] = search
        nextTimeout = .zero
    }

    /// Ends what a session waits for.
    /// - Returns: whether it waited for a path.
    func cancel(_ session: TransferSession) -> Bool {
        for (id, search) in searches {
            let rest = search.endings.filter { $0.session !== session }
            guard rest.count < search.endings.count else { continue }
            searches[id]?.endings = rest
            return true
        }
        return false
    }

    /// The sessions that wait for a path; they do so no longer.
    func cancelAll() -> [TransferSession] {
        let waiting = searches.values.flatMap { $0.endings.map(\.session) }
        searches = [:]
        for waiter in waiters { waiter.resume(returning: []) }
        waiters = []
        return waiting
    }

    private func end(_ id: UInt64) {
        guard let search = searches.removeValue(forKey: id) else { return }
        for waiting in search.endings { waiting.ending(nil) }
    }

    // Driving them

    /// Takes a datagram that is for none of the transfers.
    /// - Returns: false if it is for one of them.
    func receive(_ received: UDPSocket.Received, at now: TransferInstant) -> Bool {
        guard let first = received.bytes.first else { return false }
        let isForTransfers = first & 0xC0 != 0 && !ProbeDatagram.isProbe(firstByte: first)
        if isForTransfers { return false }
        nextTimeout = .zero
        // STUN has the first two bits clear (RFC 7983), which no datagram of a transfer has.
        if first & 0xC0 == 0 {
            forEachDatagram(received) { _ = query?.receive($0, from: received.from, at: Self.time(now)) }
            return true
        }
        forEachDatagram(received) { datagram in
            guard let id = ProbeDatagram.searchID(of: datagram) else { return }
            _ = searches[id]?.finder.receive(datagram, from: received.from, at: Self.time(now))
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
        let time = Self.time(now)
        while let (bytes, address) = query?.nextDatagram(at: time) { _ = bytes.withUnsafeBytes { socket.send($0, to: address) } }
        if query?.isSettled ?? true, !waiters.isEmpty {
            for waiter in waiters { waiter.resume(returning: query?.reflexive ?? []) }
            waiters = []
        }
        for id in Array(searches.keys) {
            while let out = searches[id]?.finder.nextDatagram(at: time) {
                _ = out.bytes.withUnsafeBytes { socket.send($0, to: out.to, timeToLive: out.timeToLive) }
            }
            settle(id, at: now)
        }
        nextTimeout = query?.nextTimeout.map(Self.instant) ?? .distantFuture
        for search in searches.values {
            nextTimeout = min(nextTimeout, search.finder.nextTimeout.map(Self.instant) ?? search.keptUntil)
        }
    }

    private func settle(_ id: UInt64, at now: TransferInstant) {
        guard let search = searches[id] else { return }
        let found: NetworkAddress?
        switch search.finder.state {
        case .searching: return
        case .found(let address, _): found = address
        case .failed: found = nil
        }
        searches[id]?.endings = []
        for waiting in search.endings { waiting.ending(found) }
        if search.keptUntil <= now { searches[id] = nil }
    }
}
