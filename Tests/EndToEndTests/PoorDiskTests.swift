import Foundation
import TestSupport
import Testing

/// Transfers to file systems without exclusive renames and hard links, which ignore the case of names and refuse some characters.
@Suite(
    "A file system that can little", .fewAtATime, .serialized,
    .enabled(if: PoorDisk.isAvailable, "FUSE cannot be mounted in a namespace here"))
struct PoorDiskTests {
    /// No file replaces another, everything arrives, and the sender is informed of changed names.
    @Test(arguments: [[], ["--overwrite"]]) func everyFileArrivesUnderANameOfItsOwn(words: [String]) async throws {
        let (folder, disk) = (try TemporaryFolder(), try TemporaryFolder())
        let contents = [
            "what? \"now\".txt": "what_ _now_.txt", "etc.": "etc_",
            "Docs/x": "Docs/x", "docs/x": "docs (1)/x", "a:b./x": "a_b_/x", "plain": "plain",
        ]
        for name in ["README", "readme"] + contents.keys {
            let path = folder["all/\(name)"]
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try folder.write(Data(name.utf8), to: "all/\(name)")
        }
        let receiver = try PoorDisk.chatty(["recv-file", "--once", "-o", disk["mnt"], "-d", disk["mnt/key"]] + words, on: disk)
        let ticket = String(try await receiver.diagnostics.expect(/Ticket: (chatty1[a-z2-7]+)\n/).1)
        let sender = try ChattyProcess("send-file", folder["all"], ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0, "\(receiver.diagnostics.text)")
        for (offered, placed) in contents {
            #expect(try disk.data("files/all/\(placed)") == Data(offered.utf8))
        }
        // Either of the two may have been first.
        let isFirst = FileManager.default.fileExists(atPath: disk["files/all/README"])
        let (first, second) = isFirst ? ("README", "readme") : ("readme", "README")
        #expect(try disk.data("files/all/\(first)") == Data(first.utf8))
        #expect(try disk.data("files/all/\(second) (1)") == Data(second.utf8))
        let lines = sender.diagnostics.text.split(separator: "\n").filter { $0.contains("The receiver stores") }
        #expect(
            Set(lines) == [
                "chatty: The receiver stores all/\(second) as all/\(second) (1).", "chatty: The receiver stores all/docs as all/docs (1).",
                "chatty: The receiver stores all/what? \"now\".txt as all/what_ _now_.txt.",
                "chatty: The receiver stores all/etc. as all/etc_.",
                "chatty: The receiver stores all/a:b. as all/a_b_.",
            ])
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk["files/key"]) == ["transfer-key"])
    }

    @Test func nothingIsOverwrittenUnlessAsked() async throws {
        let (folder, disk) = (try TemporaryFolder(), try TemporaryFolder())
        let movie = Contents.make(3_000_000)
        try FileManager.default.createDirectory(atPath: disk["files"], withIntermediateDirectories: true)
        try disk.write("old", to: "files/Movie.mp4")
        let receiver = try PoorDisk.chatty(["recv-file", "--once", "-o", disk["mnt"]], on: disk)
        let ticket = String(try await receiver.diagnostics.expect(/Ticket: (chatty1[a-z2-7]+)\n/).1)
        let sender = try ChattyProcess("send-file", try folder.write(movie, to: "movie.mp4"), ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
        #expect(try disk.data("files/Movie.mp4") == Data("old".utf8))
        #expect(try disk.data("files/movie (1).mp4") == movie)
    }
}
