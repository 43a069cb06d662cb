import ChatProtocol
import DequeModule

/// The user interface of `chatty connect` as a state machine without I/O: interprets lines that are typed, keeps track of requests, and
/// decides which lines and prompts are shown.
public struct Console: Sendable {
    public struct Configuration: Sendable {
        /// Whether a person types at a terminal. A script's commands run one after the other, each when the one before has its answer.
        public var isInteractive = true
        /// The account's name from the command line; nil asks for it. With a name the console does not report the log-in.
        public var name: String?
        public var password: String?
        /// Stay after the last command.
        public var listens = false
        /// Leave after so many messages of others.
        public var count: Int?
        public var offers = OfferPolicy.ask
        public var bell = Bell.direct
        /// Whether the console shows a receipt for each message sent.
        public var showsReceipts = true
        /// The wall clock.
        public var now: @Sendable () -> Timestamp = { Timestamp(milliseconds: 0) }
        /// Random letters and digits, for the ids of transfers.
        public var idPrefix = "t"

        public init() {}
    }

    public enum Bell: Sendable { case direct, all, off }

    enum Phase: Equatable, Sendable {
        case connecting
        case askingTrust(Fingerprint)
        case naming
        case password(String)
        /// A new password is being given: what has been typed so far.
        case changingPassword([String])
        /// Waits for the server's reply to the name or the password.
        case loggingIn
        case online
        case ended
    }

    /// Why a request was made, which decides how its answer is shown.
    enum Purpose: Equatable, Sendable {
        case command(SlashCommandKind)
        /// A message with this text.
        case message(ReceivedMessage.Conversation, String)
        /// Creating or joining a group, which becomes the conversation.
        case entrance(group: String)
        /// The history, at most so many messages.
        case past(wanted: Int)
        /// A signal of the transfer with this number.
        case signal(Int)
        /// The offer of the transfer with this number.
        case offer(Int)
        /// The question whether the other side of the transfer is still active.
        case presence(Int)
        /// What the other side of the transfer is told of this side's addresses. If it does not arrive, the transfer goes on as it is.
        case update(Int)
        /// The question for a relay for the transfer.
        case relay(Int)
    }

    let configuration: Configuration
    var formatter: ConsoleFormatter
    var phase = Phase.connecting
    var account: String?
    var pending: [RequestID: Purpose] = [:]
    private var lastRequest: UInt64 = 0
    var conversation: ReceivedMessage.Conversation?
    /// The conversation to return to if the server refuses the current one.
    var previousConversation: ReceivedMessage.Conversation?
    var lastDirect: String?
    var ignored = IgnoreList()
    /// The away messages shown last, by user, so that each is shown once.
    var knownAway: [String: String] = [:]
    /// The group and the minute of the last receipt.
    var lastReceipt: (group: String, minute: Int64)?
    /// Whether the last receipt was suppressed because it repeats the one before.
    var isReceiptRepeated = false
    /// The account's own away message; nil while it is not away.
    var awayText: String?
    var unread = UnreadMark()
    /// The message of the day shown last.
    var messageOfTheDay: [String] = []
    /// Whether the connection is lost at the moment.
    var isOffline = false
    /// Whether unconfirmed messages have waited so long that the user should see it.
    private(set) var showsPending = false
    /// The unconfirmed messages that were shown as pending.
    var shownPending: Set<RequestID> = []
    var names = NameDirectory()
    var transfers = TransferTable()
    /// A paste that waits for the user's confirmation.
    var paste: Paste?
    /// Lines that wait until earlier requests have their answers.
    var queued: Deque<QueuedLine> = []
    /// The highest number of requests under way while lines are queued.
    private static let queuedAtOnce = 32
    /// Requests that only serve completion, so their answers are not shown. No other request has these ids.
    static let namesAsked: [(id: RequestID, request: ClientRequest)] = [
        (RequestID(rawValue: 0), .everybody), (RequestID(rawValue: .max), .everyGroup),
    ]
    var received = 0
    /// The first failure of a script.
    var status = ConsoleStatus.done
    var hasAskedPassword = false
    private var hasInterrupted = false
    private var inputEnded = false
    private var isLeaving = false
    /// A script has logged out and waits for its transfers.
    private var leavesWhenDone = false
    /// The user has been warned about what leaving would interrupt. The next log-out leaves.
    private var hasWarned = false
    var showsGoodbye = true
    private var shownPrompt: ConsolePrompt?
    var effects: [ConsoleEffect] = []

    public init(_ configuration: Configuration, formatter: ConsoleFormatter) {
        self.configuration = configuration
        self.formatter = formatter
    }

    /// Whether the console accepts the next line of a script.
    public var wantsLine: Bool {
        switch phase {
        case .naming, .password, .askingTrust, .changingPassword: true
        case .online: pending.isEmpty && !inputEnded && !leavesWhenDone
        case .connecting, .loggingIn, .ended: false
        }
    }

    public var isOnline: Bool {
        if case .changingPassword = phase { true } else { phase == .online }
    }

    public mutating func handle(_ input: ConsoleInput) -> [ConsoleEffect] {
        effects.removeAll(keepingCapacity: true)
        guard phase != .ended else { return [] }
        process(input)
        while phase == .online, !isLeaving, pending.count < Console.queuedAtOnce, let line = queued.popFirst() {
            switch line {
            case .typed(let line): run(line)
            case .text(let text, let conversation): sendMessage(text, in: conversation)
            }
        }
        if unconfirmed == 0 { showsPending = false } else if isOffline { showsPending = true }
        if showsPending { showPending() }
        leaveWhereDone()
        showPrompt()
        return effects
    }

    /// The completions that Tab offers; see ``Completion/of(_:after:names:ignored:offers:list:)``.
    public func completion(of word: String, after before: String, list: (String) -> [String]) -> Completion {
        guard phase == .online else { return .words([]) }
        return Completion.of(word, after: before, names: names, ignored: ignored.names, offers: transfers.numbers, list: list)
    }

    private mutating func process(_ input: ConsoleInput) {
        switch input {
        case .line(let line):
            hasInterrupted = false
            let wasWarned = hasWarned
            handleLine(line)
            if wasWarned { hasWarned = false }
        case .refused(let reply): complain(reply.text, .usage)
        case .endOfInput: handleEndOfInput()
        case .interrupt(let hadText): handleInterrupt(hadText: hadText)
        case .client(let event): handleClientEvent(event)
        case .transfer(let event): handleCarrierEvent(event)
        case .listening(let port): showListening(port)
        case .waited: showsPending = true
        case .attended(let isThere): unread.attend(isThere)
        case .ignoring(let names): ignored = IgnoreList(names)
        case .askPeers: askPeers()
        case .stop(let status): handleStop(status)
        case .unanswered: handleUnansweredLogOut()
        }
    }

    // Lines that are typed.

    private mutating func handleLine(_ line: String) {
        switch phase {
        case .askingTrust(let fingerprint):
            let answer = line.withoutSpacesAround.lowercased()
            guard ["y", "yes", "n", "no"].contains(answer) else { return showPromptAgain() }
            phase = .connecting
            effects.append(.answerUnknownServer(fingerprint, isRight: answer.begins(with: "y")))
        case .naming:
            let name = line.withoutSpacesAround
            guard !name.isEmpty else { return showPromptAgain() }
            phase = .loggingIn
            effects.append(.session(.name(name)))
        case .password:
            phase = .loggingIn
            effects.append(.session(.password(line)))
        case .changingPassword(let typed): collectPassword(typed + [line])
        case .online: runTyped(line)
        case .connecting, .loggingIn, .ended: break
        }
    }

    private mutating func handleEndOfInput() {
        guard !configuration.isInteractive else { return phase == .online ? handleLogOut() : logOut() }
        inputEnded = true
        switch phase {
        case .online: break
        case .changingPassword:
            phase = .online
            complain("The input ended before the new password was given. Nothing was changed.", .failed)
        default:
            if account == nil { complain("The input ended before the log-in.", .failed) }
            logOut()
        }
    }

    /// The time of `--listen` is over, or a signal ends the program. After the time alone, an earlier failure stays the status.
    private mutating func handleStop(_ status: ConsoleStatus) {
        if status != .done {
            self.status = status
        } else {
            if account == nil { complain("The time of --listen ended before the log-in.", .failed) }
            if !unfinished.isEmpty { complain(Console.notDone(unfinished), lossStatus) }
        }
        logOut(isAsked: configuration.isInteractive)
    }

    /// The server has not confirmed the log-out. That is a failure if the user asked for it or messages are unconfirmed.
    private mutating func handleUnansweredLogOut() {
        effects.append(.complain("The server did not confirm the log-out."))
        if status == .done, showsGoodbye || unconfirmed > 0 { status = .failed }
        leave()
    }

    private mutating func handleInterrupt(hadText: Bool) {
        if case .changingPassword = phase {
            phase = .online
            return
        }
        guard phase == .online, configuration.isInteractive else {
            status = .interrupted
            return leave()
        }
        if paste != nil {
            paste = nil
        } else if !hadText, !queued.isEmpty {
            dropQueued()
        } else if hadText {
            hasInterrupted = false
        } else if hasInterrupted {
            status = .interrupted
            logOut()
        } else {
            hasInterrupted = true
            let lost = unfinished.isEmpty ? "" : Console.notDone(unfinished) + " "
            effects.append(.show(formatter.own(.hint, lost + "Press Ctrl-C again to leave.")))
        }
        shownPrompt = nil
    }

    mutating func dropQueued() {
        guard !queued.isEmpty else { return }
        effects.append(.show(formatter.own(.hint, "\(queued.count) \(queued.count == 1 ? "line was" : "lines were") not sent.")))
        queued = []
    }

    /// `/logout` and Ctrl-D. A script waits for its transfers first; a person is warned about what leaving would interrupt, and may repeat
    /// it.
    mutating func handleLogOut() {
        guard configuration.isInteractive else {
            leavesWhenDone = true
            return
        }
        guard !unfinished.isEmpty, !hasWarned else { return logOut() }
        hasWarned = true
        effects.append(.show(formatter.own(.hint, Console.notDone(unfinished) + " Log out again to leave anyway.")))
        showPromptAgain()
    }

    /// - Parameter isAsked: whether a command asked for it; then its answer is shown.
    mutating func logOut(isAsked: Bool = true) {
        guard !isLeaving else { return leave() }
        isLeaving = true
        showsGoodbye = isAsked
        guard isOnline else { return leave() }
        withdraw()
        request(.logOut, for: .command(.logout))
    }

    private static let passwordPrompts = ["Old password: ", "New password: ", "New password again: "]

    /// The old password, the new one, and the new one once more.
    private mutating func collectPassword(_ typed: [String]) {
        guard typed.count == Console.passwordPrompts.count else {
            phase = .changingPassword(typed)
            return
        }
        phase = .online
        guard typed[1] == typed[2] else { return complain("The two new passwords are not the same. Nothing was changed.", .failed) }
        request(.changePassword(old: typed[0], new: typed[1]), for: .command(.passwd))
    }

    mutating func request(_ request: ClientRequest, for purpose: Purpose) {
        lastRequest += 1
        let id = RequestID(rawValue: lastRequest)
        pending[id] = purpose
        effects.append(.session(.request(id, request)))
    }

    // Prompts and the end.

    private mutating func leaveWhereDone() {
        guard phase == .online, !isLeaving, !configuration.isInteractive, pending.isEmpty, !transfers.isBusy else { return }
        if leavesWhenDone { return logOut() }
        if let count = configuration.count, received >= count { return logOut(isAsked: false) }
        guard inputEnded, !configuration.listens, configuration.count == nil else { return }
        logOut(isAsked: false)
    }

    mutating func leave() {
        guard phase != .ended else { return }
        withdraw()
        phase = .ended
        effects.append(.session(.abandon))
        effects.append(.leave(status))
    }

    mutating func showPromptAgain() { shownPrompt = nil }

    private mutating func showPrompt() {
        let prompt = prompt
        guard prompt != shownPrompt, phase != .ended else { return }
        shownPrompt = prompt
        effects.append(.prompt(prompt))
    }

    private var prompt: ConsolePrompt {
        switch phase {
        case .askingTrust: return .line("Is it the key that chatty serve printed? (yes/no) ")
        case .naming: return configuration.name == nil ? .line(Texts.usernamePrompt) : .none
        case .password: return .secret(Texts.passwordPrompt)
        case .changingPassword(let typed) where typed.count < Console.passwordPrompts.count:
            return .secret(Console.passwordPrompts[typed.count])
        case .online where configuration.isInteractive && !isLeaving:
            if let paste {
                return .line("Send these \(paste.lines.count) lines to \(formatter.safe(Console.shown(paste.conversation)))? (yes/no) ")
            }
            let place = conversation.map { " → " + formatter.safe(Console.shown($0)) } ?? ""
            return .command((account ?? "") + place + stateOfConnection + transferStatus + "> ")
        default: return .none
        }
    }

    /// The state in the prompt: ` (offline, 2 pending)`, ` (away)`.
    private var stateOfConnection: String {
        let waiting = showsPending || !queued.isEmpty ? unconfirmed + queued.count : 0
        let states = [isOffline ? "offline" : nil, awayText == nil ? nil : "away", waiting > 0 ? "\(waiting) pending" : nil]
        let shown = states.compactMap(\.self)
        return shown.isEmpty ? "" : " (" + shown.joined(separator: ", ") + ")"
    }

    /// The progress of transfers in the prompt: ` [1 ↑ 40%]`.
    private var transferStatus: String {
        let running = transfers.running.prefix(3).map { transfer in
            guard case .running(let done, let total, _) = transfer.state, total > 0 else { return "\(transfer.number)" }
            return "\(transfer.number) \(transfer.isOutgoing ? "↑" : "↓") \(Int(done * 100 / total))%"
        }
        return running.isEmpty ? "" : " [" + running.joined(separator: ", ") + "]"
    }
}
