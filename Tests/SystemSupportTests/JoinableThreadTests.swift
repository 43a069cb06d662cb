import Dispatch
import Foundation
import SystemSupport
import Testing

@Suite struct JoinableThreadTests {
    @Test func itHasItsNameAndEnds() throws {
        let name = Mailbox<String>()
        let thread = try JoinableThread("chatty-test") {
            name.put((try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)) ?? "")
        }
        thread.join()
        #expect(name.take(until: .now()) == ["chatty-test\n"])
        // The thread has ended, so neither call waits.
        thread.join()
        thread.join(within: .seconds(60))
    }

    @Test func waitingForItEndsWithTheTime() throws {
        let release = DispatchSemaphore(value: 0)
        let thread = try JoinableThread("chatty-test") { release.wait() }
        thread.join(within: .milliseconds(1))
        release.signal()
        thread.join()
    }
}
