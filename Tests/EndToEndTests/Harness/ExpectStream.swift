import Foundation
import NIOConcurrencyHelpers

/// Bytes from a child or a socket, read by a thread of their own and awaited with a deadline.
///
/// `expect` searches only what no earlier `expect` has consumed, so a test reads like the dialogue that it checks.
final class ExpectStream: Sendable {
    /// The default time limit. It is long because the machine may be busy, and a passing test never waits for it.
    static let patience = Duration.seconds(Executable.isSanitized ? 480 : 120)

    private struct State {
        var bytes: [UInt8] = []
        var consumed = 0
        var isEnded = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    private let state = NIOLockedValueBox(State())
    private let name: String

    /// - Parameters:
    ///   - name: the name of the stream in failures.
    ///   - descriptor: the descriptor; nil for an empty stream.
    ///   - atEnd: called with the descriptor at the end of the stream.
    init(_ name: String, reading descriptor: Int32?, atEnd: @escaping @Sendable (Int32) -> Void = { _ = close($0) }) {
        self.name = name
        guard let descriptor else {
            state.withLockedValue { $0.isEnded = true }
            return
        }
        // The thread keeps the stream until the other side closes it, which the owner of the child or socket ensures.
        Thread { [self] in
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }  // A terminal whose other side is gone gives EIO.
                add(buffer[..<count])
            }
            atEnd(descriptor)
            end()
        }.start()
    }

    private func add(_ bytes: ArraySlice<UInt8>) {
        wake { $0.bytes += bytes }
    }

    private func end() {
        wake { $0.isEnded = true }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiters = state.withLockedValue { state in
            change(&state)
            defer { state.waiters = [:] }
            return state.waiters.values.map(\.self)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Everything that has arrived so far.
    var bytes: [UInt8] { state.withLockedValue { $0.bytes } }

    /// Everything that has arrived so far, as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The text that no `expect` has consumed yet.
    var unread: String { state.withLockedValue { String(decoding: $0.bytes[$0.consumed...], as: UTF8.self) } }

    /// Waits until `pattern` appears and consumes all up to its end.
    /// - Returns: the match, whose captures are values of the dialogue.
    @discardableResult
    func expect<Output>(_ pattern: Regex<Output>, within time: Duration = patience) async throws -> Regex<Output>.Match {
        let deadline = ContinuousClock.now + time
        while true {
            let (text, count, isEnded) = state.withLockedValue { state in
                (String(decoding: state.bytes[state.consumed...], as: UTF8.self), state.bytes.count, state.isEnded)
            }
            if let match = try pattern.firstMatch(in: text) {
                // Counted from the end, so that bytes replaced in decoding do not move the position.
                let left = text[match.range.upperBound...].utf8.count
                state.withLockedValue { $0.consumed = max($0.consumed, count - left) }
                return match
            }
            guard !isEnded else { throw HarnessFailure("\(name) ended before what was expected. Unread: \(String(reflecting: text))") }
            guard await more(than: count, until: deadline) else {
                throw HarnessFailure("\(name): nothing that matches within \(time). Unread: \(String(reflecting: text))")
            }
        }
    }

    /// Waits until exactly this text appears and consumes all up to its end.
    func expect(_ text: String, within time: Duration = patience) async throws {
        do {
            try await expect(Regex<Substring>(verbatim: text), within: time)
        } catch {
            throw HarnessFailure("expected \(String(reflecting: text)): \(error)")
        }
    }

    /// Waits for the end of the stream.
    /// - Returns: everything that ever arrived.
    @discardableResult
    func end(within time: Duration = patience) async throws -> String {
        guard await hasEnded(by: ContinuousClock.now + time) else {
            throw HarnessFailure("\(name) did not end within \(time). Unread: \(String(reflecting: unread))")
        }
        return text
    }

    /// Whether the stream has ended, or does so before the deadline.
    @discardableResult
    func hasEnded(by deadline: ContinuousClock.Instant) async -> Bool {
        while true {
            let (count, isEnded) = state.withLockedValue { ($0.bytes.count, $0.isEnded) }
            if isEnded { return true }
            guard await more(than: count, until: deadline) else { return false }
        }
    }

    /// Waits for more than `count` bytes or the end.
    /// - Returns: false if the deadline came first.
    func more(than count: Int, until deadline: ContinuousClock.Instant) async -> Bool {
        guard ContinuousClock.now < deadline else { return false }
        let waiter = state.withLockedValue { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let alarm = Task {
            try? await Task.sleep(until: deadline, clock: .continuous)
            state.withLockedValue { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isOver = state.withLockedValue { state in
                if state.bytes.count > count || state.isEnded || ContinuousClock.now >= deadline { return true }
                state.waiters[waiter] = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
        alarm.cancel()
        return state.withLockedValue { $0.bytes.count > count || $0.isEnded }
    }
}
