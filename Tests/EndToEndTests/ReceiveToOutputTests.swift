import Foundation
import TestSupport
import Testing

/// `recv-file -o -` receives one file and ends.
@Suite("Files to standard output", .fewAtATime, .serialized)
struct ReceiveToOutputTests {
    @Test func itLeavesAfterTheFirstFile() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let receiver = try await FileReceiver([], into: folder, output: "-")
        let sender = try ChattyProcess("send-file", source, receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try await receiver.process.output.end() == "content")
    }

    @Test func anEmptyStreamIsAFileToo() async throws {
        let folder = try TemporaryFolder()
        let receiver = try await FileReceiver([], into: folder, output: "-")
        let sender = try ChattyProcess("send-file", "-", receiver.ticket)
        try sender.closeInput()
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
    }

    /// A sender that sends nothing does not use up the output.
    @Test func itIsGivenBackUntouched() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let receiver = try ChattyProcess("recv-file", "-o", "-", "--progress", "json")
        let ticket = String(try await receiver.diagnostics.expect(/"ticket":"(chatty1[a-z2-7]+)"/).1)
        let silent = try ChattyProcess("send-file", "-", ticket)
        try await receiver.diagnostics.expect(/"event":"offered","name":"stdin"/)
        // While it is in use no other sender gets it, and the refusal of another does not end the receiver.
        let refused = try ChattyProcess("send-file", source, ticket)
        #expect(try await refused.exitStatus() == 6)
        #expect(!receiver.hasEnded)
        silent.signal(SIGINT)
        #expect(try await silent.exitStatus() == 130)
        try await receiver.diagnostics.expect("Interrupted by the sender.")
        let sender = try ChattyProcess("send-file", source, ticket)
        #expect(try await sender.exitStatus() == 0)
        // The first transfer was interrupted, which its sender knows, so it does not count.
        #expect(try await receiver.exitStatus() == 0)
        #expect(try await receiver.output.end() == "content")
    }

    /// Written data cannot be taken back: another file after it would be a mixture.
    @Test func itIsSpentAfterTheFirstByte() async throws {
        let folder = try TemporaryFolder()
        let receiver = try await FileReceiver([], into: folder, output: "-")
        let sender = try ChattyProcess("send-file", "-", receiver.ticket)
        try sender.type("half a file")
        try await receiver.process.output.expect("half a file")
        sender.signal(SIGTERM)
        #expect(try await sender.exitStatus() == 143)
        #expect(try await receiver.process.exitStatus() == 1)
        #expect(try await receiver.process.diagnostics.end().hasSuffix("chatty: Interrupted by the sender.\n"))
    }

    @Test func thePlainFormWaitsForASlowReader() async throws {
        let folder = try TemporaryFolder()
        let bytes = Contents.make(150_000)
        let source = try folder.write(bytes, to: "movie.mp4")
        try #require(mkfifo(folder["go"], 0o600) == 0)
        let shell = try ChattyProcess(
            words: ["-c", "\(Executable.chatty) recv-file -o - --legacy | (read go < \(folder["go"]); cat > \(folder["got"]))"],
            home: folder,
            executable: "/bin/sh")
        let port = try await shell.diagnostics.expect(/Address: 127\.0\.0\.1:(\d+)\n/).1
        let sender = try ChattyProcess("send-file", "--legacy", source, "127.0.0.1:\(port)")
        #expect(try await sender.exitStatus() == 0)
        try "go\n".write(toFile: folder["go"], atomically: false, encoding: .utf8)
        #expect(try await shell.exitStatus() == 0)
        #expect(!shell.diagnostics.text.contains("failed"))
        #expect(try folder.data("got") == bytes)
    }

    @Test(arguments: [SIGINT, SIGTERM]) func aSlowReaderOfThePlainFormHoldsNobodyUp(number: Int32) async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(150_000), to: "movie.mp4")
        try #require(mkfifo(folder["go"], 0o600) == 0)
        let shell = try ChattyProcess(
            words: [
                "-c",
                """
                (\(Executable.chatty) recv-file -o - --legacy; echo "status $?" >&2) | (read go < \(folder["go"]))
                """,
            ], home: folder, executable: "/bin/sh")
        let port = try await shell.diagnostics.expect(/Address: 127\.0\.0\.1:(\d+)\n/).1
        let sender = try ChattyProcess("send-file", "--legacy", source, "127.0.0.1:\(port)")
        #expect(try await sender.exitStatus() == 0)
        let pid = try #require(try Self.child(of: Self.child(of: shell.pid)))
        kill(pid, number)
        try await shell.diagnostics.expect("status \(128 + number)\n")
        try "go\n".write(toFile: folder["go"], atomically: false, encoding: .utf8)
        _ = try await shell.exitStatus()
    }

    private static func child(of pid: pid_t?) throws -> pid_t? {
        guard let pid else { return nil }
        return try String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8).split(separator: " ").first.flatMap {
            pid_t($0)
        }
    }
}
