import ChatHub
import ChatStore
import Connectivity
import NIOConcurrencyHelpers

/// The server's figures, written by its threads and read by the metrics page.
///
/// The hub's thread records its numbers once per batch and the store's thread once per commit, so counting costs the chat nothing
/// measurable.
final class Metrics: Sendable {
    struct Figures: Sendable {
        var hub = HubStatistics()
        var sessions = 0
        var activeAccounts = 0
        var waitingAnswers = 0
        /// The duration of each transaction, seconds.
        var commits = Histogram(bounds: [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5])
        var writes = 0
        var failedWrites = 0
        /// STUN requests that were answered.
        var reflexiveAnswers = 0
        var relay = RelayTable.Figures()
        /// Why the store fails; nil while it works.
        var failure: String?
    }

    typealias Depths = @Sendable () -> [(queue: String, depth: Int)]

    private let figures = NIOLockedValueBox(Figures())
    private let queues = NIOLockedValueBox<Depths>({ [] })

    var current: Figures { figures.withLockedValue { $0 } }

    /// The lengths of the server's queues.
    var depths: [(queue: String, depth: Int)] { queues.withLockedValue { $0 }() }

    /// Sets the source of ``depths``.
    func watch(_ depths: @escaping Depths) { queues.withLockedValue { $0 = depths } }

    func record(_ statistics: HubStatistics, _ counts: (sessions: Int, activeAccounts: Int, waiting: Int)) {
        figures.withLockedValue { figures in
            figures.hub = statistics
            figures.sessions = counts.sessions
            figures.activeAccounts = counts.activeAccounts
            figures.waitingAnswers = counts.waiting
        }
    }

    func recordCommit(of writes: Int, seconds: Double, failed: Int) {
        figures.withLockedValue { figures in
            figures.commits.add(seconds)
            figures.writes += writes - failed
            figures.failedWrites += failed
        }
    }

    func recordReflexiveAnswers(_ count: Int) { figures.withLockedValue { $0.reflexiveAnswers += count } }

    func recordRelay(_ relay: RelayTable.Figures) { figures.withLockedValue { $0.relay = relay } }

    func recordFailure(_ reason: String?) { figures.withLockedValue { $0.failure = reason } }
}

/// A histogram: how many values fall into each range.
struct Histogram: Equatable, Sendable {
    let bounds: [Double]
    /// One count per bound, and a last one for values above all of them; not cumulative.
    private(set) var counts: [Int]
    private(set) var sum = 0.0

    /// - Parameter bounds: ascending.
    init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    mutating func add(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
