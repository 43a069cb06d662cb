import NIOConcurrencyHelpers
import TransferProtocol

/// What a session has to tell, until its owner takes it: no more than the files that are on offer, however long the owner is away.
/// Held by `UpdateQueueTests`.
final class UpdateQueue: Sendable {
    private struct State {
        var waiting: [TransferUpdate] = []
        var taker: CheckedContinuation<TransferUpdate?, Never>?
        /// No update comes any more, or nobody takes one.
        var isOver = false
        var hasEnded = false
        var endWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = NIOLockedValueBox(State())

    var count: Int { state.withLockedValue { $0.waiting.count } }

    /// The updates in their order, for one taker.
    func stream() -> AsyncStream<TransferUpdate> {
        AsyncStream(unfolding: { await self.next() }, onCancel: { self.cancel() })
    }

    func add(_ update: TransferUpdate) {
        let (taker, endWaiters) = state.withLockedValue {
            state -> (CheckedContinuation<TransferUpdate?, Never>?, [CheckedContinuation<Void, Never>]) in
            var endWaiters: [CheckedContinuation<Void, Never>] = []
            let wasOver = state.isOver
            if case .ended = update {
                state.isOver = true
                state.hasEnded = true
                swap(&endWaiters, &state.endWaiters)
            }
            guard !wasOver else { return (nil, endWaiters) }
            if let taker = state.taker.take() { return (taker, endWaiters) }
            Self.join(update, to: &state.waiting)
            return (nil, endWaiters)
        }
        taker?.resume(returning: update)
        for waiter in endWaiters { waiter.resume() }
    }

    /// Returns once `ended` was added.
    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLockedValue { state in
                if !state.hasEnded { state.endWaiters.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    /// Leaves out what is of no interest any more.
    private static func join(_ update: TransferUpdate, to waiting: inout [TransferUpdate]) {
        switch update {
        case .failed(let file, _, _):
            // An offer that nobody has seen, and that is withdrawn, was none.
            let offer = waiting.lastIndex { if case .offered(file, _) = $0 { true } else { false } }
            if let offer {
                waiting.remove(at: offer)
                return
            }
        case .paused: waiting.removeAll { if case .paused = $0 { true } else { false } }
        case .reminded: waiting.removeAll { if case .reminded = $0 { true } else { false } }
        default: break
        }
        waiting.append(update)
    }

    private func next() async -> TransferUpdate? {
        await withCheckedContinuation { continuation in
            let (isThere, update) = state.withLockedValue { state -> (Bool, TransferUpdate?) in
                if !state.waiting.isEmpty { return (true, state.waiting.removeFirst()) }
                if state.isOver { return (true, nil) }
                state.taker = continuation
                return (false, nil)
            }
            if isThere { continuation.resume(returning: update) }
        }
    }

    private func cancel() {
        let taker = state.withLockedValue { state in
            state.isOver = true
            state.waiting = []
            return state.taker.take()
        }
        taker?.resume(returning: nil)
    }
}
