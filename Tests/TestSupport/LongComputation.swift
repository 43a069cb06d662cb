import Testing

/// For tests that compute for long and wait for nothing: one at a time, whatever their suite. Beside one another they would take every thread
/// there is on a small machine, and all tests that wait for sockets, with their time limits, would stand still meanwhile.
public struct LongComputation: SuiteTrait, TestTrait, TestScoping {
    public var isRecursive: Bool { true }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // The suite as a whole computes nothing.
        guard testCase != nil else { return try await function() }
        await Turns.shared.take()
        do {
            try await function()
        } catch {
            await Turns.shared.give()
            throw error
        }
        await Turns.shared.give()
    }
}

extension Trait where Self == LongComputation {
    public static var longComputation: Self { Self() }
}

private actor Turns {
    static let shared = Turns()
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var first = 0

    func take() async {
        if isTaken { return await withCheckedContinuation { waiting.append($0) } }
        isTaken = true
    }

    func give() {
        guard first < waiting.count else {
            isTaken = false
            waiting = []
            first = 0
            return
        }
        first += 1
        waiting[first - 1].resume()
    }
}
