import NIOConcurrencyHelpers

/// The end of one file's transfer, which others can await while a worker has the file.
final class FileEnding: Sendable {
    private struct State {
        var isOver = false
        var isAwaited = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = NIOLockedValueBox(State())

    /// Whether somebody awaits the end: then long work is not begun.
    var isAwaited: Bool { state.withLockedValue(\.isAwaited) }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLockedValue { state in
                state.isAwaited = true
                if !state.isOver { state.waiters.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    func signal() {
        let waiters = state.withLockedValue { state in
            state.isOver = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
