import Foundation
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

/// Folders of one transfer stay separate, and their reported names are the real ones.
@Suite struct PlacedFoldersTests {
    private func folder(_ name: String, in receive: ReceiveFolder, _ names: PlacedNames, modified: Int64 = 0) throws -> DestinationFolder {
        try DestinationFolder(in: receive, name: try #require(SafeName(name)), mode: 0o755, modified: modified, names: names)
    }

    private func file(_ name: String, in receive: ReceiveFolder, _ names: PlacedNames, content: UInt8) throws -> DestinationFile {
        let file = try DestinationFile(
            in: receive, name: try #require(SafeName(name)), offer: FileOffer(name: name, size: 1), senderKey: DestinationFileTests.key,
            names: names)
        try DestinationFileTests.write([content], 0..<1, to: file)
        try DestinationFileTests.finish(file, size: 1)
        return file
    }

    private static let long = String(repeating: "x", count: 240)

    @Test(arguments: [
        (".config", "_config", "_config", "_config (1)"), ("sp ", "sp", "sp", "sp (1)"), ("nul", "_nul", "_nul", "_nul (1)"),
        ("\u{E9}", "e\u{301}", "\u{E9}", "e\u{301}"),
        (long + "1", long + "2", String(long.prefix(230)), String(long.prefix(230)) + " (1)"),
    ])
    func alikeOnesStayApart(first: String, second: String, firstPlace: String, secondPlace: String) throws {
        let target = try TemporaryFolder()
        let (receive, names) = (try ReceiveFolder(path: target.path), PlacedNames())
        let folders = try [first, second].map { try folder($0, in: receive, names) }
        for folder in folders { try folder.finish(size: 0) }
        for (index, (offered, place)) in [(first, firstPlace), (second, secondPlace), (first, firstPlace)].enumerated() {
            let placed = try file("\(offered)/\(index)", in: receive, names, content: UInt8(index))
            #expect(ByteString(placed.finalName ?? "") == ByteString("\(place)/\(index)"))
            #expect(try target.read("\(place)/\(index)") == [UInt8(index)])
        }
        for (folder, (offered, place)) in zip(folders, [(first, firstPlace), (second, secondPlace)]) {
            let changed = folder.changedName.map { ByteString($0) }
            #expect(changed == (ByteString(offered) == ByteString(place) ? nil : ByteString(place)))
        }
    }

    /// As on a file system that ignores the case of `Docs` and `docs`: the second name leads to the first folder.
    @Test func whatTheFileSystemTakesForOneStaysApart() throws {
        let target = try TemporaryFolder()
        let (receive, names) = (try ReceiveFolder(path: target.path), PlacedNames())
        _ = try file("Docs/a", in: receive, names, content: 1)
        #expect(rename(target.file("Docs"), target.file("docs")) == 0)
        #expect(try file("docs/a", in: receive, names, content: 2).finalName == "docs (1)/a")
        #expect(try target.read("docs/a") == [1])
        #expect(try target.read("docs (1)/a") == [2])
    }

    @Test func oneThatWasThereIsGoneOnWithAndAFileIsNot() throws {
        let target = try TemporaryFolder()
        #expect(mkdir(target.file("there"), 0o755) == 0)
        try target.write("taken", [9])
        let receive = try ReceiveFolder(path: target.path)
        for content in [UInt8(1), 2] {
            let names = PlacedNames()
            #expect(try file("there/\(content)", in: receive, names, content: content).finalName == "there/\(content)")
            #expect(try folder("taken", in: receive, names).changedName == "taken (1)")
        }
        #expect(try target.names() == ["taken", "taken (1)", "there"])
        try FileManager.default.createSymbolicLink(atPath: target.file("link"), withDestinationPath: target.file("there"))
        #expect(throws: DestinationError.self) { try folder("link", in: receive, PlacedNames()) }
    }

    /// Folders of a transfer that is refused.
    @Test func anEmptyOneThatWasMadeGoesAgain() throws {
        let target = try TemporaryFolder()
        #expect(mkdir(target.file("old"), 0o755) == 0)
        let (receive, names) = (try ReceiveFolder(path: target.path), PlacedNames())
        let all = try ["old", "new", "full"].map { try folder($0, in: receive, names) }
        _ = try file("full/x", in: receive, names, content: 1)
        for folder in all { folder.abandon() }
        #expect(try target.names() == ["full", "old"])
    }

    @Test func theirTimesAreThoseOfTheSource() throws {
        let target = try TemporaryFolder()
        let (receive, names) = (try ReceiveFolder(path: target.path), PlacedNames())
        for (name, modified) in [(".out", Int64(1_500_000_000_123_456_789)), (".out/in", -1), (".out/none", 0)] {
            try folder(name, in: receive, names, modified: modified).finish(size: 0)
        }
        _ = try file(".out/in/x", in: receive, names, content: 1)
        #expect(names.setFolderTimes(in: receive).isEmpty)
        func time(_ name: String) -> [Int] {
            var status = stat()
            return stat(target.file(name), &status) == 0 ? [status.st_mtim.tv_sec, status.st_mtim.tv_nsec] : []
        }
        #expect(time("_out") == [1_500_000_000, 123_456_789])
        #expect(time("_out/in") == [-1, 999_999_999])
        #expect(time("_out/none")[0] > 1_700_000_000)
    }
}
