import Foundation

/// Decides what SIGHUP means to a server: the loss of the terminal that it was started on, or, if it has no terminal to lose, a request to
/// reload its settings.
struct ControllingTerminal: Sendable {
    private let canBeLost: Bool

    /// Records the state at the start of the process. Call it before SIGHUP is handled.
    ///
    /// A process that is started with the signal ignored, as by nohup(1), outlives its terminal.
    init() {
        canBeLost = !SignalWatch.isIgnored(SIGHUP) && ControllingTerminal.isThere
    }

    /// Whether the process had a terminal and has lost it.
    var isLost: Bool { canBeLost && !ControllingTerminal.isThere }

    /// A process can open `/dev/tty` only if it has a controlling terminal (tty(4)).
    private static var isThere: Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }
}
