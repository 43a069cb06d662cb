import NIOConcurrencyHelpers
import TransferProtocol

/// The updates of a session until its owner reads them. Its length is bounded by the number of open offers, however slow the owner is. Held
/// by `UpdateQueueTests`.
final class UpdateQueue: Sendable {
    private struct State {
        var waiting: [TransferUpdate] = []
        var consumer: CheckedContinuation<TransferUpdate?, Never>?
        /// `ended` was added, or the consumer has stopped.
        var isOver = false
        var hasEnded = false
        var endWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = NIOLockedValueBox(State())

    var count: Int { state.withLockedValue { $0.waiting.count } }

    /// The updates in their order, for one consumer.
    func stream() -> AsyncStream<TransferUpdate> {
        AsyncStream(unfolding: { await self.next() }, onCancel: { self.cancel() })
    }

    func add(_ update: TransferUpdate) {
        let (consumer, endWaiters) = state.withLockedValue {
            state -> (CheckedContinuation<TransferUpdate?, Never>?, [CheckedContinuation<Void, Never>]) in
            var endWaiters: [CheckedContinuation<Void, Never>] = []
            let wasOver = state.isOver
            if case .ended = update {
                state.isOver = true
                state.hasEnded = true
                swap(&endWaiters, &state.endWaiters)
            }
            guard !wasOver else { return (nil, endWaiters) }
            if let consumer = state.consumer.take() { return (consumer, endWaiters) }
            Self.join(update, to: &state.waiting)
            return (nil, endWaiters)
        }
        consumer?.resume(returning: update)
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

    /// Appends an update, and removes those that it makes obsolete.
    private static func join(_ update: TransferUpdate, to waiting: inout [TransferUpdate]) {
        switch update {
        case .failed(let file, _, _):
            // An offer that is withdrawn before the owner has read it is removed.
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
                state.consumer = continuation
                return (false, nil)
            }
            if isThere { continuation.resume(returning: update) }
        }
    }

    private func cancel() {
        let consumer = state.withLockedValue { state in
            state.isOver = true
            state.waiting = []
            return state.consumer.take()
        }
        consumer?.resume(returning: nil)
    }
}
