import NIOConcurrencyHelpers

/// Lets a question about an offer end when whoever made the offer is gone.
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

    /// Returns when the peer is gone or the task was cancelled. One task at a time.
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
