import Testing
import TransferProtocol

@testable import TransferIO

/// The limit of a transfer, derived from how the loop's thread spends its time.
@Suite struct LimitMeterTests {
    /// The verdict after some periods of 200 ms, each spent as given, in ms; for the rest of it the thread sleeps in file operations.
    private static func verdict(
        _ meter: inout LimitMeter, periods: Int = 10, waits: [TransferStatistics.Limit: Int64] = [:], files: Int64 = 0, cpu: Int64,
        ready: Int64 = 0
    ) -> TransferStatistics.Limit? {
        for _ in 0..<periods {
            for (cause, time) in waits { meter.waited(.milliseconds(time), for: cause) }
            meter.usedFiles(.milliseconds(files))
            meter.judge(elapsed: .milliseconds(200), times: ThreadTimes(cpu: .milliseconds(cpu), ready: .milliseconds(ready)))
        }
        return meter.verdict
    }

    private static func verdict(
        waits: [TransferStatistics.Limit: Int64] = [:], files: Int64 = 0, cpu: Int64, ready: Int64 = 0
    ) -> TransferStatistics.Limit? {
        var meter = LimitMeter()
        return verdict(&meter, waits: waits, files: files, cpu: cpu, ready: ready)
    }

    @Test(arguments: [TransferStatistics.Limit.path, .receiver, .source, .limit, .reader, .diskFull, .senderOrPath, .idle])
    func whatIsWaitedForMostLimits(cause: TransferStatistics.Limit) {
        #expect(Self.verdict(waits: [cause: 150], cpu: 50) == cause)
        #expect(Self.verdict(waits: [cause: 25], files: 60, cpu: 175) == cause)
        let other: TransferStatistics.Limit = cause == .path ? .receiver : .path
        #expect(Self.verdict(waits: [cause: 100, other: 60], cpu: 40) == cause)
    }

    @Test func aThreadThatNeverWaitsIsLimitedByTheProcessor() {
        #expect(Self.verdict(cpu: 200) == .cpu)
        #expect(Self.verdict(waits: [.path: 10], cpu: 190) == .cpu)
        // Copying into the page cache uses the processor too, however much of it.
        #expect(Self.verdict(files: 150, cpu: 198) == .cpu)
        // Others have the processor most of the time, or a quota is used up.
        #expect(Self.verdict(cpu: 40, ready: 160) == .cpu)
        #expect(Self.verdict(files: 100, cpu: 40, ready: 160) == .cpu)
        // A thread that is woken in time and cannot run does not wait for the path.
        #expect(Self.verdict(waits: [.path: 150], cpu: 40, ready: 140) == .cpu)
        #expect(Self.verdict(waits: [.path: 150], cpu: 40, ready: 20) == .path)
    }

    @Test func aThreadThatWaitsInFilesIsLimitedByTheDisk() {
        #expect(Self.verdict(files: 180, cpu: 20) == .disk)
        #expect(Self.verdict(waits: [.senderOrPath: 60], files: 120, cpu: 30) == .disk)
        #expect(Self.verdict(waits: [.senderOrPath: 120], files: 50, cpu: 40) == .senderOrPath)
    }

    @Test func aChangeIsSeenWithinASecondAndAHalf() {
        var meter = LimitMeter()
        #expect(Self.verdict(&meter, periods: 50, waits: [.path: 150], cpu: 50) == .path)
        #expect(Self.verdict(&meter, periods: 7, waits: [.receiver: 150], cpu: 50) == .receiver)
        #expect(Self.verdict(&meter, periods: 7, cpu: 200) == .receiver)
        #expect(Self.verdict(&meter, periods: 5, cpu: 200) == .cpu)
    }

    @Test func whatIsEvenDoesNotFlicker() {
        var meter = LimitMeter()
        var verdicts: Set<TransferStatistics.Limit> = []
        for period in 0..<100 {
            let (path, receiver) = period.isMultiple(of: 2) ? (120, 40) : (40, 120) as (Int64, Int64)
            if let verdict = Self.verdict(&meter, periods: 1, waits: [.path: path, .receiver: receiver], cpu: 40) {
                verdicts.insert(verdict)
            }
        }
        #expect(verdicts.count == 1, "\(verdicts)")
    }
}
