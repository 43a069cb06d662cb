import Foundation
import TestSupport
import Testing

/// `Sources/README.md` guides newcomers by names, which exist in the code.
@Suite("The map of the sources", .longComputation)
struct SourceMapTests {
    private static let folder = GeneratedFilesTests.package.path + "/Sources"

    private static func text() throws -> String { try String(contentsOfFile: folder + "/README.md", encoding: .utf8) }

    private static func sources() throws -> [String] {
        let names = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
        return try names.filter { $0.utf8.suffix(6).elementsEqual(".swift".utf8) }.map {
            try String(contentsOfFile: folder + "/" + $0, encoding: .utf8)
        }
    }

    @Test func everyTargetHasItsRow() throws {
        let text = try Self.text()
        for target in try FileManager.default.contentsOfDirectory(atPath: Self.folder) where target != "README.md" {
            #expect(text.contains("`\(target)`"), "\(target)")
        }
    }

    /// Each `Type.function` is in a file that declares or extends the type.
    @Test func everyFunctionOfTheWalksIsThere() throws {
        let sources = try Self.sources()
        let text = try Self.text()
        let names = text.matches(of: /`([A-Z][A-Za-z]+)\.([a-z][A-Za-z]+)`/).map { (type: String($0.1), function: String($0.2)) }
        #expect(names.count > 25)
        for (type, function) in names where function != "swift" {
            let declaration = try Regex("\\b(class|struct|enum|extension|protocol) \(type)\\b")
            #expect(
                sources.contains { $0.contains("func \(function)(") && $0.contains(declaration) }, "\(type).\(function)")
        }
        for type in text.matches(of: /`([A-Z][A-Za-z]+)`/).map({ String($0.1) }) where !type.contains("README") {
            let declaration = try Regex("\\b(class|struct|enum|protocol) \(type)\\b")
            let isTarget = FileManager.default.fileExists(atPath: Self.folder + "/" + type)
            #expect(isTarget || type == "SEEN" || sources.contains { $0.contains(declaration) }, "\(type)")
        }
    }

    /// On the road of a message, and on that of a byte, each name means one function.
    @Test func noTwoFunctionsOfAWalkShareAName() throws {
        let walks = try Self.text().components(separatedBy: "\n## ").filter { $0.contains("walk: ") }
        #expect(walks.count == 2)
        for walk in walks {
            let names = Set(walk.matches(of: /`([A-Z][A-Za-z]+\.[a-z][A-Za-z]+)`/).map { String($0.1) })
            let functions = names.map { $0.split(separator: ".")[1] }
            #expect(Set(functions).count == functions.count, "\(functions.sorted())")
        }
    }

    @Test func everyFileThatIsNamedIsThere() throws {
        let paths = try Self.text().matches(of: /`([A-Za-z]+\/[A-Za-z\/+]+(?:\.swift)?)`/).map { String($0.1) }
        #expect(!paths.isEmpty)
        for path in paths {
            let isThere = FileManager.default.fileExists(atPath: Self.folder + "/" + path)
            #expect(isThere, "\(path)")
        }
    }
}
