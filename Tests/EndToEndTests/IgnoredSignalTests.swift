import Foundation
import TestSupport
import Testing

/// A shell without job control starts background programs with SIGINT ignored, because that signal is meant for programs in the foreground.
@Suite("Signals that were ignored from the start", .fewAtATime)
struct IgnoredSignalTests {
    private static func background(_ command: String, home: TemporaryFolder) throws -> ChattyProcess {
        try ChattyProcess(
            words: ["-c", "'\(Executable.chatty)' \(command) & echo \"pid $!\"; wait $!; echo \"status $?\""], home: home,
            executable: "/bin/sh")
    }

    @Test func aReceiverGoesOn() async throws {
        let target = try TemporaryFolder()
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let shell = try Self.background("recv-file --once -o '\(target.path)'", home: folder)
        let pid = try #require(pid_t(try await shell.output.expect(/pid (\d+)\n/).1))
        defer { kill(pid, SIGKILL) }
        let ticket = String(try await shell.diagnostics.expect(/Ticket: (chatty1[a-z2-7]+)\n/).1)
        kill(pid, SIGINT)
        #expect(try await ChattyProcess("send-file", source, ticket).exitStatus() == 0)
        try await shell.output.expect("status 0\n")
        #expect(try target.names() == ["file"])
    }

    @Test func aServerGoesOn() async throws {
        let home = try TemporaryFolder()
        let shell = try Self.background("serve 0 --data '\(home["data"])'", home: home)
        let pid = try #require(pid_t(try await shell.output.expect(/pid (\d+)\n/).1))
        defer { kill(pid, SIGKILL) }
        let port = try await shell.diagnostics.expect(/Listening on port (\d+)/).1
        kill(pid, SIGINT)
        let client = try SocketClient(port: try #require(UInt16(port)))
        try await client.input.expect("Enter username: ")
        try client.send("nobody\n")
        try await client.input.expect("There is no user nobody.\n")
        kill(pid, SIGTERM)
        #expect(try await client.input.end().hasSuffix("The server is shutting down.\n"))
        try await shell.output.expect("status 0\n")
    }
}
