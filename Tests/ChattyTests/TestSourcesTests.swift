import Foundation
import TestSupport
import Testing

/// Rules for the sources of the tests: a test that cannot run on a machine is disabled with a reason that the runner shows.
@Suite("Sources of the tests", .longComputation)
struct TestSourcesTests {
    static let sources: [(path: String, lines: [String])] = {
        let folder = GeneratedFilesTests.package.appendingPathComponent("Tests")
        let paths = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            let text = (try? String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)) ?? ""
            return (path, text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        }
    }()

    @Test func thereAreSome() { #expect(Self.sources.count > 100 && Self.sources.allSatisfy { $0.lines.count > 3 }) }

    @Test func whatIsNotRunSaysWhy() {
        // This file contains examples.
        for source in Self.sources where !source.path.hasSuffix("/TestSourcesTests.swift") {
            for condition in Self.conditions(in: source.lines.joined(separator: "\n")) where !Self.hasReason(condition) {
                Issue.record("\(source.path) gives no reason: \(condition)")
            }
        }
    }

    @Test func noTestSimplyReturns() {
        for source in Self.sources {
            for line in Self.returns(in: source.lines) { Issue.record("\(source.path):\(line + 1) ends a test that has found nothing") }
        }
    }

    /// Code that every test needs is written once.
    @Test(arguments: [
        ("NSTemporaryDirectory", "TestSupport/TemporaryFolder.swift"), ("mkdtemp", "TestSupport/TemporaryFolder.swift"),
        (": RandomNumberGenerator", "TestSupport/SeededGenerator.swift"),
    ])
    func isInTestSupportAlone(word: String, place: String) {
        let users = Self.sources.filter { source in source.lines.contains { $0.contains(word) } }
        #expect(Set(users.map(\.path)).subtracting(["ChattyTests/TestSourcesTests.swift"]) == [place])
    }

    /// The arguments of the traits `.enabled` and `.disabled`.
    private static func conditions(in text: String) -> [String] {
        text.matches(of: #/\.(?:enabled|disabled)\(/#).map { match in
            var depth = 1
            return String(
                text[match.range.upperBound...].prefix { character in
                    depth += character == "(" ? 1 : character == ")" ? -1 : 0
                    return depth > 0
                })
        }
    }

    private static func hasReason(_ condition: String) -> Bool {
        condition.contains(#/(?:^|,\s+)"[^"]{8,}"\s*$/#)
    }

    /// The lines on which a test, or the closure for which a server is used, returns early without an issue.
    private static func returns(in lines: [String]) -> [Int] {
        var found: [Int] = []
        // The indentation of a test's body while in one; the formatter ensures it.
        var body: Int?
        var isAwaited = false
        var usesServer = false
        for (number, line) in lines.enumerated() {
            let code = line.drop { $0 == " " }
            let indentation = line.count - code.count
            if code.hasPrefix("@Test") { isAwaited = true }
            if isAwaited, code.contains(#/\bfunc /#) || code.hasPrefix("{") || code.hasPrefix(")"), code.hasSuffix("{") {
                body = indentation + 4
                isAwaited = false
                usesServer = false
            } else if let level = body {
                if indentation == level { usesServer = code.contains(#/\buse\b.*\{(?: \w+ in)?$/#) }
                let own = indentation == level || usesServer && indentation == level + 4
                let inBlock = indentation == level + 4 || usesServer && indentation == level + 8
                if indentation < level, code.hasPrefix("}") {
                    body = nil
                } else if own, code.contains(#/^(?:guard|if) .*\{ return \}$/#) {
                    found.append(number)
                } else if inBlock, code == "return", lines[number - 1].contains(#/else \{$|^ *if .*\{$/#) {
                    found.append(number)
                }
            }
        }
        return found
    }

    @Test(arguments: [
        (".enabled(if: hasIt)", false), (".enabled(if: hasIt, \"it is not installed\")", true), (".disabled(if: f(1, \"a\"))", false),
        (".disabled(if: f(1), \"an account of its own\")", true), (".enabled(\n    if: f(),\n    \"it is not installed\")", true),
    ])
    func conditionsAreFound(text: String, hasReason: Bool) {
        #expect(Self.conditions(in: "@Test(\(text)) func").map(Self.hasReason) == [hasReason])
    }

    @Test(arguments: [
        ("    @Test func a() {\n        guard b else { return }\n    }", [1]),
        ("    func a() {\n        guard b else { return }\n    }", []),
        ("    @Test func a() {\n        if b { return }\n    }", [1]),
        ("    @Test(arguments: [\n        1\n    ])\n    func a() {\n        if b { return }\n    }", [4]),
        ("    @Test func a() {\n        guard b else {\n            return\n        }\n    }", [2]),
        ("    @Test func a() {\n        guard b else {\n            Issue.record(\"b\")\n            return\n        }\n    }", []),
        ("    @Test func a() {\n        use { c in\n            guard c else { return }\n        }\n    }", [2]),
        ("    @Test func a() {\n        b()\n    }\n    func c() {\n        guard b else { return }\n    }", []),
    ])
    func earlyReturnsAreFound(text: String, lines: [Int]) {
        #expect(Self.returns(in: text.split(separator: "\n").map(String.init)) == lines)
    }
}
