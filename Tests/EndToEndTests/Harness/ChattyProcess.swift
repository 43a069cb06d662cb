import Foundation
import NIOConcurrencyHelpers
import TestSupport

/// The built `chatty` (or another program) as a child, on pipes or on a terminal of its own. It is always ended, at the latest with this
/// object.
///
///     let server = try ChattyProcess("serve", "0", "--data", folder.path)
///     let port = try await server.diagnostics.expect(/port (\d+)/).1
///     let client = try ChattyProcess("connect", "127.0.0.1", "\(port)", on: .terminal())
///     try await client.output.expect("Enter username: ")
///     try client.type("yoda\r")
///     ...
///     try client.type("/logout\r")
///     #expect(try await client.exitStatus() == 0)
///
/// Of the test's environment a child inherits only `PATH` and the options of sanitizers: `HOME` is a new folder, the locale is `C.UTF-8`.
final class ChattyProcess: Sendable {
    enum Place: Sendable {
        /// stdin, stdout and stderr are three pipes.
        case pipes
        /// All three are one controlling terminal of this size.
        case terminal(columns: UInt16 = 80, rows: UInt16 = 24)
    }

    private struct State {
        var status: Int32?
        var input: Int32
        var isReaped = false
    }

    /// stdout, or all output of the terminal.
    let output: ExpectStream
    /// stderr; on a terminal this stream is empty and has ended.
    let diagnostics: ExpectStream
    let pid: pid_t
    /// The child's `HOME` and default working folder.
    let home: TemporaryFolder
    private let state: Shared
    private let isTerminal: Bool

    /// Shared with the thread that waits for the child, which must not hold the process object itself.
    private final class Shared: Sendable {
        let state: NIOLockedValueBox<State>
        let ended: ExpectStream

        init(input: Int32, ended: ExpectStream) {
            state = NIOLockedValueBox(State(input: input))
            self.ended = ended
        }
    }

    /// - Parameters:
    ///   - arguments: the arguments without the program's name.
    ///   - place: the child's three standard descriptors.
    ///   - home: the child's `HOME`; nil for a new folder.
    ///   - directory: the child's working folder; nil for its `HOME`.
    ///   - environment: variables added to those described above.
    ///   - executable: the path of another program to run.
    init(
        words arguments: [String], on place: Place = .pipes, home: TemporaryFolder? = nil, directory: String? = nil,
        environment: [String: String] = [:], executable: String = Executable.chatty
    ) throws {
        self.home = try home ?? TemporaryFolder()
        let wiring = try Wiring(place)
        let own = ProcessInfo.processInfo.environment
        var complete = own.filter { ["ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"].contains($0.key) }
        complete["PATH"] = own["PATH"] ?? "/usr/bin:/bin"
        complete["LANG"] = "C.UTF-8"
        complete["HOME"] = self.home.path
        if case .terminal = place { complete["TERM"] = "xterm" }
        complete.merge(environment) { $1 }
        // The router of the machine that runs the tests is left alone.
        let asksRouter = executable == Executable.chatty && ["connect", "send-file", "recv-file"].contains(arguments.first)
        let words = asksRouter && !arguments.contains("--map-port") ? ["--map-port", "off"] : []
        pid = try wiring.spawn(
            [executable] + arguments.prefix(1) + words + arguments.dropFirst(), complete, directory ?? self.home.path)
        // A terminal is also the input, so it is closed with that.
        let closes = !wiring.isTerminal
        output = ExpectStream("the output of \(arguments.joined(separator: " "))", reading: wiring.output) { descriptor in
            if closes { close(descriptor) }
        }
        diagnostics = ExpectStream("the diagnostics of \(arguments.joined(separator: " "))", reading: wiring.diagnostics)
        isTerminal = wiring.isTerminal
        let (read, write) = try Descriptor.pipe()
        let shared = Shared(
            input: wiring.input, ended: ExpectStream("the end of \(arguments.joined(separator: " "))", reading: read))
        state = shared
        Thread { [pid] in Self.wait(for: pid, shared, tell: write) }.start()
    }

    /// Takes the arguments one by one.
    convenience init(
        _ arguments: String..., on place: Place = .pipes, home: TemporaryFolder? = nil, directory: String? = nil,
        environment: [String: String] = [:], executable: String = Executable.chatty
    ) throws {
        try self.init(
            words: arguments, on: place, home: home, directory: directory, environment: environment, executable: executable)
    }

    deinit {
        kill()
        state.state.withLockedValue { if $0.input >= 0 { close($0.input) } }
    }

    private static func wait(for pid: pid_t, _ shared: Shared, tell descriptor: Int32) {
        var information = siginfo_t()
        // The child stays a zombie until the lock is held, so that no other process that reuses its id is signalled.
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        shared.state.withLockedValue { state in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            state.status = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
            state.isReaped = true
        }
        close(descriptor)
    }

    /// Writes to the child's stdin or types on its terminal, where Return is `\r`.
    func type(_ text: String) throws { try type(bytes: Array(text.utf8)) }

    func type(bytes: [UInt8]) throws {
        let input = state.state.withLockedValue { $0.input }
        guard input >= 0 else { throw HarnessFailure("the child's input is closed") }
        try Descriptor.write(bytes, to: input)
    }

    /// Ends the child's stdin; on a terminal types Ctrl-D.
    func closeInput() throws {
        guard !isTerminal else { return try type("\u{4}") }
        state.state.withLockedValue { state in
            if state.input >= 0 { close(state.input) }
            state.input = -1
        }
    }

    /// Sends a signal, unless the child has ended.
    func signal(_ number: Int32) {
        state.state.withLockedValue { if !$0.isReaped { Foundation.kill(pid, number) } }
    }

    /// Sends `SIGSTOP` and returns when every thread of the child has stopped, which on a busy machine takes a while.
    func stop() async throws {
        signal(SIGSTOP)
        var information = siginfo_t()
        while information.si_signo == 0 {
            guard waitid(P_PID, id_t(pid), &information, WSTOPPED | WNOHANG | WNOWAIT) == 0 else {
                throw HarnessFailure.system("waitid for a child that stops")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// `SIGKILL`.
    func kill() { signal(SIGKILL) }

    /// Changes the size of the terminal, as a user does who resizes the window.
    func resize(columns: UInt16, rows: UInt16) throws {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        let input = state.state.withLockedValue { $0.input }
        guard ioctl(input, UInt(TIOCSWINSZ), &size) == 0 else { throw HarnessFailure.system("TIOCSWINSZ") }
    }

    /// Waits for the child's end.
    /// - Returns: the exit status, or 128 plus the number of the signal that has ended the child, as in shells.
    func exitStatus(within time: Duration = ExpectStream.patience) async throws -> Int32 {
        do {
            try await state.ended.end(within: time)
        } catch {
            throw HarnessFailure("\(error) Output: \(String(reflecting: output.text)) \(String(reflecting: diagnostics.text))")
        }
        // The child's last output is read, too; its own children may keep the pipes open longer.
        let soon = ContinuousClock.now + .seconds(5)
        for stream in [output, diagnostics] { await stream.hasEnded(by: soon) }
        guard let status = state.state.withLockedValue({ $0.status }) else { throw HarnessFailure("no status of pid \(pid)") }
        return status
    }

    /// Whether the child has ended.
    var hasEnded: Bool { state.state.withLockedValue { $0.isReaped } }

    /// The contents of the terminal after its escape sequences: `screen().lines`.
    func screen(columns: Int = 80, rows: Int = 24) -> TerminalScreen {
        var screen = TerminalScreen(columns: columns, rows: rows)
        screen.feed(output.bytes)
        return screen
    }

    /// Waits until the contents of the terminal meet a condition.
    @discardableResult
    func expectScreen(
        columns: Int = 80, rows: Int = 24, within time: Duration = ExpectStream.patience, _ condition: (TerminalScreen) -> Bool
    ) async throws -> TerminalScreen {
        let deadline = ContinuousClock.now + time
        while true {
            let count = output.bytes.count
            let screen = screen(columns: columns, rows: rows)
            if condition(screen) { return screen }
            guard !hasEnded || output.bytes.count > count, await output.more(than: count, until: deadline) else {
                throw HarnessFailure("the screen never came to be as expected:\n\(screen.lines.joined(separator: "\n"))")
            }
        }
    }
}
