import Foundation
import Testing

@Suite("Manual pages")
struct ManualTests {
    static let pages = (try? FileManager.default.contentsOfDirectory(atPath: Executable.package + "/man"))?.sorted() ?? []

    @Test func thereIsOneForTheProgramAndEachCommand() {
        for name in ["chatty", "chatty-serve", "chatty-connect", "chatty-send-file", "chatty-recv-file", "chatty-users"] {
            #expect(Self.pages.contains("\(name).1"))
        }
    }

    @Test(arguments: pages) func mandocFindsNothingWrong(page: String) async throws {
        let mandoc = try #require(Executable.path(of: "mandoc"))
        let lint = try ChattyProcess("-T", "lint", "\(Executable.package)/man/\(page)", executable: mandoc)
        let findings = try await lint.output.end().split(separator: "\n").filter {
            // The pages are not installed here; the test below checks that referenced pages exist.
            !$0.contains("referenced manual not found")
        }
        #expect(findings == [])
    }

    @Test(arguments: pages.filter { $0.hasSuffix(".1") }) func aCommandsPageHasAllThatPeopleLookFor(page: String) throws {
        let text = try String(contentsOfFile: "\(Executable.package)/man/\(page)", encoding: .utf8)
        for section in ["SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"] {
            #expect(text.contains("\n.Sh \(section)\n"), "\(section)")
        }
    }

    @Test(arguments: pages) func thePagesReferredToExist(page: String) throws {
        let text = try String(contentsOfFile: "\(Executable.package)/man/\(page)", encoding: .utf8)
        for match in text.matches(of: /\n\.Xr (chatty\S*) (\d)/) { #expect(Self.pages.contains("\(match.1).\(match.2)")) }
    }
}
