import ChatHub
import ChatProtocol
import ChatStore
import Foundation
import NIOConcurrencyHelpers
import SystemSupport

/// The lines on the server's terminal, written whole and at once by a thread of its own: a terminal that stands still holds nobody up.
///
/// What waits for it is bounded; lines over the bound are dropped, and how many is said when it goes on.
public final class EventLog: Sendable {
    public enum Format: Sendable {
        /// One plain line an event.
        case text
        /// The same with the time before it.
        case timedText
        /// One JSON object an event, with its time.
        case json
    }

    struct Entry: Sendable {
        let line: LogLine
        let time: Timestamp
    }

    private let format: Format
    private let write: @Sendable ([UInt8]) -> Void
    private let tell: @Sendable (String) -> Void
    private let mailbox = Mailbox<Entry>()
    private let dropped = NIOLockedValueBox(0)
    private let thread = NIOLockedValueBox<JoinableThread?>(nil)
    private static let bound = 1 << 17
    /// Microseconds.
    private static let pause: UInt32 = 5000

    /// - Parameters:
    ///   - write: puts whole lines out; may block.
    ///   - tell: says what the host has to know, besides the events.
    init(_ format: Format, write: @escaping @Sendable ([UInt8]) -> Void, tell: @escaping @Sendable (String) -> Void) {
        self.format = format
        self.write = write
        self.tell = tell
    }

    /// - Throws: if the system gives no thread.
    func start() throws(SystemError) {
        let thread = try JoinableThread("chatty-log") { [self] in run() }
        self.thread.withLockedValue { $0 = thread }
    }

    private func run() {
        while let entries = mailbox.take() {
            let lost = dropped.withLockedValue { count in
                defer { count = 0 }
                return count
            }
            if lost > 0 { tell("\(lost) log lines were lost: the program that reads stdout is too slow.") }
            var bytes: [UInt8] = []
            for entry in entries { EventFormatter.append(entry, format, to: &bytes) }
            write(bytes)
            // What comes meanwhile is written at once, instead of each line by itself.
            usleep(EventLog.pause)
        }
    }

    /// Writes what waits, for at most so long.
    func stop(within time: DispatchTimeInterval) {
        mailbox.close()
        // A terminal that stands still keeps the rest.
        thread.withLockedValue(\.self)?.join(within: time)
    }

    var waiting: Int { mailbox.count }

    func put(_ entries: [Entry]) {
        guard mailbox.count + entries.count <= EventLog.bound else { return dropped.withLockedValue { $0 += entries.count } }
        mailbox.put(entries)
    }
}
