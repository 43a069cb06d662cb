import Glibc
import TransferProtocol

/// The scheduler's account of the calling thread, since its start.
struct ThreadTimes {
    /// Time on a processor.
    var cpu = TransferDuration.zero
    /// Time ready to run without a processor: others had it, or a quota was used up. The rest of the time the thread slept.
    var ready = TransferDuration.zero

    static func now() -> Self {
        let file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return withoutScheduler }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 64)
        let count = read(file, &text, text.count)
        let numbers = text.prefix(max(count, 0)).split(separator: UInt8(ascii: " ")).map { Int64(String(decoding: $0, as: UTF8.self)) }
        guard numbers.count >= 2, let cpu = numbers[0], let ready = numbers[1] else { return withoutScheduler }
        return Self(cpu: TransferDuration(nanoseconds: cpu), ready: TransferDuration(nanoseconds: ready))
    }

    /// A kernel without scheduler statistics reports the processor time alone.
    private static var withoutScheduler: Self {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Self(cpu: TransferDuration(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)))
    }

    static func - (a: Self, b: Self) -> Self { Self(cpu: a.cpu - b.cpu, ready: a.ready - b.ready) }
}
