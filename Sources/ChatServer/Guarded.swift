import Foundation

/// A value behind a lock, held for the time of a look or a change.
final class Guarded<Value: Sendable>: @unchecked Sendable {
    // Unchecked: `stored` is touched only while `lock` is held, and leaves it only as a copy.
    private let lock = NSLock()
    private var stored: Value

    init(_ value: Value) { stored = value }

    func update<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&stored)
    }

    var value: Value { update { $0 } }
}
