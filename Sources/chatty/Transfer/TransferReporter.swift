import ChatClient
import Glibc
import NIOConcurrencyHelpers
import TransferIO
import TransferProtocol

/// Writes what a transfer reports to stderr: messages with a progress line on a terminal, messages alone, JSON lines for programs, or
/// errors only.
final class TransferReporter: Sendable {
    enum Style: Sendable {
        case line, json, plain, quiet
    }

    let style: Style
    private let clock = TransferClock()
    private let arrived = NIOLockedValueBox(UInt64(0))
    /// What the terminal's last line shows. A message removes it first, and draws a question again.
    private enum Shown {
        case nothing
        case progress(columns: Int)
        case question(String)
    }
    private let shown = NIOLockedValueBox(Shown.nothing)

    init(_ style: Style) {
        self.style = style
        if case .line = style { DisplayWidth.adoptLocale() }
    }

    /// Chooses the style by `--quiet`, `--progress`, and whether stderr is a terminal.
    convenience init(quiet: Bool, progress: SendFileFlags.Progress) {
        self.init(Self.style(quiet: quiet, progress: progress))
    }

    private static func style(quiet: Bool, progress: SendFileFlags.Progress) -> Style {
        if progress == .json { return .json }
        if quiet { return .quiet }
        return isatty(STDERR_FILENO) == 1 ? .line : .plain
    }

    /// The current width of the terminal's window, in columns.
    private static var columns: Int {
        var size = winsize()
        let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 80
    }

    /// Whether the progress of several transfers at once can be shown. A terminal has one line for it.
    var showsAll: Bool { if case .json = style { true } else { false } }

    /// Writes a message for people, or `notice` in the JSON style.
    func report(_ message: String, _ notice: TransferNotice? = nil) {
        switch style {
        case .json: if let notice { write(notice.line) }
        case .quiet: break
        case .line, .plain: showMessage(message)
        }
    }

    /// Writes a notice in the JSON style, and nothing in the others.
    func reportJSON(_ notice: TransferNotice) {
        if case .json = style { write(notice.line) }
    }

    /// Writes an error in every style; in the JSON style as `notice`, or as a note if there is none.
    func complain(_ message: String, _ notice: TransferNotice? = nil) {
        guard case .json = style else { return showMessage(message) }
        var line = notice ?? TransferNotice(.note)
        line.reason = line.reason ?? message
        write(line.line)
    }

    /// Writes lines that also `--quiet` shows, such as the ticket.
    func announce(_ lines: [String], _ notice: TransferNotice) {
        if case .json = style { return write(notice.line) }
        for line in lines { showMessage(line) }
    }

    /// Shows the current progress.
    /// - Parameter peer: the other side, for programs that follow several transfers at once.
    func progress(_ figures: TransferStatistics, _ meter: RateMeter, name: String, peer: String? = nil) {
        let rate = meter.rate
        let remaining = figures.bytesTotal > 0 ? meter.remaining(to: figures.bytesTotal) : nil
        let lost = figures.packetsLost - min(figures.spuriousLosses, figures.packetsLost)
        let loss = figures.packetsSent > 0 ? Double(lost) / Double(figures.packetsSent) : 0
        switch style {
        case .json:
            var notice = TransferNotice(.progress)
            notice.name = name
            notice.peer = peer
            notice.bytes = figures.bytesDone
            notice.total = figures.bytesTotal > 0 ? figures.bytesTotal : nil
            notice.rate = rate.rounded()
            notice.eta = remaining
            notice.rtt = figures.smoothedRTT.inSeconds
            notice.loss = loss
            notice.limit = figures.limit.rawValue
            notice.paused = figures.limit == .diskFull
            write(notice.line)
        case .line:
            let columns = Self.columns
            let line = ProgressLine.text(
                name: Printable.text(name), figures: figures, rate: rate, remaining: remaining, loss: loss, columns: columns)
            let padding = String(repeating: " ", count: max(0, columns - 1 - DisplayWidth.columns(of: line)))
            shown.withLockedValue { shown in
                // A question stays visible.
                if case .question = shown { return }
                shown = .progress(columns: columns)
                // Overwrites the line with carriage returns and spaces, which need no escape sequences.
                write("\r" + line + padding + "\r" + line)
            }
        case .plain, .quiet: break
        }
    }

    /// Adds the bytes of a transfer to the sum that ``end(_:)`` reports.
    func add(bytes: UInt64) { arrived.withLockedValue { $0 += bytes } }

    /// Reports the end of the command.
    /// - Returns: the exit status.
    func end(_ end: TransferEnd) -> ExitStatus {
        clearLine()
        var notice = TransferNotice(.end)
        notice.status = end.status.rawValue
        notice.reason = end.message
        notice.bytes = arrived.withLockedValue(\.self)
        notice.seconds = (clock.seconds * 1000).rounded() / 1000
        if let message = end.message { complain(message, notice) } else { reportJSON(notice) }
        return end.status
    }

    /// Removes the progress line.
    func clearLine() { shown.withLockedValue { clear(&$0) } }

    private func clear(_ shown: inout Shown) {
        guard case .progress(let columns) = shown else { return }
        shown = .nothing
        write("\r" + String(repeating: " ", count: max(0, min(columns, Self.columns) - 1)) + "\r")
    }

    /// Shows a question until it is closed. Programs get the notice before it instead.
    func open(question: String) {
        if case .json = style { return }
        shown.withLockedValue { shown in
            clear(&shown)
            shown = .question(question)
            ask(question)
        }
    }

    /// - Parameter isAnswered: whether a line was typed, whose end a terminal has echoed.
    func closeQuestion(isAnswered: Bool) {
        shown.withLockedValue { shown in
            guard case .question = shown else { return }
            shown = .nothing
            if !isAnswered || isatty(STDIN_FILENO) != 1 { write("\n") }
        }
    }

    private func ask(_ question: String) { write("chatty: \(question) ") }

    private func showMessage(_ message: String) {
        shown.withLockedValue { shown in
            clear(&shown)
            guard case .question(let question) = shown else { return Diagnostics.report(message) }
            write("\n")
            Diagnostics.report(message)
            ask(question)
        }
    }

    private func write(_ text: String) { Diagnostics.write(text, to: STDERR_FILENO) }
}
