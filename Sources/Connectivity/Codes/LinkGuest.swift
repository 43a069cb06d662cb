/// The side that types a code, on one link: looks for hosts that show a code of its number, and proves to one of them that it knows the code.
///
/// The number may be that of several hosts: each is tried, ``maximumHosts`` at most, for each that answers can test one guess of the code.
///
/// **Time**: the group is asked at ``finds``; without any host the search ends after ``searchTime``. A host that does not answer a request is
/// given up after ``handshakePatience``, one that has confirmed after ``textPatience``.
///
/// Held by `LinkMeetingTests`.
public struct LinkGuest: LinkParty {
    public enum Failure: Error, Equatable, Sendable {
        /// Nobody on the link has this number.
        case nobody
        /// A host with this number has another code.
        case wrongCode
        /// A host was found and does not answer any more.
        case silent
    }

    public enum Event: Equatable, Sendable {
        /// The host has proven to know the code: ``LinkGuest/send(_:)`` may be called, and again after each text.
        case confirmed
        /// What the host answers.
        case text([UInt8])
        /// It is over. No event follows.
        case failed(Failure)
    }

    static let finds: [Duration] = [0, 100, 250, 500, 1000, 1500, 2000, 3000, 4000, 5000].map { .milliseconds($0) }
    static let searchTime = Duration.seconds(6)
    static let maximumHosts = 4
    /// Addresses of one host.
    static let maximumRoutes = 4
    static let handshakePatience = Duration.seconds(2)
    static let textPatience = Duration.seconds(10)
    /// How long other hosts are waited for after the first one, if that one has another code.
    static let otherHosts = Duration.milliseconds(500)
    private static let firstPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(1)

    private struct Route {
        let address: NetworkAddress
        let token: UInt64
    }

    private struct Request {
        let exchange: UInt64
        let index: UInt8
        let message: [UInt8]
        let until: Duration
        var due: Duration
        var pause = firstPause
        /// Which route is tried next.
        var turn = 0
    }

    private let code: MeetingCode
    private var random: any RandomNumberGenerator & Sendable
    private let nonce: UInt64
    private let startedAt: Duration
    private var findsSent = 0
    /// The hosts that were found, in order, with their addresses.
    private var hosts: [(id: UInt64, routes: [Route])] = []
    private var firstHostAt: Duration?
    /// The host that is tried, as an index; those before it are done.
    private var current = 0
    private var exchange: MeetingExchange?
    private var exchangeID: UInt64 = 0
    /// The index of the last request of the exchange.
    private var lastIndex: UInt8?
    private var request: Request?
    private var worst: Failure?
    private var isOver = false
    private var isConfirmed = false
    private var now: Duration
    private var events: [Event] = []

    public init(code: MeetingCode, random: any RandomNumberGenerator & Sendable, at now: Duration) {
        self.code = code
        var random = random
        nonce = random.next()
        self.random = random
        startedAt = now
        self.now = now
    }

    /// The next event, in order.
    public mutating func nextEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }

    /// Says something to the host, which answers with a text. Only after ``Event/confirmed`` and after the answer to the text before.
    public mutating func send(_ text: [UInt8]) {
        guard !isOver, request == nil, let last = lastIndex, let message = exchange?.message(text) else { return }
        ask(message, exchangeID, last + 1, patience: Self.textPatience)
    }

    public mutating func receive(_ datagram: UnsafeRawBufferPointer, from: NetworkAddress, at now: Duration) {
        advance(to: now)
        guard !isOver, from.port != 0, let datagram = LinkDatagram(datagram) else { return }
        switch datagram {
        case .here(let number, let nonce, let host, let token):
            guard number == UInt16(code.number), nonce == self.nonce else { return }
            found(host, Route(address: from, token: token))
        case .response(let exchange, let index, let message):
            guard let request, request.exchange == exchange, request.index == index else { return }
            self.request = nil
            take(message)
        case .find, .request: break
        }
    }

    private mutating func found(_ host: UInt64, _ route: Route) {
        if let index = hosts.firstIndex(where: { $0.id == host }) {
            guard hosts[index].routes.count < Self.maximumRoutes, !hosts[index].routes.contains(where: { $0.address == route.address })
            else { return }
            hosts[index].routes.append(route)
            return
        }
        guard hosts.count < Self.maximumHosts else { return }
        firstHostAt = firstHostAt ?? now
        hosts.append((host, [route]))
        if request == nil, !isConfirmed { tryNext() }
    }

    /// Begins the exchange with the current host, if there is one.
    private mutating func tryNext() {
        guard current < hosts.count else { return }
        guard let exchange = MeetingExchange(role: .guest, code: code, place: LinkHost.place(hosts[current].id)) else {
            return giveUp(.silent)
        }
        self.exchange = exchange
        exchangeID = random.next()
        ask(exchange.opening, exchangeID, 0, patience: Self.handshakePatience)
    }

    private mutating func ask(_ message: [UInt8], _ exchange: UInt64, _ index: UInt8, patience: Duration) {
        request = Request(exchange: exchange, index: index, message: message, until: now + patience, due: now)
        lastIndex = index
    }

    private mutating func take(_ message: [UInt8]) {
        guard let step = exchange?.receive(message) else { return }
        switch step {
        case .send(let message): ask(message, exchangeID, (lastIndex ?? 0) + 1, patience: Self.handshakePatience)
        case .confirmed:
            isConfirmed = true
            events.append(.confirmed)
        case .wrong: giveUp(.wrongCode)
        case .text(let text): events.append(.text(text))
        case .malformed: giveUp(.silent)
        }
    }

    /// The current host is of no use; the next one is tried.
    private mutating func giveUp(_ reason: Failure) {
        request = nil
        exchange = nil
        // A wrong code tells more than silence.
        if worst != .wrongCode { worst = reason }
        if isConfirmed { return fail(reason) }
        current += 1
        tryNext()
    }

    private mutating func fail(_ reason: Failure) {
        isOver = true
        request = nil
        events.append(.failed(reason))
    }

    /// When it is over if no host is being tried.
    private var endOfSearch: Duration {
        guard let firstHostAt, worst == .wrongCode else { return startedAt + Self.searchTime }
        return min(startedAt + Self.searchTime, firstHostAt + Self.otherHosts)
    }

    private mutating func advance(to now: Duration) {
        self.now = max(self.now, now)
        guard !isOver else { return }
        if let request, self.now >= request.until { giveUp(.silent) }
        if request == nil, !isConfirmed, !isOver, self.now >= endOfSearch { fail(worst ?? .nobody) }
    }

    public mutating func nextDatagram(at now: Duration) -> LinkOutgoing? {
        advance(to: now)
        guard !isOver else { return nil }
        if !isConfirmed, findsSent < Self.finds.count, self.now >= startedAt + Self.finds[findsSent] {
            findsSent += 1
            return LinkOutgoing(bytes: LinkDatagram.find(number: UInt16(code.number), nonce: nonce).encoded, to: .group)
        }
        guard var request, self.now >= request.due else { return nil }
        let host = hosts[current]
        let route = host.routes[request.turn % host.routes.count]
        request.turn += 1
        request.due = self.now + request.pause
        request.pause = min(Self.longestPause, request.pause * 2)
        self.request = request
        let bytes = LinkDatagram.request(
            exchange: request.exchange, host: host.id, token: route.token, index: request.index, message: request.message
        ).encoded
        return LinkOutgoing(bytes: bytes, to: .address(route.address))
    }

    public var nextTimeout: Duration? {
        guard !isOver else { return nil }
        var due: [Duration] = []
        if !isConfirmed {
            if findsSent < Self.finds.count { due.append(startedAt + Self.finds[findsSent]) }
            if request == nil { due.append(endOfSearch) }
        }
        if let request { due.append(min(request.due, request.until)) }
        return due.min()
    }
}
