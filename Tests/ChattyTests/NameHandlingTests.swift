import Foundation
import TestSupport
import Testing

/// Names, paths and delimiters are compared by bytes or scalars. A delimiter with a combining mark is another `Character`, but the kernel,
/// the peer and the file still have the delimiter.
@Suite("Names are bytes", .longComputation)
struct NameHandlingTests {
    /// The targets and folders to which this applies.
    static let rooms = ["Connectivity", "TransferProtocol", "NetworkIO", "TransferIO", "chatty/Transfer"]

    /// Calls that compare or split by `Character`, unless they are made on the bytes or scalars of a text.
    nonisolated(unsafe) private static let byCharacter =
        #/\.(?:split\(separator: "|(?:first|last) [!=]= "|has(?:Suffix|Prefix)\("|(?:first|last)Index\(of: "|contains\("|trimmingPrefix\(")|\$0\.is(?:Whitespace|Newline|Letter|Number)\b/#
    nonisolated(unsafe) private static let ofAView = #/(?:utf8|[sS]calars)(?:\[[^\[\]]*\])?$/#

    /// An exception says `// By character: ` and a reason, at the end of the line or in a line before it.
    static let exception = "// By character: "

    static func findings(in text: String) -> [String] {
        var before = Substring()
        return text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line in
            defer { before = line }
            guard !line.drop(while: { $0 == " " }).hasPrefix("//"), !line.contains(exception), !before.contains(exception) else {
                return nil
            }
            let isFound = line.matches(of: byCharacter).contains { match in
                line[..<match.range.lowerBound].firstMatch(of: ofAView) == nil
            }
            return isFound ? String(line) : nil
        }
    }

    @Test(arguments: rooms) func nothingIsDecidedByCharacters(room: String) throws {
        for file in try ArchitectureTests.files(of: room) {
            for line in Self.findings(in: file.text) { Issue.record("\(room)/\(file.path): \(line)") }
        }
    }

    @Test(arguments: [
        (#"path.split(separator: "/")"#, true), (#"if name.first == ".""#, true), (#"name.last != " ""#, true),
        (#"name.hasSuffix(".part")"#, true), (#"text.lastIndex(of: ":")"#, true), (#"host.contains("[")"#, true),
        (#"text.drop { $0.isWhitespace }"#, true), (#"text.unicodeScalars.first == ".""#, false),
        (#"text.drop { $0.properties.isWhitespace }"#, false), (#"scalars[...last].lastIndex(of: ".")"#, false),
        (#"path.utf8.split(separator: UInt8(ascii: "/"))"#, false), (#"name == ".""#, false), (#"// name.first == ".""#, false),
        ("name.first == \".\"  // By character: it is shown.", false), ("// By character: it is shown.\nname.first == \".\"", false),
    ])
    func suchCallsAreFound(line: String, isFound: Bool) {
        #expect(!Self.findings(in: line).isEmpty == isFound)
    }
}
