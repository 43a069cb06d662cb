import Foundation
import TestSupport
import Testing

/// A failure that is certain is reported before anybody waits for it.
@Suite("Said at once", .fewAtATime)
struct ToldAtOnceTests {
    /// The host refuses with ICMP; without that the connect timeout is 20 s.
    @Test func aClosedPort() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let port = try FreePort.udp()
        let begun = ContinuousClock.now
        let sender = try ChattyProcess("send-file", source, "127.0.0.1:\(port)")
        #expect(try await sender.exitStatus() == 3)
        #expect(try await sender.diagnostics.end() == "chatty: Nothing listens at 127.0.0.1:\(port): is recv-file running there?\n")
        #expect(begun.duration(to: .now) >= .seconds(1), "a receiver may be just about to start")
    }

    private static let isRestricted = geteuid() != 0

    /// The error is reported before a ticket is shown.
    @Test(.enabled(if: isRestricted, "root may write everywhere")) func aFolderThatMayNotBeWrittenTo() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder["out"], withIntermediateDirectories: true)
        #expect(chmod(folder["out"], 0o500) == 0)
        for path in [folder["out"], folder["out/file"]] {
            let receiver = try ChattyProcess("recv-file", "-o", path)
            #expect(try await receiver.exitStatus() == 1)
            #expect(try await receiver.diagnostics.end() == "chatty: Cannot make files in \(folder["out"]): Permission denied.\n")
        }
    }

    /// A folder in which nobody can create files.
    @Test func aFolderOfNoFiles() async throws {
        let receiver = try ChattyProcess("recv-file", "-o", "/proc/self/fd")
        #expect(try await receiver.exitStatus() == 1)
        #expect(try await receiver.diagnostics.end().hasPrefix("chatty: Cannot make files in /proc/self/fd: "))
    }

    @Test func aGoodFolderStaysEmpty() async throws {
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        #expect(try target.names() == [])
        receiver.process.signal(SIGTERM)
        #expect(try await receiver.process.exitStatus() == 143)
    }
}
