import ChatProtocol
import ChatStore
import Dispatch
import NIOConcurrencyHelpers

/// A client of an engine, which waits for its reports.
final class EngineClient {
    let state: StoreState
    private let engine: any Engine
    private let seen = NIOLockedValueBox(Seen())
    private let arrivals = DispatchSemaphore(value: 0)
    private var lastRequest: UInt64 = 0

    private struct Seen {
        var outcomes: [RequestID: Outcome] = [:]
        var entries: [Entry] = []
        var caughtUp: Set<RequestID> = []
        var found: [RequestID: StoreAnswer] = [:]
    }

    init(_ test: EngineUnderTest) throws {
        engine = try test.open()
        state = try engine.start { [seen, arrivals] reports in
            seen.withLockedValue { seen in
                for report in reports {
                    switch report {
                    case .decided(let request, let outcome):
                        if case .stored(let entry) = outcome { seen.entries.append(entry) }
                        if let request { seen.outcomes[request] = outcome }
                    case .caughtUp(let request): seen.caughtUp.insert(request)
                    case .found(let request, let answer): seen.found[request] = answer
                    }
                }
            }
            arrivals.signal()
        }
    }

    func stop() { engine.stop() }

    /// All reported entries, in order.
    var entries: [Entry] { seen.withLockedValue { $0.entries } }
    func outcome(of request: RequestID) -> Outcome? { seen.withLockedValue { $0.outcomes[request] } }

    func propose(_ changes: [Change]) -> [RequestID] {
        let requests = changes.map { _ in newRequest() }
        engine.append(zip(requests, changes).map { Proposal($0, $1) })
        return requests
    }

    /// Proposes all changes at once and waits for their outcomes; `failed` stands for a missing one.
    func decide(_ changes: [Change]) -> [Outcome] {
        let requests = propose(changes)
        wait { seen in requests.allSatisfy { seen.outcomes[$0] != nil } }
        return requests.map { outcome(of: $0) ?? .failed }
    }

    func catchUp() {
        let request = newRequest()
        engine.catchUp(request)
        wait { $0.caughtUp.contains(request) }
    }

    func texts(_ query: StoreQuery) -> [String] {
        let request = newRequest()
        engine.read(request, query)
        wait { $0.found[request] != nil }
        guard case .messages(let messages)? = seen.withLockedValue({ $0.found[request] }) else { return ["no messages"] }
        return messages.map(\.text)
    }

    func password(of account: AccountID) throws -> PasswordRecord? { try engine.password(of: account) }

    func replaceHash(_ old: String, of account: AccountID, by hash: String) {
        engine.replaceHash(old, of: account, by: hash)
        // It takes its turn among the changes.
        _ = decide([.record(.lockOutsEnded([]))])
    }

    func findToken(_ hash: [UInt8], of account: AccountID) throws -> Int? {
        let found = NIOLockedValueBox<Result<Int?, any Error>?>(nil)
        engine.findToken(hash, of: account) { [arrivals] result in
            found.withLockedValue { $0 = result }
            arrivals.signal()
        }
        wait { _ in found.withLockedValue { $0 != nil } }
        return try found.withLockedValue { $0 }?.get()
    }

    private func newRequest() -> RequestID {
        lastRequest += 1
        return RequestID(rawValue: lastRequest)
    }

    private func wait(until condition: (Seen) -> Bool) {
        while !seen.withLockedValue({ condition($0) }) {
            if arrivals.wait(timeout: .now() + 60) == .timedOut { return }
        }
    }
}
