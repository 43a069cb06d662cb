import NIOConcurrencyHelpers

/// Ends a question about an offer when the sender has left.
final class PeerDeparture: Sendable {
    private struct State {
        var isGone = false
        var waiter: AsyncStream<Never>.Continuation?
    }

    private let state = NIOLockedValueBox(State())

    var isGone: Bool { state.withLockedValue(\.isGone) }

    func leave() {
        let waiter = state.withLockedValue { state in
            state.isGone = true
            return state.waiter
        }
        waiter?.finish()
    }

    /// Returns when the peer has left or the task is cancelled. Only one task may wait at a time.
    func wait() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        let isGone = state.withLockedValue { state in
            state.waiter = continuation
            return state.isGone
        }
        if isGone { return }
        for await _ in stream {}
    }
}
