import Foundation
import Testing

@testable import chatty

/// The versions in the section CHANGES of chatty(1).
@Suite("Changes")
struct ChangesTests {
    private static func numbers(_ version: Changes.Version) throws -> [Int] {
        let parts = version.number.split(separator: ".", omittingEmptySubsequences: false)
        return try parts.map { try #require(Int($0)) }
    }

    private static func day(_ version: Changes.Version) throws -> Date {
        try Date(version.date, strategy: Date.FormatStyle(locale: Locale(identifier: "en_US")).month(.wide).day().year().parseStrategy)
    }

    @Test func theProgramIsTheNewestVersion() {
        #expect(Changes.all.first?.number == Product.version)
        #expect(VersionText.text().hasPrefix("chatty \(Product.version)\n"))
    }

    @Test func theNewestIsFirst() throws {
        for version in Changes.all { #expect(try Self.numbers(version).count == 3, "\(version.number)") }
        for (newer, older) in zip(Changes.all, Changes.all.dropFirst()) {
            #expect(try Self.numbers(older).lexicographicallyPrecedes(Self.numbers(newer)), "\(newer.number) is before \(older.number)")
            #expect(try Self.day(older) <= Self.day(newer))
        }
    }

    @Test(arguments: Changes.all.map(\.number)) func eachSaysInSentencesWhatIsNew(number: String) throws {
        let version = try #require(Changes.all.first { $0.number == number })
        #expect(!version.changes.isEmpty)
        for change in version.changes { #expect(change.hasSuffix("."), "\(change)") }
    }

    @Test func theManualHasThemAllInThatOrder() throws {
        var rest = try #require(GeneratedFiles.contents(of: "man/chatty.1")?.split(separator: "\n.Sh CHANGES\n").dropFirst().first)[...]
        rest = try #require(rest.split(separator: "\n.Sh ").first)
        for version in Changes.all {
            let item = try #require(rest.range(of: ".It \(version.number) (\(version.date))\n"))
            rest = rest[item.upperBound...]
            for change in version.changes {
                let text = try #require(rest.range(of: ".It\n\(Roff.text(change))\n"))
                rest = rest[text.upperBound...]
            }
        }
    }

    /// A generated page checks the order, because the table has only one version.
    @Test func aPageOfTwoVersions() {
        var page = Page(title: "A", name: "a", summary: "b")
        page.changes([
            Changes.Version(number: "0.2.0", date: "May 2, 2027", changes: ["`a` is new.", "b goes."]),
            Changes.Version(number: "0.1.0", date: "May 1, 2027", changes: ["First."]),
        ])
        #expect(
            page.text.hasSuffix(
                """
                .Sh CHANGES
                .Bl -tag -width Ds
                .It 0.2.0 (May 2, 2027)
                .Bl -bullet -compact
                .It
                \\fBa\\fR is new.
                .It
                b goes.
                .El
                .It 0.1.0 (May 1, 2027)
                .Bl -bullet -compact
                .It
                First.
                .El
                .El

                """))
    }
}
