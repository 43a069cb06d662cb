import Foundation
import TestSupport
import Testing

/// A server that has no file descriptor left.
@Suite("Without descriptors", .fewAtATime)
struct DescriptorTests {
    /// User and system time of a process, in seconds (proc(5)).
    private static func processorTime(of pid: pid_t) throws -> Double {
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = try #require(stat.split(separator: ")").last).split(separator: " ")
        return try (Double(#require(Int(fields[11]))) + Double(#require(Int(fields[12])))) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Clients without a free descriptor wait, which costs the server nothing; the others continue.
    @Test func whoHasNoPlaceWaitsForOne() async throws {
        let home = try await ServerProcess.home()
        // The event loop of each processor needs some descriptors.
        let limit = 56 + 4 * ProcessInfo.processInfo.activeProcessorCount
        let command = "ulimit -n \(limit); exec '\(Executable.chatty)' serve 0 --data '\(home["data"])' --login-timeout 4s"
        let process = try ChattyProcess(words: ["-c", command], home: home, executable: "/bin/sh")
        let server = try await ServerProcess(process: process, readyIn: home)
        let strangers = try (1...limit).map { _ in try SocketClient(port: server.port) }
        try await process.diagnostics.expect("chatty: New connections have to wait: Too many open files.\n")
        let before = try Self.processorTime(of: process.pid)
        try await strangers[0].input.expect("You did not log in within 4 seconds.\n")
        // The last client is served when the time of the first one is over.
        try await strangers[limit - 1].input.expect("Enter username: ")
        let used = try Self.processorTime(of: process.pid) - before
        #expect(used < 1, "\(used) s of processor time in about 4 s of waiting")
        #expect(!process.diagnostics.text.contains("have to wait: Too many open files.\nchatty: Those"), "it is said once")
        process.signal(SIGTERM)
        #expect(try await process.exitStatus() == 0)
    }

    /// A process that has too few descriptors ends at the start, not in the middle of its work.
    @Test(arguments: ["serve 0 --data .", "connect 127.0.0.1 9", "send-file /dev/null 127.0.0.1:9", "recv-file -o ."])
    func tooFewToStartWithIsOneLine(words: String) async throws {
        let home = try TemporaryFolder()
        let process = try ChattyProcess(
            words: ["-c", "cd '\(home.path)' && ulimit -n 16 && exec '\(Executable.chatty)' \(words)"], executable: "/bin/sh")
        #expect(try await process.exitStatus() == 1)
        #expect(process.diagnostics.text.hasPrefix("chatty: Too few files may be open at once: "))
        #expect(process.diagnostics.text.utf8.count(where: { $0 == UInt8(ascii: "\n") }) == 1)
    }
}
