import CLinux
import ChatProtocol
import Glibc
import SystemSupport

/// The screen of a script: commands from stdin or from the command line, results on stdout, each line written at once.
final class StreamScreen: Screen {
    private var lines: [String]
    private let readsInput: Bool
    private var decoder = LineDecoder(maximum: 65536)
    private var decoded: [LineDecoder.Line] = []
    private var next = 0
    private var hasReadLine = false
    private var hasEnded: Bool
    private var hasToldEnd = false
    private let input: Int32
    private let output: Int32
    /// The descriptor for prompts; nil for none.
    private let prompts: Int32?
    private var prompt = ConsolePrompt.none
    private let transcript: Transcript?
    /// The settings of stdin's terminal before its echo was switched off for a password; nil while the echo is on, or if stdin is no
    /// terminal.
    private var shown: termios?
    private let diagnose: (String) -> Void

    /// - Parameter commands: commands that replace stdin; empty to read stdin.
    init(
        commands: [String], input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO, prompts: Int32?, transcript: Transcript?,
        diagnose: @escaping (String) -> Void
    ) {
        lines = commands
        readsInput = commands.isEmpty
        hasEnded = !commands.isEmpty
        self.input = input
        self.output = output
        self.prompts = prompts
        self.transcript = transcript
        self.diagnose = diagnose
    }

    func descriptor(wantsLine: Bool) -> Int32? { readsInput && wantsLine && !hasEnded && next == decoded.count ? input : nil }

    func ready(wantsLine: Bool) -> ConsoleInput? {
        guard wantsLine else { return nil }
        if !lines.isEmpty { return typed(lines.removeFirst()) }
        if next < decoded.count {
            defer { next += 1 }
            switch decoded[next] {
            case .line(let bytes):
                // A script may be a file that begins with a byte order mark.
                let line = hasReadLine ? bytes[...] : bytes.withoutByteOrderMark
                hasReadLine = true
                guard let text = String(validating: line, as: UTF8.self) else { return .refused(.notUTF8) }
                return typed(text)
            case .tooLong: return .refused(.lineTooLong(limit: 65536))
            }
        }
        guard hasEnded, !hasToldEnd else { return nil }
        hasToldEnd = true
        return .endOfInput
    }

    private func typed(_ line: String) -> ConsoleInput {
        switch prompt {
        case .line(let text): transcript?.add(typed: line, behind: text)
        case .none, .command: transcript?.add(typed: line, behind: "")
        case .secret: break
        }
        return .line(line)
    }

    func read() -> [ConsoleInput] {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(input, &bytes, bytes.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return [] }
        decoded.removeFirst(next)
        next = 0
        if count > 0 {
            bytes.withUnsafeBytes { all in decoder.decode(UnsafeRawBufferPointer(rebasing: all[..<count])) { decoded.append($0) } }
        } else {
            // A last line without a line end counts as a line.
            [UInt8(0x0A)].withUnsafeBytes { end in if decoder.buffered > 0 { decoder.decode(end) { decoded.append($0) } } }
            hasEnded = true
        }
        return []
    }

    func signalled(_ signal: Int32) -> [ConsoleInput] {
        switch signal {
        case SIGINT: return [.interrupt(hadText: false)]
        case SIGTSTP:
            kill(getpid(), SIGSTOP)
            return []
        default: return []
        }
    }

    func show(_ line: String) -> Bool {
        transcript?.add(line)
        if write(line + "\n", to: output) { return true }
        // A reader that has closed the pipe needs no error message.
        let code = errno
        if code != EPIPE { diagnose("Cannot write: \(SystemError.text(code)).") }
        return false
    }

    func complain(_ text: String) {
        transcript?.add(diagnostic: text)
        diagnose(text)
    }

    func prompt(_ prompt: ConsolePrompt) -> Bool {
        self.prompt = prompt
        switch prompt {
        case .line(let text):
            showTyping()
            return ask(text)
        case .secret(let text):
            hideTyping()
            return ask(text)
        case .none, .command:
            showTyping()
            return true
        }
    }

    func bell() {}
    func useHistory(account: String) {}
    func settle() {}
    func close() { showTyping() }

    /// Switches off the echo of stdin, which may be a terminal even if stdout is not.
    private func hideTyping() {
        var settings = termios()
        guard shown == nil, readsInput, tcgetattr(input, &settings) == 0 else { return }
        shown = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(input, TCSADRAIN, &settings)
    }

    private func showTyping() {
        guard var settings = shown.take() else { return }
        tcsetattr(input, TCSADRAIN, &settings)
    }

    private func ask(_ text: String) -> Bool { prompts.map { write(text, to: $0) } ?? true }

    private func write(_ text: String, to descriptor: Int32) -> Bool {
        var text = text
        return text.withUTF8 { clinux_write_all(descriptor, $0.baseAddress, $0.count) == 0 }
    }
}
