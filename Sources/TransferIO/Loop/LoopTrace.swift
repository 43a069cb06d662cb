import Glibc
import TransferProtocol

/// The trace of a loop's transfers on its way to the file. It belongs to the loop's thread.
final class LoopTrace {
    /// The file gets the trace in pieces of this size, or as often as that.
    private static let piece = 64 << 10
    private static let interval = TransferDuration.milliseconds(100)

    let trace: TransferTrace
    private let file: TraceFile
    private var flushedAt: TransferInstant

    init(_ file: TraceFile, at now: TransferInstant) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let wallClock = UInt64(max(time.tv_sec, 0)) * 1000 + UInt64(time.tv_nsec) / 1_000_000
        trace = TransferTrace(title: file.title, isSender: file.isSender, wallClock: wallClock, at: now)
        self.file = file
        flushedAt = now
    }

    /// Passes on what is worth it.
    /// - Parameter isIdle: whether the loop is about to sleep for long.
    func flush(isIdle: Bool, at now: TransferInstant) {
        guard isIdle || trace.count >= Self.piece || now - flushedAt >= Self.interval else { return }
        flushedAt = now
        trace.isPaused = !file.hasRoom
        if trace.count > 0 { file.put(trace.take()) }
    }
}
