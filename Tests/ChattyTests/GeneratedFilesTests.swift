import Foundation
import Testing

@testable import chatty

/// The committed manual pages and completions are those that the table generates.
///
/// After a change of the table, `CHATTY_REWRITE=1 swift test --filter GeneratedFilesTests` writes them again.
@Suite("Generated files")
struct GeneratedFilesTests {
    /// The package's top folder, from Tests/ChattyTests/GeneratedFilesTests.swift.
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test(arguments: GeneratedFiles.names) func theCommittedFileIsTheGeneratedOne(name: String) throws {
        let contents = try #require(GeneratedFiles.contents(of: name))
        let file = Self.package.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["CHATTY_REWRITE"] != nil {
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try contents.write(to: file, atomically: false, encoding: .utf8)
        }
        let committed = try String(contentsOf: file, encoding: .utf8)
        #expect(committed == contents, "rewrite with: CHATTY_REWRITE=1 swift test --filter GeneratedFilesTests")
    }

    /// The page or completion of a removed subcommand is removed, too.
    @Test func nothingElseIsThere() throws {
        for folder in ["man", "completions"] {
            let names = try FileManager.default.contentsOfDirectory(atPath: Self.package.appendingPathComponent(folder).path)
            for name in names where !name.hasSuffix(".7") { #expect(GeneratedFiles.names.contains("\(folder)/\(name)")) }
        }
    }
}
