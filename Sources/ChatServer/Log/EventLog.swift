import ChatHub
import ChatProtocol
import ChatStore
import Foundation
import NIOConcurrencyHelpers
import SystemSupport

/// The event log on the server's stdout. A thread of its own writes whole lines, so a blocked terminal delays nobody.
///
/// The queue is bounded. Lines beyond the bound are dropped, and their number is reported once writing continues.
public final class EventLog: Sendable {
    public enum Format: Sendable {
        /// One plain line per event.
        case text
        /// One plain line per event, after its time.
        case timedText
        /// One JSON object per event, with its time.
        case json
    }

    struct Entry: Sendable {
        let line: LogLine
        let time: Timestamp
    }

    private let format: Format
    private let write: @Sendable ([UInt8]) -> Void
    private let notify: @Sendable (String) -> Void
    private let mailbox = Mailbox<Entry>()
    private let dropped = NIOLockedValueBox(0)
    private let thread = NIOLockedValueBox<JoinableThread?>(nil)
    private static let bound = 1 << 17
    /// The pause between two writes, microseconds.
    private static let pause: UInt32 = 5000

    /// - Parameters:
    ///   - write: writes whole lines; may block.
    ///   - notify: reports a message for the operator.
    init(_ format: Format, write: @escaping @Sendable ([UInt8]) -> Void, notify: @escaping @Sendable (String) -> Void) {
        self.format = format
        self.write = write
        self.notify = notify
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
            if lost > 0 { notify("\(lost) log lines were lost: the program that reads stdout is too slow.") }
            var bytes: [UInt8] = []
            for entry in entries { EventFormatter.append(entry, format, to: &bytes) }
            write(bytes)
            // Lines that come meanwhile are written together instead of one by one.
            usleep(EventLog.pause)
        }
    }

    /// Writes the queued lines within the time limit, then ends the thread.
    func stop(within time: DispatchTimeInterval) {
        mailbox.close()
        // The rest is lost if the terminal is blocked.
        thread.withLockedValue(\.self)?.join(within: time)
    }

    var waiting: Int { mailbox.count }

    func put(_ entries: [Entry]) {
        guard mailbox.count + entries.count <= EventLog.bound else { return dropped.withLockedValue { $0 += entries.count } }
        mailbox.put(entries)
    }
}
