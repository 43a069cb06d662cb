import CLinux
import Glibc
import NIOConcurrencyHelpers

/// Commands for the loop's thread, which a descriptor wakes.
final class LoopMailbox: Sendable {
    typealias Command = @Sendable (LoopCore) -> Void

    private struct State {
        var commands: [Command] = []
        var isClosed = false
    }

    private let state = NIOLockedValueBox(State())
    /// Readable when there are commands.
    let descriptor: Int32

    init() throws(SystemError) {
        descriptor = clinux_wakeup_make()
        guard descriptor >= 0 else { throw SystemError("make an event descriptor") }
    }

    deinit { Glibc.close(descriptor) }

    /// - Returns: false if the loop has ended: the command will not run.
    @discardableResult func post(_ command: @escaping Command) -> Bool {
        let posted = state.withLockedValue { state in
            guard !state.isClosed else { return false }
            state.commands.append(command)
            return true
        }
        if posted { clinux_wakeup_signal(descriptor) }
        return posted
    }

    func drain() -> [Command] {
        state.withLockedValue { state in
            guard !state.commands.isEmpty else { return [] }
            clinux_wakeup_clear(descriptor)
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// Refuses all further commands.
    /// - Returns: those that are still queued.
    func close() -> [Command] {
        state.withLockedValue { state in
            state.isClosed = true
            defer { state.commands = [] }
            return state.commands
        }
    }
}
