import Foundation
import TestSupport
import Testing

/// More files at once than the process can have open.
@Suite("Many files and few descriptors", .fewAtATime, .serialized)
struct ManyFilesTests {
    private static func run(_ words: String, limit: Int, home: TemporaryFolder) throws -> ChattyProcess {
        try ChattyProcess(
            words: ["-c", "ulimit -n \(limit); exec '\(Executable.chatty)' \(words)"], home: home, executable: "/bin/sh")
    }

    private static func makeFiles(_ count: Int, in folder: TemporaryFolder) throws {
        try FileManager.default.createDirectory(atPath: folder["many"], withIntermediateDirectories: true)
        for index in 0..<count { try folder.write("content \(index)", to: "many/\(index)") }
    }

    private static func expectFiles(_ count: Int, in folder: String) throws {
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == count)
        for index in [0, count / 2, count - 1] {
            #expect(try String(contentsOfFile: "\(folder)/\(index)", encoding: .utf8) == "content \(index)")
        }
    }

    /// Files named on the command line are opened when it is their turn.
    @Test func aSenderOpensThemOneAfterTheOther() async throws {
        let folder = try TemporaryFolder()
        try Self.makeFiles(200, in: folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(["--once", "--quiet"], into: target)
        let sender = try Self.run("send-file '\(folder["many"])'/* \(receiver.ticket)", limit: 64, home: folder)
        #expect(try await sender.exitStatus(within: .seconds(60)) == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        try Self.expectFiles(200, in: target.path)
    }

    /// The sender offers up to 256 files at once, each of which needs several descriptors.
    @Test func aReceiverTakesThemAsItHasDescriptors() async throws {
        let folder = try TemporaryFolder()
        try Self.makeFiles(300, in: folder)
        let target = try TemporaryFolder()
        let process = try Self.run("recv-file --once -o '\(target.path)'", limit: 64, home: folder)
        let ticket = String(try await process.diagnostics.expect(/Ticket: (chatty1[a-z2-7]+)\n/).1)
        let sender = try ChattyProcess("send-file", folder["many"], ticket)
        #expect(try await sender.exitStatus(within: .seconds(60)) == 0)
        #expect(try await process.exitStatus() == 0)
        try await process.diagnostics.expect("chatty: Too many open files: ")
        try Self.expectFiles(300, in: target["many"])
    }

    /// The soft limit is raised to the hard one.
    @Test func theLimitIsRaised() async throws {
        let target = try TemporaryFolder()
        let process = try ChattyProcess(
            words: ["-c", "ulimit -Sn 64; ulimit -Hn 512; exec '\(Executable.chatty)' recv-file -o '\(target.path)'"], executable: "/bin/sh"
        )
        try await process.diagnostics.expect("Ticket: ")
        let limits = try String(contentsOfFile: "/proc/\(process.pid)/limits", encoding: .utf8)
        #expect(limits.contains(/Max open files +512 +512/))
    }
}
