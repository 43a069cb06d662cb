import ChatProtocol

/// The commands of the console to the ``TransferCarrier``. A number identifies the transfer.
public enum CarrierCommand: Equatable, Sendable {
    /// Open the file and describe it: answered by ``CarrierEvent/described(_:name:size:payload:)``.
    case offer(Int, to: String, path: String)
    /// Prepare to receive the offered file: answered by ``CarrierEvent/ready(_:payload:)``.
    case receive(Int, from: String, payload: String)
    /// The other side has accepted the offer: send the file.
    case send(Int, payload: String)
    /// The other side has sent further information.
    case update(Int, payload: String)
    case cancel(Int)
    /// Compute the number that both sides can compare: answered by ``CarrierEvent/verification(_:_:)``.
    case verify(Int)
    /// Ask the STUN server at this address, `ADDRESS:PORT`, at which address others can reach this machine. It may relay files as well.
    case useServer(address: String, relays: Bool)
    /// The server relays the transfer: the answer to ``CarrierEvent/needsRelay(_:)``.
    case relay(Int, payload: String)
    /// The server does not relay the transfer.
    case refuseRelay(Int)
}

/// The events that the ``TransferCarrier`` reports to the console.
public enum CarrierEvent: Equatable, Sendable {
    case described(Int, name: String, size: Int64, payload: String)
    case ready(Int, payload: String)
    /// No direct path has been found yet: the server is to be asked for a relay.
    case needsRelay(Int)
    /// The other side is to be told this, so that a path is found.
    case update(Int, payload: String)
    /// How the other side is reached from now on.
    case way(Int, TransferWay)
    /// `done` and `total` in bytes, `rate` in bytes a second.
    case progress(Int, done: Int64, total: Int64, rate: Double)
    /// - path: of the received file; nil for a file that was sent.
    /// - resumed: bytes that an earlier transfer had delivered.
    case finished(Int, path: String?, bytes: Int64, resumed: Int64 = 0, seconds: Double)
    /// - isResumable: a new offer of the same file continues where this transfer stopped.
    case failed(Int, String, isResumable: Bool = false)
    /// The number that both sides can compare; nil if the other side's key is not known yet.
    case verification(Int, String?)
}

/// How the other side of a transfer is reached.
public enum TransferWay: Equatable, Sendable {
    /// - milliseconds: a round trip; nil if it is not known.
    case direct(milliseconds: Double?)
    /// - rate: what the server relays, bytes a second.
    case relayed(rate: Double?)

    var isRelayed: Bool { if case .relayed = self { true } else { false } }
}

/// The client's reaction to an offered file.
public enum OfferPolicy: Sendable {
    case ask, always, never
}

/// The transfers and offers of one session, by number: the other user, the file and the state. The ``TransferCarrier`` moves the bytes.
struct TransferTable: Sendable {
    enum State: Equatable, Sendable {
        /// An own file, which the carrier is opening.
        case describing
        /// An own offer without an answer.
        case offered
        /// An offer of the other user without an answer.
        case waiting
        /// Accepted; the two sides are connecting.
        case preparing
        case running(done: Int64, total: Int64, rate: Double)
    }

    struct Transfer: Sendable {
        let number: Int
        let isOutgoing: Bool
        let peer: String
        /// Identifies the transfer in signals; chosen by the sender.
        let id: String
        var name: String
        var size: Int64
        var state: State
        /// The payload of the offer.
        var payload = ""
        /// This side's answer to an offer of the other user.
        var answer: (verb: TransferSignal.Verb, payload: String)?
        var way: TransferWay?
        /// Whether the server is to be asked for a relay once this side's answer is on its way: before it the server knows of no need.
        var needsRelay = false
        /// How many quarters of it the user has been shown.
        var shownQuarters = 0
        /// How often this side has asked whether the other one is still active.
        var asked = 0

        /// How the other side is reached, in one word.
        var wayName: String? {
            switch (state, way) {
            case (.preparing, _): "connecting"
            case (.running, .direct?): "direct"
            case (.running, .relayed?): "relayed"
            default: nil
            }
        }

        /// Whether this side waits for the other one, and so has to ask the server whether it is still active.
        var isAwaited: Bool { isOutgoing ? state == .offered : state == .waiting || state == .preparing }
    }

    static let limit = 256

    private(set) var transfers: [Int: Transfer] = [:]
    /// The transfers that ended last, for `/verify`.
    private var past: [Int: Transfer] = [:]
    private var last = 0
    /// The number of questions that the carrier has not answered yet.
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
        // An offer can be accepted only once.
        if transfer?.answer?.verb == .accept { past[number]?.answer = (.decline, "") }
        past[number - TransferTable.limit] = nil
        return transfer
    }

    /// Removes a transfer, also from those that ended.
    mutating func forget(_ number: Int) {
        transfers[number] = nil
        past[number] = nil
    }

    /// An offer of the other user that this session has received, answered or not.
    func known(id: String, from peer: String) -> Transfer? {
        find(id: id, peer: peer, isOutgoing: false)
            ?? past.values.first { $0.id == id && !$0.isOutgoing && Name.fold($0.peer) == Name.fold(peer) }
    }

    /// The transfer that `/verify` means, ended or not: by its number, or the newest.
    func known(_ word: String?) -> Transfer? {
        if let word { return Int(word).flatMap { transfers[$0] ?? past[$0] } }
        return (transfers.keys.max() ?? past.keys.max()).flatMap { transfers[$0] ?? past[$0] }
    }

    /// A number for the id of the next offer.
    func nextSerial() -> Int { last + 1 }

    /// The transfer that a signal refers to.
    func find(id: String, peer: String, isOutgoing: Bool) -> Transfer? {
        transfers.values.first { $0.id == id && $0.isOutgoing == isOutgoing && Name.fold($0.peer) == Name.fold(peer) }
    }

    /// The transfers that `/accept`, `/decline` or `/cancel` can mean: the one with the number, or all if none was given.
    func meant(_ word: String?, where canBeMeant: (Transfer) -> Bool) -> [Transfer] {
        let named = word.map { word in Int(word).map { [$0] } ?? [] } ?? numbers
        return named.compactMap { transfers[$0] }.filter(canBeMeant)
    }

    /// Whether a script has to wait. An unanswered offer of another user is no reason to wait.
    var isBusy: Bool { questions > 0 || transfers.values.contains { $0.state != .waiting } }

    /// How many offers of others are asked about at once. The bound keeps a user who makes many offers from using up this session's rate
    /// limit.
    private static let waitingAtOnce = 4

    /// The transfers to ask about next.
    var awaited: [Transfer] {
        let all = numbers.compactMap { transfers[$0] }.filter(\.isAwaited)
        let waiting = all.filter { $0.state == .waiting }.sorted { ($0.asked, $0.number) < ($1.asked, $1.number) }
        return all.filter { $0.state != .waiting } + waiting.prefix(TransferTable.waitingAtOnce)
    }

    /// The transfers whose end the other side learns only through the server.
    var unsettled: [Transfer] {
        numbers.compactMap { transfers[$0] }.filter { $0.state == .offered || $0.state == .preparing }
    }

    var running: [Transfer] {
        numbers.compactMap { transfers[$0] }.filter { if case .running = $0.state { true } else { false } }
    }
}
