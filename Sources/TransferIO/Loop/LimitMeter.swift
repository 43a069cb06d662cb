import TransferProtocol

/// Tells what limits a transfer from where the time of its thread goes: what it waits for most, or, where it hardly ever waits, the
/// processor. What was seen before counts less and less, so that the answer does not flicker.
struct LimitMeter {
    /// Of the time, what has to be waiting before it is anything but the processor that limits.
    private static let leastWaiting = 0.1
    /// What is remembered at each verdict: of 200 ms each, about a second.
    private static let memory = 0.75
    /// The cause of before stays unless another has so much more.
    private static let margin = 1.2

    /// Seconds, the latest ones counting most.
    private var waits: [TransferStatistics.Limit: Double] = [:]
    private var elapsed = 0.0
    private var asleep = 0.0
    // Since the latest verdict
    private var recent: [TransferStatistics.Limit: Double] = [:]
    private var waited = 0.0
    private var inFiles = 0.0
    private(set) var verdict: TransferStatistics.Limit?

    /// The thread had nothing to do, because of `cause`.
    mutating func waited(_ duration: TransferDuration, for cause: TransferStatistics.Limit) {
        recent[cause, default: 0] += duration.inSeconds
        waited += duration.inSeconds
    }

    /// Spent reading and writing files, whether it took the processor's time or the disk's.
    mutating func usedFiles(_ duration: TransferDuration) { inFiles += duration.inSeconds }

    /// - Parameters:
    ///   - elapsed: since the last call.
    ///   - times: what the scheduler gave the thread of it.
    mutating func judge(elapsed: TransferDuration, times: ThreadTimes) {
        let ready = times.ready.inSeconds
        let asleep = max(elapsed.inSeconds - times.cpu.inSeconds - ready, 0)
        // What it slept without waiting for something to do, it slept in the files.
        let disk = min(inFiles, max(asleep - waited, 0))
        // Whoever is woken and gets no processor is not waiting any more.
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
