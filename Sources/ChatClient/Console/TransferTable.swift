import ChatProtocol

/// What the console asks of whoever carries files. The number names the transfer from then on.
public enum CarrierCommand: Equatable, Sendable {
    /// Look at that file and describe it: answered by ``CarrierEvent/described(_:name:size:payload:)``.
    case offer(Int, to: String, path: String)
    /// Be ready for the file of that offer: answered by ``CarrierEvent/ready(_:payload:)``.
    case receive(Int, from: String, payload: String)
    /// The other side took the offer.
    case send(Int, payload: String)
    /// The other side has more to say.
    case update(Int, payload: String)
    case cancel(Int)
    /// Say what both sides can compare: answered by ``CarrierEvent/verification(_:_:)``.
    case verify(Int)
}

/// What whoever carries files tells the console.
public enum CarrierEvent: Equatable, Sendable {
    case described(Int, name: String, size: Int64, payload: String)
    case ready(Int, payload: String)
    /// Bytes done and of all, bytes a second.
    case progress(Int, done: Int64, total: Int64, rate: Double)
    /// - path: where a received file was put; nil for one that was sent.
    /// - resumed: so many of the bytes were there from an earlier transfer.
    case finished(Int, path: String?, bytes: Int64, resumed: Int64 = 0, seconds: Double)
    /// - isResumable: what arrived is kept, and offering the same again goes on from there.
    case failed(Int, String, isResumable: Bool = false)
    /// What both sides can compare; nil where the other side's key is not known yet.
    case verification(Int, String?)
}

/// What to do with files that are offered.
public enum OfferPolicy: Sendable {
    case ask, always, never
}

/// The transfers and offers of one session, by number: who, what, how far. Knows nothing of how bytes travel.
struct TransferTable: Sendable {
    enum State: Equatable, Sendable {
        /// Own file, being looked at.
        case describing
        /// Own offer, not answered yet.
        case offered
        /// The other's offer, not answered yet.
        case waiting
        /// Taken, the way being found.
        case preparing
        case running(done: Int64, total: Int64, rate: Double)
    }

    struct Transfer: Sendable {
        let number: Int
        let isOutgoing: Bool
        let peer: String
        /// Of the signals; chosen by who offers.
        let id: String
        var name: String
        var size: Int64
        var state: State
        /// Of the offer.
        var payload = ""
        /// What an offer of another was answered with.
        var answer: (verb: TransferSignal.Verb, payload: String)?
        /// The quarters of it that the user has been shown.
        var shownQuarters = 0
        /// How often it was asked whether the other side, whose turn it is, is still there.
        var asked = 0

        /// Whether it is the other side's turn, or the other side's offer, about which the server alone knows whether it is still there.
        var isAwaited: Bool { isOutgoing ? state == .offered : state == .waiting || state == .preparing }
    }

    static let limit = 256

    private(set) var transfers: [Int: Transfer] = [:]
    /// Those that have ended last, for who wants to know afterwards with whom they were.
    private var past: [Int: Transfer] = [:]
    private var last = 0
    /// Questions to the carrier that are not answered yet.
    var questions = 0

    var numbers: [Int] { transfers.keys.sorted() }

    subscript(_ number: Int) -> Transfer? {
        get { transfers[number] }
        set { transfers[number] = newValue }
    }

    mutating func add(isOutgoing: Bool, peer: String, id: String, name: String, size: Int64, state: State, payload: String = "") -> Int? {
        guard transfers.count < TransferTable.limit else { return nil }
        last += 1
        transfers[last] = Transfer(
            number: last, isOutgoing: isOutgoing, peer: peer, id: id, name: name, size: size, state: state, payload: payload)
        return last
    }

    mutating func remove(_ number: Int) -> Transfer? {
        let transfer = transfers.removeValue(forKey: number)
        past[number] = transfer
        // What was taken is not taken once more.
        if transfer?.answer?.verb == .accept { past[number]?.answer = (.decline, "") }
        past[number - TransferTable.limit] = nil
        return transfer
    }

    /// As if it had never been.
    mutating func forget(_ number: Int) {
        transfers[number] = nil
        past[number] = nil
    }

    /// Another's offer of which this session has heard, answered or not.
    func known(id: String, from peer: String) -> Transfer? {
        find(id: id, peer: peer, isOutgoing: false)
            ?? past.values.first { $0.id == id && !$0.isOutgoing && Name.fold($0.peer) == Name.fold(peer) }
    }

    /// The one that `/verify` means, under way or not: by its number, or the newest.
    func known(_ word: String?) -> Transfer? {
        if let word { return Int(word).flatMap { transfers[$0] ?? past[$0] } }
        return (transfers.keys.max() ?? past.keys.max()).flatMap { transfers[$0] ?? past[$0] }
    }

    /// Tells apart the offers of this session.
    func nextSerial() -> Int { last + 1 }

    /// The transfer that a signal is about.
    func find(id: String, peer: String, isOutgoing: Bool) -> Transfer? {
        transfers.values.first { $0.id == id && $0.isOutgoing == isOutgoing && Name.fold($0.peer) == Name.fold(peer) }
    }

    /// Those that `/accept`, `/decline` or `/cancel` can mean, by number: the one of that number, or all where none was named.
    func meant(_ word: String?, where canBeMeant: (Transfer) -> Bool) -> [Transfer] {
        let named = word.map { word in Int(word).map { [$0] } ?? [] } ?? numbers
        return named.compactMap { transfers[$0] }.filter(canBeMeant)
    }

    /// Whether something goes on that a script waits for; an offer that nobody answers is nothing to wait for.
    var isBusy: Bool { questions > 0 || transfers.values.contains { $0.state != .waiting } }

    /// Offers of others about which it is asked at once: who makes many is not to use up what this session may say.
    private static let waitingAtOnce = 4

    /// Those about which it is to be asked next.
    var awaited: [Transfer] {
        let all = numbers.compactMap { transfers[$0] }.filter(\.isAwaited)
        let waiting = all.filter { $0.state == .waiting }.sorted { ($0.asked, $0.number) < ($1.asked, $1.number) }
        return all.filter { $0.state != .waiting } + waiting.prefix(TransferTable.waitingAtOnce)
    }

    /// Those that only the server can tell the other side the end of.
    var unsettled: [Transfer] {
        numbers.compactMap { transfers[$0] }.filter { $0.state == .offered || $0.state == .preparing }
    }

    var running: [Transfer] {
        numbers.compactMap { transfers[$0] }.filter { if case .running = $0.state { true } else { false } }
    }
}
