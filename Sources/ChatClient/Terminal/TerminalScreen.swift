import ChatProtocol
import Foundation

/// The screen of a person: the prompt and the typed text stay at the bottom, and all else is shown above.
final class TerminalScreen: Screen {
    private let mode: TerminalMode
    private var editor: LineEditor?
    private var secret = SecretReader()
    private var prompt = ConsolePrompt.none
    private var history: InputHistory?
    private var inputs: [ConsoleInput] = []
    private let historyPath: (String) -> String?
    private let transcript: Transcript?
    private let diagnose: (String) -> Void
    private var burst = PasteBurst(on: STDIN_FILENO)
    /// Whether bracketed paste alone distinguishes pastes from typing.
    private let hasBrackets: Bool
    /// Whether the prompt for a password stands on an unfinished line.
    private var isAskingSecret = false

    /// - Parameters:
    ///   - historyPath: the path of the history file of an account; nil for none.
    ///   - complete: the completions that Tab offers.
    /// - Returns: nil if stdin is not a terminal.
    init?(
        historyPath: @escaping (String) -> String?, transcript: Transcript?, complete: @escaping LineEditor.Complete,
        diagnose: @escaping (String) -> Void
    ) {
        guard let mode = TerminalMode(STDIN_FILENO) else { return nil }
        self.mode = mode
        self.historyPath = historyPath
        self.transcript = transcript
        self.diagnose = diagnose
        mode.silence()
        let environment = ProcessInfo.processInfo.environment
        let reflows = ReflowingTerminal.reflows(environment)
        hasBrackets = PasteBurst.isBracketed(by: environment["TERM"])
        editor = LineEditor(reflows: reflows, accept: { [unowned self] line in self.receiveLine(line) }, complete: complete)
    }

    func descriptor(wantsLine: Bool) -> Int32? { prompt == .none ? nil : STDIN_FILENO }
    func ready(wantsLine: Bool) -> ConsoleInput? { inputs.isEmpty ? nil : inputs.removeFirst() }

    func read() -> [ConsoleInput] {
        if case .secret = prompt {
            readSecret()
            return []
        }
        editor?.readKey()
        if !burst.isEmpty, !burst.hasMore { endBurst() }
        return []
    }

    /// A last line without a line end waits for Return, together with those before it.
    private func endBurst() {
        let lines = burst.end()
        if editor?.put(before: lines + "\n") != true { enter(lines) }
    }

    private func receiveLine(_ line: String?) {
        guard let line else {
            _ = burst.end()
            editor?.write("\n")
            inputs.append(.endOfInput)
            return
        }
        if case .command = prompt, !hasBrackets || editor?.bracketsPastes != true, burst.append(line) { return }
        enter(line)
    }

    private func enter(_ line: String) {
        switch prompt {
        case .command(let text):
            history?.add(line)
            transcript?.add(typed: line, behind: text)
        case .line(let text): transcript?.add(typed: line, behind: text)
        case .none, .secret: break
        }
        inputs.append(.line(line))
    }

    private func readSecret() {
        var byte: UInt8 = 0
        let count = Foundation.read(STDIN_FILENO, &byte, 1)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        switch count == 1 ? secret.handle(byte) : .end {
        case .more: break
        case .secret(let password): endSecret(.line(password))
        case .end: endSecret(.endOfInput)
        }
    }

    private func endSecret(_ input: ConsoleInput) {
        isAskingSecret = false
        prompt = .none
        editor?.write("\n")
        inputs.append(input)
    }

    func signalled(_ signal: Int32) -> [ConsoleInput] {
        switch signal {
        case SIGINT:
            let hadText = editor?.clearLine() ?? false
            return [.interrupt(hadText: !burst.end().isEmpty || hadText)]
        case SIGWINCH: editor?.resize()
        case SIGTSTP:
            editor?.suspend {
                mode.restore()
                kill(getpid(), SIGSTOP)
                mode.silence()
            }
            askSecretAgain()
        case SIGCONT:
            // After Ctrl-Z the terminal is restored already. After SIGSTOP this is the first signal that the process receives.
            mode.silence()
            editor?.resume()
            askSecretAgain()
        default: break
        }
        return []
    }

    /// Shows the prompt for the password again after the shell has written below it.
    private func askSecretAgain() {
        guard isAskingSecret, case .secret(let text) = prompt else { return }
        editor?.write("\r" + text)
    }

    @discardableResult
    func show(_ line: String) -> Bool {
        transcript?.add(line)
        finishSecretLine()
        editor?.write(line + "\n")
        return true
    }

    func complain(_ text: String) {
        transcript?.add(diagnostic: text)
        finishSecretLine()
        editor?.hide()
        diagnose(text)
    }

    /// Ends the line of the password's prompt before other output; the prompt is shown again below.
    private func finishSecretLine() {
        guard isAskingSecret else { return }
        isAskingSecret = false
        editor?.write("\n")
    }

    func prompt(_ prompt: ConsolePrompt) -> Bool {
        if case .secret = self.prompt, self.prompt != prompt { secret.clear() }
        self.prompt = prompt
        switch prompt {
        case .none, .secret: editor?.stop()
        case .line(let text), .command(let text): editor?.ask(text)
        }
        return true
    }

    func settle() {
        switch prompt {
        case .none: break
        case .secret(let text):
            guard !isAskingSecret else { break }
            isAskingSecret = true
            editor?.write(text)
        case .line(let text), .command(let text): editor?.ask(text)
        }
        editor?.reveal()
    }

    func bell() { editor?.write("\u{7}") }

    func useHistory(account: String) { history = historyPath(account).map(InputHistory.init) }

    func close() {
        editor?.stop()
        editor = nil
        mode.restore()
    }
}
