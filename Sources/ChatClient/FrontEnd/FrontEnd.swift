import CLinux
import ChatProtocol
import Glibc

/// Whoever carries files for the console: the seam to the transfer, which this module knows nothing of.
public protocol TransferCarrier: Sendable {
    /// Binds the UDP port.
    /// - Returns: the port, or what to say of why not.
    func listen() -> Result<UInt16, TransferCarrierFailure>
    /// Does what is asked, or says why not, by a ``CarrierEvent`` that it posts.
    func carryOut(_ command: CarrierCommand)
    /// Stops all transfers.
    func shutDown()
}

public struct TransferCarrierFailure: Error, Sendable {
    public let message: String
    public init(message: String) { self.message = message }
}

/// The loop of `chatty connect`: polls the screen, the signals and the event stream on one thread, and does what the console wants.
final class FrontEnd {
    private let mailbox: Mailbox<ConsoleInput>
    private let driver: ClientDriver
    private let carrier: any TransferCarrier
    /// By account.
    private let ignoreFile: (String) -> IgnoreFile
    private var ignored: IgnoreFile?
    private var console: Console
    /// How long to stay after the last command; nil for as long as it takes.
    private let listenFor: Duration?
    /// Otherwise what others say is neither shown nor taken as seen.
    private let hearsOthers: Bool

    private var screen: (any Screen)?
    /// When it was last asked who is active.
    private var namesAsked: ContinuousClock.Instant?
    private var status: ConsoleStatus?
    private var listenUntil: ContinuousClock.Instant?
    /// When a polite good-bye has taken too long.
    private var leaveBy: ContinuousClock.Instant?
    /// When the others of transfers that wait for them are to be asked for.
    private var askPeersAt: ContinuousClock.Instant?
    private static let peerInterval = Duration.seconds(5)
    private static let leaveTime = Duration.seconds(3)
    /// When own messages that are not confirmed yet are to be called pending.
    private var pendingFrom: ContinuousClock.Instant?
    private var hasToldPending = false
    /// The last message that has been shown, where the session does not know yet.
    private var shown: MessageID?
    /// When a key was pressed last.
    private var touched = ContinuousClock.now
    private var isAttended = true
    /// Without a key for that long, what comes is marked as unread.
    private static let attention = Duration.seconds(60)
    /// As often as the session looks whether its server is there; seconds. After a sleep of the machine the alarm goes off at once, while the
    /// timeouts of poll and of event loops count the time awake.
    private static let alarmInterval: UInt32 = 20
    private static let signals = [SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT]

    init(
        console: Console, mailbox: Mailbox<ConsoleInput>, driver: ClientDriver, carrier: any TransferCarrier,
        ignoreFile: @escaping (String) -> IgnoreFile, listenFor: Duration?, hearsOthers: Bool
    ) {
        self.console = console
        self.mailbox = mailbox
        self.driver = driver
        self.carrier = carrier
        self.ignoreFile = ignoreFile
        self.listenFor = listenFor
        self.hearsOthers = hearsOthers
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

    /// Who has come since is known at the next Tab.
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
        let deadline = [listenUntil, leaveBy, askPeersAt, hasToldPending ? nil : pendingFrom].compactMap(\.self).min()
        // Rounded up, so that it has passed then.
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
            // What was typed before a signal key comes before it.
            var typed = 1
            while polled[1].revents != 0, typed < FrontEnd.typeAhead, FrontEnd.isReadable(screen.descriptor(wantsLine: console.wantsLine)) {
                readInput(screen)
                typed += 1
            }
        }
        if polled[1].revents != 0 { readSignals(signals) }
        if polled[0].revents != 0 { drainMailbox() }
    }

    /// What a terminal holds at most (n_tty(4)).
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
        if let pendingFrom, !hasToldPending, now >= pendingFrom {
            hasToldPending = true
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

    /// Ends the process the way SIGQUIT does by itself, with the core file that whoever sends it may want; the terminal is put right before.
    private func quit() {
        screen?.close()
        clinux_signals_end_process(SIGQUIT)
    }

    private func feed(_ input: ConsoleInput) {
        guard status == nil else { return }
        if !hearsOthers, case .client(let event) = input, event.isOfOthers { return }
        if case .endOfInput = input, let listenFor { listenUntil = ContinuousClock.now + listenFor }
        // Before what it leads to, which may be the end; a screen that fails ends the program without a word to the server.
        if case .client(.message(let message)) = input, let id = message.id { shown = id }
        for effect in console.handle(input) where status == nil { perform(effect) }
        askPeersAt = console.awaitsPeers ? askPeersAt ?? ContinuousClock.now + FrontEnd.peerInterval : nil
        if console.unconfirmed == 0 {
            pendingFrom = nil
            hasToldPending = false
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
            // However one leaves: a server that hangs keeps nobody.
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
