import TransferIO
import TransferProtocol

/// Follows one session of a ``TransferLoop``: the only loop over a session's updates, and the only one that reads its figures meanwhile.
/// Whoever follows says what to do with an update, what to show of the figures, and which update ends the following.
struct SessionFollower: Sendable {
    let session: TransferSession
    private let clock = TransferClock()

    init(_ session: TransferSession) {
        self.session = session
    }

    /// Since the follower was made.
    var seconds: Double { clock.seconds }

    /// - Parameter handle: gets each update in its order; the first value that it returns ends the following.
    /// - Returns: that value; nil if the updates, or this task, ended before there was one.
    func follow<Result>(_ handle: (TransferUpdate) async -> Result?) async -> Result? {
        for await update in session.updates {
            if let result = await handle(update) { return result }
        }
        return nil
    }

    /// Like ``follow(_:)``, and passes the session's figures to `show` after every `interval`. Shows nothing after it has returned.
    func follow<Result>(
        showing show: @escaping @Sendable (TransferStatistics, RateMeter) -> Void, every interval: Duration,
        _ handle: (TransferUpdate) async -> Result?
    ) async -> Result? {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var meter = RateMeter()
                meter.add(session.statistics, at: clock.seconds)
                // Sleeping ends with an error when the following is over.
                while (try? await Task.sleep(for: interval)) != nil {
                    let figures = session.statistics
                    meter.add(figures, at: clock.seconds)
                    show(figures, meter)
                }
            }
            defer { group.cancelAll() }
            return await follow(handle)
        }
    }
}
