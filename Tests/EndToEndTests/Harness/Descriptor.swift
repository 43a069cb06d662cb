import CHarness
import Foundation

/// `errno`, which has to be read first after a call that failed.
func errnoNow() -> Int32 { errno }

/// The few operations on a file descriptor that the harness needs.
enum Descriptor {
    /// A write to a child that has ended fails, instead of ending the tests by a signal.
    private static let withoutSignal: Void = { signal(SIGPIPE, SIG_IGN) }()

    /// Writes everything, and waits for a slow reader.
    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(HarnessFailure) {
        withoutSignal
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw .system("write")
            }
        }
    }

    /// A pipe that children do not inherit.
    static func pipe() throws(HarnessFailure) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard charness_pipe(&ends) == 0 else { throw .system("pipe") }
        return (ends[0], ends[1])
    }
}
