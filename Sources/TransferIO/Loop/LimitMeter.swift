import TransferProtocol

/// Determines what limits a transfer from how its thread spends its time: what it waits for most or, if it hardly ever waits, the
/// processor. Earlier observations count less and less, so that the verdict does not flicker.
struct LimitMeter {
    /// The share of the time that must be spent waiting before anything but the processor is the limit.
    private static let leastWaiting = 0.1
    /// The weight of earlier observations at each verdict; with one every 200 ms they last about a second.
    private static let memory = 0.75
    /// The factor by which another cause must exceed the present verdict to replace it.
    private static let margin = 1.2

    /// Seconds waited for each cause, the latest counting most.
    private var waits: [TransferStatistics.Limit: Double] = [:]
    private var elapsed = 0.0
    private var asleep = 0.0
    // Since the latest verdict
    private var recent: [TransferStatistics.Limit: Double] = [:]
    private var waited = 0.0
    private var inFiles = 0.0
    private(set) var verdict: TransferStatistics.Limit?

    /// Records that the thread had nothing to do, because of `cause`.
    mutating func waited(_ duration: TransferDuration, for cause: TransferStatistics.Limit) {
        recent[cause, default: 0] += duration.inSeconds
        waited += duration.inSeconds
    }

    /// Records time spent in reads and writes of files, on the processor or waiting for the disk.
    mutating func usedFiles(_ duration: TransferDuration) { inFiles += duration.inSeconds }

    /// Updates the verdict.
    /// - Parameters:
    ///   - elapsed: the time since the last call.
    ///   - times: the scheduler's account of the thread for that time.
    mutating func judge(elapsed: TransferDuration, times: ThreadTimes) {
        let ready = times.ready.inSeconds
        let asleep = max(elapsed.inSeconds - times.cpu.inSeconds - ready, 0)
        // Time asleep that was not spent waiting for work was spent in file operations.
        let disk = min(inFiles, max(asleep - waited, 0))
        // A thread that was woken and has no processor is not waiting any more.
        let share = waited > 0 ? min(1, (asleep - disk) / waited) : 0
        for (cause, time) in recent { waits[cause, default: 0] += time * share }
        waits[.disk, default: 0] += disk
        waits[.cpu, default: 0] += ready
        self.asleep += asleep
        self.elapsed += elapsed.inSeconds
        let most = waits.max { $0.value < $1.value }
        if let most, self.asleep >= Self.leastWaiting * self.elapsed {
            if verdict == nil || most.value > Self.margin * (verdict.flatMap { waits[$0] } ?? 0) { verdict = most.key }
        } else {
            verdict = .cpu
        }
        for cause in waits.keys { waits[cause]? *= Self.memory }
        for cause in recent.keys { recent[cause] = 0 }
        self.asleep *= Self.memory
        self.elapsed *= Self.memory
        waited = 0
        inFiles = 0
    }
}
