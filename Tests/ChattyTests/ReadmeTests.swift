import Foundation
import Testing

@testable import chatty

/// Every `chatty` command line that the README shows is one that the parser takes.
@Suite("README")
struct ReadmeTests {
    static let lines: [String] = {
        let text = (try? String(contentsOf: GeneratedFilesTests.package.appendingPathComponent("README.md"), encoding: .utf8)) ?? ""
        // Every second part is within a fence.
        return text.split(separator: "```", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            .flatMap { $0.element.split(separator: "\n") }.compactMap { line in
                line.firstMatch(of: #/^(?:\$ |ExecStart=)?(?:\S*/)?(chatty .*)/#).map { String($0.1) }
            }
    }()

    @Test func theUnitIsThatOfTheManual() {
        let text = (try? String(contentsOf: GeneratedFilesTests.package.appendingPathComponent("README.md"), encoding: .utf8)) ?? ""
        #expect(text.contains("```\n" + ServeFlags.unit.joined(separator: "\n") + "\n```\n"))
    }

    @Test func thereAreSome() { #expect(Self.lines.count >= 2) }

    @Test(arguments: lines) func commandLinesParse(line: String) throws {
        // Quoted words are one; what follows a pipe, a redirection or a comment is the shell's.
        var words: [String] = []
        for match in line.prefix(while: { !"|><&#".contains($0) }).matches(of: #/'([^']*)'|"([^"]*)"|(\S+)/#) {
            words.append(String(match.1 ?? match.2 ?? match.3 ?? ""))
        }
        guard words.count > 1, !words[1].hasPrefix("-") else { return }
        let command = try #require(Command.all.first { $0.spec.name == words[1] })
        _ = try ArgumentParser(spec: command.spec).parse(Array(words.dropFirst(2)))
    }
}
