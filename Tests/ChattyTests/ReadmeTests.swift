import Foundation
import Testing

@testable import chatty

/// The parser accepts every `chatty` command line in the README.
@Suite("README")
struct ReadmeTests {
    private static let text =
        (try? String(contentsOf: GeneratedFilesTests.package.appendingPathComponent("README.md"), encoding: .utf8)) ?? ""

    /// The command lines of subcommands; those of `chatty` itself, such as `chatty --help`, are left out.
    static let lines: [String] = {
        // Every second part is within a fence.
        return text.split(separator: "```", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            .flatMap { $0.element.split(separator: "\n") }.compactMap { line in
                line.firstMatch(of: #/^(?:\$ |ExecStart=)?(?:\S*/)?(chatty [^-].*)/#).map { String($0.1) }
            }
    }()

    @Test func theUnitIsThatOfTheManual() {
        #expect(Self.text.contains("```\n" + ServeFlags.unit.joined(separator: "\n") + "\n```\n"))
    }

    /// The Debian packages that the marked command installs.
    private static func packages(_ mark: String) throws -> Set<String> {
        let block = try #require(text.split(separator: "<!-- \(mark) -->\n```sh\n").dropFirst().first?.prefix { $0 != "`" })
        let list = try #require(block.firstMatch(of: #/apt-get install --yes ([^&]*) &&/#)?.1)
        return Set(list.split(separator: " ").map(String.init))
    }

    /// The programs that tests need are installed by the command that runs the tests, or are on every Debian.
    @Test func thePackagesOfTheTestsAreInstalled() throws {
        let installed = try Self.packages("test")
        #expect(try Self.packages("serve").isSubset(of: installed))
        let names = ["ip": "iproute2", "nft": "nftables"]
        let always = ["bash", "unshare", "nsenter"]
        var asked: Set<String> = []
        for source in TestSourcesTests.sources {
            for match in source.lines.joined(separator: "\n").matches(of: #/Executable\.path\(of: "(\w+)"\)/#) {
                asked.insert(String(match.1))
            }
        }
        #expect(asked.isSuperset(of: ["ip", "irssi", "mandoc", "tmux"]))
        for name in asked.subtracting(always) { #expect(installed.contains(names[name] ?? name), "\(name)") }
    }

    @Test func thereAreSome() { #expect(Self.lines.count >= 2) }

    @Test(arguments: lines) func commandLinesParse(line: String) throws {
        // A quoted word is one word. What follows a pipe, a redirection or a comment belongs to the shell.
        var words: [String] = []
        for match in line.prefix(while: { !"|><&#".contains($0) }).matches(of: #/'([^']*)'|"([^"]*)"|(\S+)/#) {
            words.append(String(match.1 ?? match.2 ?? match.3 ?? ""))
        }
        let name = try #require(words.dropFirst().first)
        let command = try #require(Command.all.first { $0.spec.name == name })
        _ = try ArgumentParser(spec: command.spec).parse(Array(words.dropFirst(2)))
    }
}
