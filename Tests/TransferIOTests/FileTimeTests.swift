import Glibc
import TestSupport
import Testing

@testable import TransferIO

@Suite struct FileTimeTests {
    @Test(arguments: [(0, 5), (1_700_000_000, 999_999_999), (-1, 0), (-1, 999_999_999), (-6_000_000_000, 1), (9_223_372_036, 0)])
    func comesBackAsItWas(seconds: Int, nanoseconds: Int) throws {
        let said = FileTime.nanoseconds(timespec(tv_sec: seconds, tv_nsec: nanoseconds))
        let time = try #require(FileTime.timespec(said))
        #expect(time.tv_sec == seconds && time.tv_nsec == nanoseconds)
    }

    /// ext4 stores times up to 2446, btrfs up to 64 bits of seconds.
    @Test func whatCannotBeSaidIsTheNearest() throws {
        for seconds in [9_223_372_037, 10_413_792_000, Int.max] {
            #expect(FileTime.nanoseconds(timespec(tv_sec: seconds, tv_nsec: 999_999_999)) == .max)
        }
        #expect(FileTime.nanoseconds(timespec(tv_sec: Int.min, tv_nsec: 0)) == .min)
        #expect(FileTime.timespec(.min)?.tv_nsec == 145_224_192)
    }

    @Test func theStartOfTimeIsATime() {
        #expect(FileTime.timespec(FileTime.nanoseconds(timespec(tv_sec: 0, tv_nsec: 0)))?.tv_sec == 0)
        if let time = FileTime.timespec(0) { Issue.record("\(time)") }
    }
}
