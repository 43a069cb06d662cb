import CLinux
import ChatProtocol
import Glibc
import SystemSupport

/// Sends and receives files for the console. This module knows nothing of the transfer protocol; `chatty` implements this.
public protocol TransferCarrier: Sendable {
    /// Binds the UDP port.
    /// - Returns: the port, or the reason why there is none.
    func listen() -> Result<UInt16, TransferCarrierFailure>
    /// Carries out a command. Its outcome follows as a ``CarrierEvent``.
    func carryOut(_ command: CarrierCommand)
    /// Stops all transfers.
    func shutDown()
}

public struct TransferCarrierFailure: Error, Sendable {
    public let message: String
    public init(message: String) { self.message = message }
}

/// The main loop of `chatty connect`: polls the terminal, the signals and the mailbox on one thread, passes them to the ``Console``, and
/// carries out its effects.
final class FrontEnd {
    private let mailbox: PolledMailbox<ConsoleInput>
    private let driver: ClientDriver
    private let carrier: any TransferCarrier
    /// The file of ignored users of an account.
    private let ignoreFile: (String) -> IgnoreFile
    private var ignored: IgnoreFile?
    private var console: Console
    /// How long to stay after the last command; nil for as long as it takes.
    private let listenFor: Duration?
    /// Whether messages of others are shown and acknowledged.
    private let showsOthers: Bool

    private var screen: (any Screen)?
    /// When the client last requested the active users.
    private var namesAsked: ContinuousClock.Instant?
    private var status: ConsoleStatus?
    private var listenUntil: ContinuousClock.Instant?
    /// When the wait for the answer to the log-out ends.
    private var leaveBy: ContinuousClock.Instant?
    /// When to ask next whether the other sides of open offers are active.
    private var askPeersAt: ContinuousClock.Instant?
    private static let peerInterval = Duration.seconds(5)
    private static let leaveTime = Duration.seconds(3)
    /// When unconfirmed messages are shown as pending.
    private var pendingFrom: ContinuousClock.Instant?
    private var hasShownPending = false
    /// The last message that was shown, if the session does not know of it yet.
    private var shown: MessageID?
    /// When a key was last pressed.
    private var touched = ContinuousClock.now
    private var isAttended = true
    /// After this time without a key, new messages are marked as unread.
    private static let attention = Duration.seconds(60)
    /// How often an alarm wakes the session; seconds. It goes off at once after a sleep of the machine, because its clock counts the sleep;
    /// the timeouts of poll and of event loops do not.
    private static let alarmInterval: UInt32 = 20
    private static let signals = [SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT]

    init(
        console: Console, mailbox: PolledMailbox<ConsoleInput>, driver: ClientDriver, carrier: any TransferCarrier,
        ignoreFile: @escaping (String) -> IgnoreFile, listenFor: Duration?, showsOthers: Bool
    ) {
        self.console = console
        self.mailbox = mailbox
        self.driver = driver
        self.carrier = carrier
        self.ignoreFile = ignoreFile
        self.listenFor = listenFor
        self.showsOthers = showsOthers
    }

    /// Runs to the end of the session. Blocks its thread.
    func run(on screen: any Screen) -> ConsoleStatus {
        self.screen = screen
        let alarm = clinux_alarm_make(FrontEnd.alarmInterval)
        defer { if alarm >= 0 { close(alarm) } }
        let signals = FrontEnd.signals.withUnsafeBufferPointer { clinux_signals_open($0.baseAddress, $0.count) }
        defer { clinux_signals_close() }
        driver.submit(.start)
        while status == nil {
            while status == nil, let input = screen.ready(wantsLine: console.wantsLine) { feed(input) }
            guard status == nil else { break }
            screen.settle()
            wait(screen, signals: signals, alarm: alarm)
        }
        screen.close()
        carrier.shutDown()
        return status ?? .failed
    }

    /// The completions that Tab offers. Also requests the active users, so that the next Tab knows those who have logged in since.
    func completion(of word: String, after before: String) -> Completion {
        let now = ContinuousClock.now
        if console.isOnline, namesAsked.map({ $0.duration(to: now) > .seconds(5) }) ?? true {
            namesAsked = now
            for (id, request) in Console.namesAsked { driver.submit(.request(id, request)) }
        }
        return console.completion(of: word, after: before, list: FolderListing.names)
    }

    private func wait(_ screen: any Screen, signals: Int32, alarm: Int32) {
        var polled = [
            pollfd(fd: mailbox.descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: alarm, events: Int16(POLLIN), revents: 0),
        ]
        let input = screen.descriptor(wantsLine: console.wantsLine)
        if let input { polled.append(pollfd(fd: input, events: Int16(POLLIN), revents: 0)) }
        let deadline = [listenUntil, leaveBy, askPeersAt, hasShownPending ? nil : pendingFrom].compactMap(\.self).min()
        // Rounded up, so that the deadline has passed when poll returns.
        let milliseconds = deadline.map {
            Int32(clamping: Int64(max(0, min(1e9, ContinuousClock.now.duration(to: $0) / .milliseconds(1)))) + 1)
        }
        guard poll(&polled, nfds_t(polled.count), milliseconds ?? -1) >= 0 || errno == EINTR else {
            status = .failed
            return
        }
        checkDeadlines()
        if polled[2].revents != 0 {
            clinux_wakeup_clear(alarm)
            driver.submit(.timer)
        }
        if polled.count > 3, polled[3].revents != 0 {
            readInput(screen)
            // Input typed before a signal key is handled before the signal.
            var typed = 1
            while polled[1].revents != 0, typed < FrontEnd.typeAhead, FrontEnd.isReadable(screen.descriptor(wantsLine: console.wantsLine)) {
                readInput(screen)
                typed += 1
            }
        }
        if polled[1].revents != 0 { readSignals(signals) }
        if polled[0].revents != 0 { drainMailbox() }
    }

    /// The most bytes that a terminal's input queue holds (n_tty(4)).
    private static let typeAhead = 4096

    private func readInput(_ screen: any Screen) {
        touched = .now
        if !isAttended {
            isAttended = true
            feed(.attended(true))
        }
        for input in screen.read() { feed(input) }
    }

    private static func isReadable(_ descriptor: Int32?) -> Bool {
        guard let descriptor else { return false }
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, 0) > 0
    }

    private func checkDeadlines() {
        let now = ContinuousClock.now
        if let pendingFrom, !hasShownPending, now >= pendingFrom {
            hasShownPending = true
            feed(.waited)
        }
        if let leaveBy, now >= leaveBy { feed(.unanswered) }
        if let askPeersAt, now >= askPeersAt {
            self.askPeersAt = nil
            feed(.askPeers)
        }
        if let listenUntil, now >= listenUntil {
            self.listenUntil = nil
            feed(.stop(.done))
        }
    }

    private func drainMailbox() {
        if isAttended, touched.duration(to: .now) > FrontEnd.attention {
            isAttended = false
            feed(.attended(false))
        }
        let (inputs, wasFull) = mailbox.drain()
        for input in inputs { feed(input) }
        if status == nil { submitShown() }
        if wasFull { driver.caughtUp() }
    }

    private func readSignals(_ descriptor: Int32) {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        for signal in bytes.prefix(max(0, count)).map(Int32.init) {
            switch signal {
            case SIGTERM: feed(.stop(.terminated))
            case SIGHUP: feed(.stop(.hungUp))
            case SIGQUIT: quit()
            default:
                if signal == SIGCONT { driver.submit(.woke) }
                for input in screen?.signalled(signal) ?? [] { feed(input) }
            }
        }
    }

    /// Restores the terminal, then ends the process as SIGQUIT does by default, with a core file.
    private func quit() {
        screen?.close()
        clinux_signals_end_process(SIGQUIT)
    }

    private func feed(_ input: ConsoleInput) {
        guard status == nil else { return }
        if !showsOthers, case .client(let event) = input, event.isOfOthers { return }
        if case .endOfInput = input, let listenFor { listenUntil = ContinuousClock.now + listenFor }
        // Recorded before the effects, because one of them may end the program.
        if case .client(.message(let message)) = input, let id = message.id { shown = id }
        for effect in console.handle(input) where status == nil { perform(effect) }
        askPeersAt = console.awaitsPeers ? askPeersAt ?? ContinuousClock.now + FrontEnd.peerInterval : nil
        if console.unconfirmed == 0 {
            pendingFrom = nil
            hasShownPending = false
        } else if pendingFrom == nil {
            pendingFrom = ContinuousClock.now + .seconds(1)
        }
    }

    private func perform(_ effect: ConsoleEffect) {
        switch effect {
        case .show(let text): if screen?.show(text) == false { status = .failed }
        case .complain(let text): screen?.complain(text)
        case .prompt(let prompt): if screen?.prompt(prompt) == false { status = .failed }
        case .bell: screen?.bell()
        case .session(let input):
            submitShown()
            // A server that hangs does not delay the end.
            if case .request(_, .logOut) = input { leaveBy = leaveBy ?? ContinuousClock.now + FrontEnd.leaveTime }
            driver.submit(input)
        case .answerUnknownServer(let fingerprint, let isRight): driver.answerUnknownServer(fingerprint, isRight: isRight)
        case .listen: listen()
        case .useHistory(let account):
            screen?.useHistory(account: account)
            let file = ignoreFile(account)
            ignored = file
            feed(.ignoring(file.load()))
        case .storeIgnored(let names): if let failure = ignored?.save(names) { screen?.complain(failure) }
        case .transfer(let command): carrier.carryOut(command)
        case .leave(let status): self.status = status
        }
    }

    private func submitShown() {
        if let shown { driver.submit(.shown(shown)) }
        shown = nil
    }

    private func listen() {
        switch carrier.listen() {
        case .success(let port): feed(.listening(port: port))
        case .failure(let failure):
            screen?.complain(failure.message)
            status = .failed
        }
    }
}
