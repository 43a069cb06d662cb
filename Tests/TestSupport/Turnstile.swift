import Synchronization
import Testing

/// A first-in, first-out semaphore.
public final class Turnstile: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    public init(places: Int) { state = Mutex(State(free: places)) }

    /// Waits for a free place, and takes it until ``leave()``.
    public func enter() async {
        await withCheckedContinuation { continuation in
            let isIn = state.withLock { state in
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

    public func leave() {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil as CheckedContinuation<Void, Never>?
            }
            // The place passes to the longest waiter.
            return state.waiting.removeFirst()
        }?.resume()
    }
}

/// For tests that run programs: a few at a time, whatever their suite. Each program computes, and on few cores all of them at once would be
/// so slow that tests take them for dead.
public struct FewAtATime: SuiteTrait, TestTrait, TestScoping {
    public var isRecursive: Bool { true }

    private static let places = Turnstile(places: 4)

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // The suite as a whole runs nothing.
        guard testCase != nil else { return try await function() }
        await Self.places.enter()
        defer { Self.places.leave() }
        try await function()
    }
}

extension Trait where Self == FewAtATime {
    public static var fewAtATime: Self { Self() }
}
