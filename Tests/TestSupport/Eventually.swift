import Foundation

/// A condition that did not come true in time.
public struct NeverHappened: Error {}

/// Waits until a condition is true that another thread or process brings about.
/// - Throws: ``NeverHappened`` after two minutes, eight with a sanitizer.
public func eventually(_ condition: () async throws -> Bool) async throws {
    let isSanitized = ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains { ProcessInfo.processInfo.environment[$0] != nil }
    let deadline = ContinuousClock.now + .seconds(isSanitized ? 480 : 120)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NeverHappened() }
        // Those that are waited for need the processor.
        try await Task.sleep(for: .milliseconds(5))
    }
}
