import Foundation
import TestSupport
import Testing

/// The files that the user names are sent under the right names, and one bad file does not stop the others.
@Suite("Files as they are named", .fewAtATime, .serialized)
struct SendFileItemsTests {
    private static func photos(in folder: TemporaryFolder) throws {
        try FileManager.default.createDirectory(atPath: folder["photos/2026"], withIntermediateDirectories: true)
        try folder.write("one", to: "photos/2026/1.jpg")
        try folder.write("two", to: "photos/2.jpg")
    }

    @Test(arguments: [(".", "photos"), ("./", "photos"), ("2026/..", "photos"), ("2026/.", "2026"), ("2026/", "2026")])
    func aFolderIsCalledAsItIs(path: String, name: String) async throws {
        let folder = try TemporaryFolder()
        try Self.photos(in: folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", path, receiver.ticket, directory: folder["photos"])
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.names() == [name])
        #expect(try target.data(name == "photos" ? "photos/2026/1.jpg" : "2026/1.jpg") == Data("one".utf8))
    }

    /// The error is reported before the receiver is contacted.
    @Test(arguments: ["/", "/..", "//."]) func theRootNeedsAName(path: String) async throws {
        let sender = try ChattyProcess("send-file", path, "192.0.2.1:9")
        #expect(try await sender.exitStatus() == 1)
        let said = "chatty: \(path) has no name that can be sent: give it one with --name.\n"
        #expect(try await sender.diagnostics.end() == said)
    }

    @Test func oneOfSeveralDoesNotStopTheRest() async throws {
        let folder = try TemporaryFolder()
        try Self.photos(in: folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess(
            "send-file", "nothing", "photos", "/dev/null", "/", "photos/2.jpg", receiver.ticket, directory: folder.path)
        #expect(try await sender.exitStatus() == 1)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.names() == ["2.jpg", "photos"])
        #expect(try target.data("photos/2026/1.jpg") == Data("one".utf8))
        let said = try await sender.diagnostics.end()
        #expect(said.contains("chatty: Cannot open nothing: No such file or directory.\n"))
        #expect(said.contains("chatty: /dev/null is not a file.\n"))
        #expect(said.contains("chatty: / has no name"))
    }

    @Test func eachIsAnEventForPrograms() async throws {
        let folder = try TemporaryFolder()
        try folder.write("content", to: "file")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess(
            "send-file", "--progress", "json", "nothing", "file", "neither", receiver.ticket, directory: folder.path)
        #expect(try await sender.exitStatus() == 1)
        let events = try DocumentedEvents(of: "send-file").expect(try await sender.diagnostics.end())
        #expect(events.filter { $0 == "failed" }.count == 2)
        #expect(events.contains("done"))
        #expect(sender.diagnostics.text.contains(#""name":"neither","reason":"Cannot open neither: No such file or directory.""#))
        // If nothing can be sent, the receiver is not contacted.
        let none = try ChattyProcess("send-file", "--progress", "json", "nothing", "neither", "192.0.2.1:9", directory: folder.path)
        #expect(try await none.exitStatus() == 1)
        #expect(try DocumentedEvents(of: "send-file").expect(try await none.diagnostics.end()) == ["failed", "failed", "end"])
    }

    @Test func whatVanishesBeforeItsTurnFailsAlone() async throws {
        let folder = try TemporaryFolder()
        try Self.photos(in: folder)
        try folder.write(Contents.make(3_000_000), to: "photos/0.raw")
        try folder.write("late", to: "photos/8.jpg")
        try folder.write("last", to: "photos/9.jpg")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", "--limit", "1M", "--progress", "json", folder["photos"], receiver.ticket)
        try await sender.diagnostics.expect(/"event":"progress"/)
        try FileManager.default.removeItem(atPath: folder["photos/8.jpg"])
        #expect(try await sender.exitStatus() == 1)
        #expect(try await receiver.process.exitStatus() == 1)
        #expect(try target.data("photos/9.jpg") == Data("last".utf8))
        #expect(try target.data("photos/2026/1.jpg") == Data("one".utf8))
        #expect(!FileManager.default.fileExists(atPath: target["photos/8.jpg"]))
        #expect(sender.diagnostics.text.contains(/"event":"failed","name":"photos\/8.jpg","reason":"cannot open .*: No such file/))
    }

    /// The contents do not change.
    @Test func aNewModeNameOrLinkWhileItIsSent() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(3_000_000), to: "movie.mp4")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", "--limit", "1M", "--progress", "json", source, receiver.ticket)
        for step in 0..<4 {
            try await sender.diagnostics.expect(/"event":"progress"/)
            switch step {
            case 0: #expect(chmod(source, 0o640) == 0)
            case 1: #expect(chown(source, getuid(), getgid()) == 0)
            case 2: #expect(link(source, folder["other"]) == 0)
            default: #expect(rename(source, folder["renamed"]) == 0)
            }
        }
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.data("movie.mp4") == Contents.make(3_000_000))
    }

    @Test func thePlainFormSendsTheRest() async throws {
        let folder = try TemporaryFolder()
        try folder.write("content", to: "file")
        let target = try TemporaryFolder()
        let process = try ChattyProcess("recv-file", "0", "-o", target.path, "--once", "--legacy")
        let port = try await process.diagnostics.expect(/Address: 127\.0\.0\.1:(\d+)\n/).1
        let sender = try ChattyProcess("send-file", "--legacy", "nothing", "file", "127.0.0.1:\(port)", directory: folder.path)
        #expect(try await sender.exitStatus() == 1)
        #expect(try await process.exitStatus() == 0)
        #expect(try target.data("file") == Data("content".utf8))
        #expect(sender.diagnostics.text.contains("Cannot open nothing: No such file or directory."))
    }
}
