import CHarness
import Foundation

/// `errno`, to be read as the first thing after a call that failed.
func errnoNow() -> Int32 { errno }

/// The few operations on a file descriptor that the harness needs.
enum Descriptor {
    /// A child that ended is an error of the write, not the end of the tests.
    private static let withoutSignal: Void = { signal(SIGPIPE, SIG_IGN) }()

    /// Writes everything, waiting where the other side is slow.
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
