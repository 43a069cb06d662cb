import NIOConcurrencyHelpers

/// Lets so many in at a time, in the order in which they came.
final class Turnstile: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: NIOLockedValueBox<State>

    init(places: Int) { state = NIOLockedValueBox(State(free: places)) }

    /// Returns when there is a place, which is to be left again.
    func enter() async {
        await withCheckedContinuation { continuation in
            let isIn = state.withLockedValue { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isIn { continuation.resume() }
        }
    }

    func leave() {
        state.withLockedValue { state in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil as CheckedContinuation<Void, Never>?
            }
            // The place is his who has waited longest.
            return state.waiting.removeFirst()
        }?.resume()
    }
}
