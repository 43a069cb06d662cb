import Foundation

/// Tells what SIGHUP means to a server: the loss of the terminal that it was started on, or, wherever it has none to lose, that it is to read its settings again.
struct ControllingTerminal: Sendable {
    private let canBeLost: Bool

    /// Looks at what the process was started with; before anything is done about SIGHUP.
    ///
    /// Who starts it with the signal ignored, as nohup(1) does, wants it to outlive its terminal.
    init() {
        canBeLost = !SignalWatch.isIgnored(SIGHUP) && ControllingTerminal.isThere
    }

    /// The process had a terminal and has none any more.
    var isLost: Bool { canBeLost && !ControllingTerminal.isThere }

    /// `/dev/tty` can be opened by whoever has a controlling terminal, and by nobody else (tty(4)).
    private static var isThere: Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }
}
