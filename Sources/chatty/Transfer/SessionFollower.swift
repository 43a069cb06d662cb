import TransferIO
import TransferProtocol

/// Follows one session of a ``TransferLoop``: the only loop over a session's updates, and the only reader of its figures in the meantime.
/// The caller decides what to do with an update, what to show of the figures, and which update is the last.
struct SessionFollower: Sendable {
    let session: TransferSession
    private let clock = TransferClock()

    init(_ session: TransferSession) {
        self.session = session
    }

    /// Seconds since the follower was created.
    var seconds: Double { clock.seconds }

    /// - Parameter handle: receives each update in order; the first value that it returns ends the following.
    /// - Returns: that value; nil if the updates or this task ended before.
    func follow<Result>(_ handle: (TransferUpdate) async -> Result?) async -> Result? {
        for await update in session.updates {
            if let result = await handle(update) { return result }
        }
        return nil
    }

    /// Like ``follow(_:)``, but also passes the session's figures to `show` after every `interval`. `show` is not called after the return.
    func follow<Result>(
        showing show: @escaping @Sendable (TransferStatistics, RateMeter) -> Void, every interval: Duration,
        _ handle: (TransferUpdate) async -> Result?
    ) async -> Result? {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var meter = RateMeter()
                meter.add(session.statistics, at: clock.seconds)
                // The sleep throws when the following has ended.
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
