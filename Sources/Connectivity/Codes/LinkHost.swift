import Crypto

/// The side that shows a code, on one link: chooses a code whose number nobody else on the link has, answers guests that look for it, and
/// says what the application answers to guests that have proven to know the code.
///
/// A guest that confirms with another key has guessed wrongly, which ends the code: another is made, two times. After the third wrong guess
/// there is none. However many exchanges run at once, the first wrong guess ends the code of all that have not confirmed.
///
/// **Bounds**, whatever anybody sends: ``maximumExchanges`` at once, of which the oldest that is not confirmed gives way; ``findsPerSecond``
/// answers to finds; ``keysPerSecond`` runs of SPAKE2, which cost a fraction of a millisecond each; one answer for a request, whose sender has
/// proven its address. The words do not travel, nor anything by which a guess could be tested without a run.
///
/// Held by `LinkMeetingTests`.
public struct LinkHost: LinkParty {
    public enum Event: Equatable, Sendable {
        /// The code to show, in place of one before it.
        case shows(MeetingCode)
        /// Somebody has tried a wrong code, and the one that was shown is over; another follows unless it was the last.
        case wrong(from: NetworkAddress, isLast: Bool)
        /// What a guest says who knows the code; the application answers with ``LinkHost/answer(_:_:)``.
        case text(exchange: UInt64, [UInt8])
    }

    static let maximumExchanges = 8
    static let maximumWrong = 3
    static let findsPerSecond = 20
    static let keysPerSecond = 5
    /// How long an exchange is kept after its last message.
    static let keep = Duration.seconds(30)
    /// When others are asked whether they have the number, from the choice of the code on, and when it is shown if nobody has.
    static let probes = [Duration.zero, .milliseconds(50)]
    static let probeTime = Duration.milliseconds(150)
    /// Numbers that are tried. If all are taken, guests find several hosts of one number, and try each.
    static let maximumTries = 8

    private struct Exchange {
        var exchange: MeetingExchange
        /// Which of this host's codes it is about.
        let generation: Int
        var lastUsed: Duration
        /// The index of the last request, and the response to it as soon as there is one.
        var index: UInt8 = 0
        var response: [UInt8]?
        /// Where the last request came from, which gets the response.
        var guest: NetworkAddress
    }

    /// The search for others that have the number.
    private struct Probing {
        let since: Duration
        let nonce: UInt64
        var sent = 0
    }

    private var random: any RandomNumberGenerator & Sendable
    private let id: UInt64
    private let tokenKey: SymmetricKey
    /// The code that is valid; nil if there is none any more.
    private var code: MeetingCode?
    private var generation = 0
    private var probing: Probing?
    private var tries = 0
    private var wrong = 0
    private var exchanges: [UInt64: Exchange] = [:]
    private var finds = EventRate(perSecond: findsPerSecond)
    private var keys = EventRate(perSecond: keysPerSecond)
    private var outgoing: [LinkOutgoing] = []
    private var events: [Event] = []

    public init(random: any RandomNumberGenerator & Sendable, at now: Duration) {
        var random = random
        id = random.next()
        var key: [UInt8] = []
        for _ in 0..<4 { key.append(bigEndian: random.next() as UInt64) }
        tokenKey = SymmetricKey(data: key)
        self.random = random
        chooseCode(at: now)
    }

    /// The next event, in order.
    public mutating func nextEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }

    /// Answers a guest's text; without effect if the exchange is over.
    public mutating func answer(_ exchange: UInt64, _ text: [UInt8]) {
        guard var entry = exchanges[exchange], entry.response == nil, let message = entry.exchange.message(text) else { return }
        entry.response = message
        exchanges[exchange] = entry
        respond(entry, exchange)
    }

    /// Ends the code without another. Guests that have confirmed it are still answered.
    public mutating func retire() {
        generation += 1
        code = nil
        probing = nil
    }

    private mutating func chooseCode(at now: Duration) {
        let number = Int.random(in: MeetingCode.shortNumbers, using: &random)
        code = MeetingCode(number: number, random: &random)
        probing = Probing(since: now, nonce: random.next())
    }

    public mutating func receive(_ datagram: UnsafeRawBufferPointer, from: NetworkAddress, at now: Duration) {
        guard from.port != 0, let datagram = LinkDatagram(datagram) else { return }
        switch datagram {
        case .find(let number, let nonce):
            // While two hosts choose, each answers the other, and both take another number.
            guard let code, code.number == Int(number), nonce != probing?.nonce, finds.admits(at: now) else { return }
            let here = LinkDatagram.here(number: number, nonce: nonce, host: id, token: token(of: from))
            outgoing.append(LinkOutgoing(bytes: here.encoded, to: .address(from)))
        case .here(let number, let nonce, let host, _):
            guard let probing, probing.nonce == nonce, host != id, code?.number == Int(number), tries < Self.maximumTries else { return }
            tries += 1
            chooseCode(at: now)
        case .request(let exchange, let host, let token, let index, let message):
            guard host == id, token == self.token(of: from) else { return }
            request(exchange, index, message, from: from, at: now)
        case .response: break
        }
    }

    private mutating func request(_ id: UInt64, _ index: UInt8, _ message: [UInt8], from: NetworkAddress, at now: Duration) {
        forgetOld(at: now)
        guard var entry = exchanges[id] else {
            if let entry = begin(index, from: from, at: now) { take(message, entry, id, at: now) }
            return
        }
        // A guest may have several addresses on the link.
        entry.guest = from
        entry.lastUsed = now
        exchanges[id] = entry
        // A repeated request gets the response again.
        if index == entry.index { return respond(entry, id) }
        guard entry.response != nil, entry.index < UInt8.max, index == entry.index + 1 else { return }
        entry.index = index
        entry.response = nil
        take(message, entry, id, at: now)
    }

    private mutating func begin(_ index: UInt8, from: NetworkAddress, at now: Duration) -> Exchange? {
        guard index == 0, let code, probing == nil, makeRoom(), keys.admits(at: now),
            let exchange = MeetingExchange(role: .host, code: code, place: Self.place(id))
        else { return nil }
        return Exchange(exchange: exchange, generation: generation, lastUsed: now, guest: from)
    }

    private mutating func take(_ message: [UInt8], _ before: Exchange, _ id: UInt64, at now: Duration) {
        var entry = before
        if entry.generation != generation, !entry.exchange.isOpen {
            // Another guess at a code that is over must not be tested.
            entry.response = MeetingExchange.refusal
        } else {
            switch entry.exchange.receive(message) {
            case .send(let message), .confirmed(let message?): entry.response = message
            case .wrong(let message):
                entry.response = message
                guessedWrongly(entry.guest, at: now)
            case .text(let text): events.append(.text(exchange: id, text))
            case .confirmed(nil), .malformed:
                exchanges[id] = nil
                return
            }
        }
        exchanges[id] = entry
        respond(entry, id)
    }

    private mutating func guessedWrongly(_ from: NetworkAddress, at now: Duration) {
        wrong += 1
        retire()
        let isLast = wrong >= Self.maximumWrong
        events.append(.wrong(from: from, isLast: isLast))
        tries = 0
        if !isLast { chooseCode(at: now) }
    }

    private mutating func respond(_ entry: Exchange, _ id: UInt64) {
        guard let message = entry.response else { return }
        let response = LinkDatagram.response(exchange: id, index: entry.index, message: message)
        outgoing.append(LinkOutgoing(bytes: response.encoded, to: .address(entry.guest)))
    }

    private mutating func forgetOld(at now: Duration) {
        exchanges = exchanges.filter { now - $0.value.lastUsed < Self.keep }
    }

    /// - Returns: false if all places are taken by guests who know the code.
    private mutating func makeRoom() -> Bool {
        guard exchanges.count >= Self.maximumExchanges else { return true }
        let strangers = exchanges.filter { !$0.value.exchange.isOpen }
        guard let oldest = strangers.min(by: { $0.value.lastUsed < $1.value.lastUsed })?.key else { return false }
        exchanges[oldest] = nil
        return true
    }

    /// What both sides bind into the key.
    static func place(_ host: UInt64) -> [UInt8] {
        var place = Array("link".utf8)
        place.append(bigEndian: host)
        return place
    }

    /// What proves that somebody receives what is sent to the address.
    private func token(of address: NetworkAddress) -> UInt64 {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: address.high)
        bytes.append(bigEndian: address.low)
        bytes.append(bigEndian: address.port)
        bytes.append(bigEndian: address.scope)
        let code = Array(HMAC<SHA256>.authenticationCode(for: bytes, using: tokenKey).prefix(8))
        return code.withUnsafeBytes { $0.bigEndian(at: 0) }
    }

    public mutating func nextDatagram(at now: Duration) -> LinkOutgoing? {
        if let probing, let code {
            if probing.sent < Self.probes.count, now >= probing.since + Self.probes[probing.sent] {
                self.probing?.sent += 1
                let find = LinkDatagram.find(number: UInt16(code.number), nonce: probing.nonce)
                return LinkOutgoing(bytes: find.encoded, to: .group)
            }
            if now >= probing.since + Self.probeTime {
                self.probing = nil
                events.append(.shows(code))
            }
        }
        return outgoing.isEmpty ? nil : outgoing.removeFirst()
    }

    public var nextTimeout: Duration? {
        if !outgoing.isEmpty { return .zero }
        guard let probing else { return nil }
        return probing.since + (probing.sent < Self.probes.count ? Self.probes[probing.sent] : Self.probeTime)
    }
}
