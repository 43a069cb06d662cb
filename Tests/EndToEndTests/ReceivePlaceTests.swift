import Foundation
import TestSupport
import Testing

/// `recv-file -o PATH`, where the path is special already or two files need the same place.
@Suite("Places to receive into", .fewAtATime, .serialized)
struct ReceivePlaceTests {
    @Test func aDeviceIsWrittenTo() async throws {
        let folder = try TemporaryFolder()
        let receiver = try await FileReceiver([], into: folder, output: "/dev/null")
        let sender = try ChattyProcess("send-file", folder.write(Contents.make(300_000), to: "movie.mp4"), receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        var status = stat()
        #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test func aNamedPipeIsWrittenTo() async throws {
        let folder = try TemporaryFolder()
        let content = Contents.make(300_000)
        let source = try folder.write(content, to: "movie.mp4")
        try #require(mkfifo(folder["pipe"], 0o600) == 0)
        let alone = try ChattyProcess("recv-file", "-o", folder["pipe"])
        #expect(try await alone.exitStatus() == 1)
        #expect(alone.diagnostics.text.contains(/no program reads .*pipe yet: start that program first\.\n$/))

        let descriptor = open(folder["pipe"], O_RDONLY | O_NONBLOCK)
        try #require(descriptor >= 0)
        let receiver = try await FileReceiver([], into: folder, output: folder["pipe"])
        // The receiver has opened the pipe: reading blocks from now on, and ends with the receiver.
        try #require(fcntl(descriptor, F_SETFL, 0) == 0)
        async let copy = Task.detached { FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).readDataToEndOfFile() }.value
        let sender = try ChattyProcess("send-file", source, receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(await copy == content)
    }

    /// Otherwise the second file would replace the first, and the sender would be informed that both arrived.
    @Test(arguments: [[], ["--overwrite"]]) func onePathTakesOneFileOfATransfer(words: [String]) async throws {
        let folder = try TemporaryFolder()
        let receiver = try await FileReceiver(["--count", "2"] + words, into: folder, output: folder["target"])
        let (first, second) = (try folder.write("first", to: "first"), try folder.write("second", to: "second"))
        let sender = try ChattyProcess("send-file", first, second, receiver.ticket)
        #expect(try await sender.exitStatus() == 6)
        #expect(sender.diagnostics.text.contains("The receiver did not take second: it cannot be written to that output."))
        #expect(try folder.data("target") == Data("first".utf8))
        let next = try ChattyProcess("send-file", second, receiver.ticket)
        #expect(try await next.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 6)
        let isReplaced = words.contains("--overwrite")
        #expect(try folder.data(isReplaced ? "target" : "target (1)") == Data("second".utf8))
        #expect(try folder.data("target") == Data((isReplaced ? "second" : "first").utf8))
    }

    /// The first file takes longer than those after it.
    @Test func filesOfOneNameDoNotReplaceEachOther() async throws {
        let (folder, target) = (try TemporaryFolder(), try TemporaryFolder())
        let contents = [Contents.make(3_000_000), Data("two".utf8), Data("three".utf8)]
        let paths = ["one/notes", "two/notes", "three/notes (1)"]
        for (path, content) in zip(paths, contents) {
            let url = URL(fileURLWithPath: folder[path])
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: false)
            try folder.write(content, to: path)
        }
        for name in ["notes", "notes (1)"] { try target.write("old", to: name) }
        let receiver = try await FileReceiver(["--once", "--overwrite"], into: target)
        let sender = try ChattyProcess("send-file", folder[paths[0]], folder[paths[1]], folder[paths[2]], receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: target.path).filter { !$0.hasPrefix(".") }
        let found = try names.map { try target.data($0) }
        #expect(Set(contents).isSubset(of: found), "\(names)")
    }

    /// In the plain format a sender that has begun may finish, and later ones are ignored.
    @Test func noMorePlainFilesThanWereAskedForAreTaken() async throws {
        let target = try TemporaryFolder()
        let receiver = try ChattyProcess("recv-file", "-o", target.path, "--legacy", "--once")
        let port = try await receiver.diagnostics.expect(/Address: 127\.0\.0\.1:(\d+)\n/).1
        let script = """
            exec 3<>/dev/udp/127.0.0.1/\(port) 4<>/dev/udp/127.0.0.1/\(port)
            printf 'Start sending file:first' >&3; printf one >&3
            printf 'Start sending file:second' >&4; printf two >&4; printf 'File send has finished.' >&4
            printf ' more' >&3; printf 'File send has finished.' >&3
            """
        let senders = try ChattyProcess(words: ["-c", script], executable: "/bin/bash")
        #expect(try await senders.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
        #expect(try target.data("first") == Data("one more".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: target.path).filter { !$0.hasPrefix(".") } == ["first"])
    }
}
