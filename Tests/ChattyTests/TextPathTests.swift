import Foundation
import TestSupport
import Testing
import TransferProtocol

@testable import chatty

/// Arguments and paths are bytes. A path that cannot be used is refused, and no other is used in its place.
@Suite("Paths that are not UTF-8") struct TextPathTests {
    private let paths = TextPath(command: "serve")
    private let name = ByteString([0x75, 0xE9])

    private func status(_ path: ByteString) -> stat? {
        var status = stat()
        return path.withCString { stat($0, &status) } == 0 ? status : nil
    }

    @Test func textStaysAsItIs() throws {
        #expect(try paths.folder("no/such/\u{E9}") == "no/such/\u{E9}")
        for use in [TextPath.Use.read, .readAgain, .append] { #expect(try paths.file("none", for: use) == "none") }
    }

    @Test func aFolderIsReachedAndMade() throws {
        let folder = try TemporaryFolder()
        let path = ByteString(folder.path + "/") + name + "/data"
        #expect(throws: UsageError.self) { try paths.folder(path) }
        #expect(status(path) == nil)
        try Data([1]).write(to: URL(fileURLWithPath: paths.folder(path, make: true) + "/x"))
        #expect(status(path + "/x")?.st_size == 1)
        #expect(status(path).map { $0.st_mode & 0o777 } == 0o700)
        #expect(try paths.folder(path).hasPrefix("/proc/self/fd/"))
    }

    /// A file that is replaced, like a certificate, is read in its new version the next time.
    @Test func aFileInSuchAFolderIsReachedByItsName() throws {
        let folder = try TemporaryFolder()
        let path = ByteString(folder.path + "/") + name
        #expect(path.withCString { mkdir($0, 0o700) } == 0)
        let file = try paths.file(path + "/cert.pem", for: .readAgain)
        for content in [UInt8(1), 2] {
            try folder.write("new", [content])
            #expect((path + "/cert.pem").withCString { rename(folder.file("new"), $0) } == 0)
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == Data([content]))
        }
    }

    @Test func aFileOfSuchANameIsReachedWhereItIsReadOrWrittenOnce() throws {
        let folder = try TemporaryFolder()
        let path = ByteString(folder.path + "/") + name
        #expect(throws: UsageError.self) { try paths.file(path, for: .read) }
        let log = try paths.file(path, for: .append)
        for _ in 0..<2 {
            let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            #expect(write(descriptor, "x", 1) == 1)
            close(descriptor)
        }
        #expect(status(path)?.st_size == 2)
        #expect(try Data(contentsOf: URL(fileURLWithPath: paths.file(path, for: .read))) == Data("xx".utf8))
        #expect(throws: UsageError.self) { try paths.file(path, for: .readAgain) }
        #expect(try folder.names().count == 1)
    }

    @Test func argumentsAreBytes() throws {
        func parse(_ words: [ByteString]) throws -> Arguments {
            guard case .run(let arguments) = try ArgumentParser(spec: SendFileFlags.spec).parse(words) else { throw UsageError("help") }
            return arguments
        }
        for words in [["-d", name], [ByteString("-d") + name], ["--data=" + name], ["--data", name]] as [[ByteString]] {
            let arguments = try parse(words + [name + "/", "host:9"])
            #expect(arguments[SendFileFlags.data] == name)
            #expect(arguments[SendFileFlags.files] == [name + "/"])
        }
        for words in [["--name", name, "f", "host:9"], ["--" + name, "f", "host:9"]] as [[ByteString]] {
            #expect(throws: UsageError.self) { try parse(words) }
        }
        // Where a file or a receiver is possible.
        #expect(try SendTarget(parse(["f", name]), environment: [:], exists: { _ in true }).files == ["f", name])
        #expect(throws: UsageError.self) { try SendTarget(parse(["f", name]), environment: [:], exists: { _ in false }) }
    }

    @Test func theHomeFolderMayHaveAnyName() {
        let home: ProcessEnvironment = ["HOME": "/h/" + name]
        #expect(ByteString("~/x").expandingHome(home) == "/h/" + name + "/x")
        #expect(ByteString("~").expandingHome(home) == "/h/" + name)
        #expect(ByteString("~\u{301}/x").expandingHome(home) == "~\u{301}/x")
        #expect(DataDirectory.path(option: nil, environment: home) == "/h/" + name + "/.local/share/chatty")
        #expect(DataDirectory.path(option: name, environment: home) == name)
    }
}
