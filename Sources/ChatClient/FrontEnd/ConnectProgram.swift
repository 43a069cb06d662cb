import ChatProtocol
import Foundation
import SystemSupport

/// `chatty connect` without its command line and its file transfers: assembles session, console and screen, and runs them.
public struct ConnectProgram: Sendable {
    public struct Options: Sendable {
        public var host: String
        public var port: Int
        /// Decides whether to trust the server's certificate; nil for a connection without TLS.
        public var trust: ServerTrust?
        /// Whether a person sits at a terminal.
        public var isTerminal = false
        public var usesColours = false
        public var json = false
        public var name: String?
        public var password: String?
        /// Commands from the command line, which replace stdin.
        public var commands: [String] = []
        public var listens = false
        public var listenFor: Duration?
        public var count: Int?
        public var offers = OfferPolicy.ask
        public var bell = Console.Bell.direct
        /// See ``Console/Configuration/showsReceipts``.
        public var showsReceipts = true
        /// The path of the transcript; nil for none.
        public var transcript: String?
        /// Formats the answers if only answers are shown; then other users' messages stay stored for the next log-in. Nil shows everything.
        public var answers: ConsoleFormatter.Answers?
        /// The folder of the state for each server and account, which is the input history and the ignored users; nil for none.
        public var stateFolder: String?

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    private let options: Options
    /// Creates the carrier of files, which posts its events to the mailbox.
    private let makeCarrier: @Sendable (PolledMailbox<ConsoleInput>) -> any TransferCarrier
    private let diagnose: @Sendable (String) -> Void

    public init(
        _ options: Options, carrier makeCarrier: @escaping @Sendable (PolledMailbox<ConsoleInput>) -> any TransferCarrier,
        diagnose: @escaping @Sendable (String) -> Void
    ) {
        self.options = options
        self.makeCarrier = makeCarrier
        self.diagnose = diagnose
    }

    /// Inputs that may wait for the terminal's thread before the connection is read no further.
    private static let mailboxLimit = 4096

    /// Runs until the session ends, on a thread of its own.
    public func run() async -> ConsoleStatus {
        let mailbox: PolledMailbox<ConsoleInput>
        do throws(SystemError) {
            mailbox = try PolledMailbox(limit: ConnectProgram.mailboxLimit)
        } catch {
            diagnose(
                error.isForWantOfDescriptors
                    ? "Too many open files. Raise the limit (ulimit -n), or close other programs." : "The session \(error).")
            return .failed
        }
        var configuration = ClientDriver.Configuration(host: options.host, port: options.port, trust: options.trust)
        configuration.session.labelPrefix = ConnectProgram.random(12) + "-"
        configuration.session.resumesByToken = options.isTerminal || options.listens
        configuration.session.reconnectFor = options.isTerminal || options.listens ? nil : 30_000
        let driver = ClientDriver(configuration) { mailbox.post(.client($0)) == .accepted }
        let status = await withCheckedContinuation { continuation in
            do throws(SystemError) {
                try BackgroundThread.start(name: "chatty-terminal", ()) { _ in
                    continuation.resume(returning: self.runLoop(mailbox, driver))
                }
            } catch {
                diagnose("The session \(error).")
                continuation.resume(returning: .failed)
            }
        }
        await driver.shutDown()
        return status
    }

    private func runLoop(_ mailbox: PolledMailbox<ConsoleInput>, _ driver: ClientDriver) -> ConsoleStatus {
        var transcript: Transcript?
        let kind: ConsoleFormatter.Kind = options.json ? .json : options.isTerminal ? .terminal(colours: options.usesColours) : .plain
        let configuration = consoleConfiguration
        if let path = options.transcript {
            let place = KnownHosts.Server(host: options.host, port: options.port).description
            do throws(Transcript.Failure) {
                transcript = try Transcript(path: path, of: place, kind: kind, now: configuration.now)
            } catch {
                diagnose("Cannot write \(path): \(error.reason).")
                return .failed
            }
        }
        let console = Console(configuration, formatter: ConsoleFormatter(kind, now: configuration.now(), answers: options.answers))
        let frontEnd = FrontEnd(
            console: console, mailbox: mailbox, driver: driver, carrier: makeCarrier(mailbox),
            ignoreFile: { IgnoreFile(path: statePath("ignored", $0)) }, listenFor: options.listenFor,
            showsOthers: options.answers == nil)
        let screen = makeScreen(transcript, completingWith: frontEnd)
        return frontEnd.run(on: screen)
    }

    private func makeScreen(_ transcript: Transcript?, completingWith frontEnd: FrontEnd) -> any Screen {
        if options.isTerminal {
            let complete: LineEditor.Complete = { [unowned frontEnd] word, before in frontEnd.completion(of: word, after: before) }
            let screen = TerminalScreen(
                historyPath: { statePath("history", $0) }, transcript: transcript, complete: complete, diagnose: diagnose)
            if let screen { return screen }
        }
        // In JSON output a prompt would not be an event, so it goes to stderr if that is a terminal.
        let prompts = !options.json ? STDOUT_FILENO : isatty(STDERR_FILENO) == 1 ? STDERR_FILENO : nil
        return StreamScreen(commands: options.commands, prompts: prompts, transcript: transcript, diagnose: diagnose)
    }

    private var consoleConfiguration: Console.Configuration {
        var configuration = Console.Configuration()
        configuration.isInteractive = options.isTerminal
        configuration.name = options.name
        configuration.password = options.password
        configuration.listens = options.listens
        configuration.count = options.count
        configuration.offers = options.offers
        configuration.bell = options.bell
        configuration.showsReceipts = options.showsReceipts
        configuration.now = { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
        configuration.idPrefix = ConnectProgram.random(10)
        return configuration
    }

    /// The path `STATE/KIND/HOST:PORT/ACCOUNT`. Account names have no slash; slashes in a typed host are replaced.
    private func statePath(_ kind: String, _ account: String) -> String? {
        guard let folder = options.stateFolder, let name = try? Name(account) else { return nil }
        let server = KnownHosts.Server(host: options.host, port: options.port).description.pieces(between: "/", omittingEmpty: false)
            .joined(separator: "_")
        return "\(folder)/\(kind)/\(server)/\(name.folded)"
    }

    private static func random(_ count: Int) -> String {
        String((0..<count).compactMap { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement() })
    }
}
