import Foundation
import TestSupport
import Testing

/// All texts for users use words that a newcomer understands: the string literals of the sources (messages, options, log lines), the
/// hand-written manuals and the README. These private words and turns of phrase must not come back.
@Suite("Words", .longComputation)
struct WordsTests {
    /// The unwanted phrases, each with a replacement.
    private static let unwanted = [
        "way in": "protocol, or kind of client", "ways in": "protocols, or kinds of clients", "debts": "undelivered messages",
        "forgiven": "discarded", "forgives": "discards", "is heard of": "sends packets", "hear of": "receive from",
        "is told of": "is informed about", "is talked to": "who talks to whom", "stand any more": "is closed", "stand no more": "is closed",
        "taken away": "removed, or deleted", "set up anew": "set up again", "passed over": "ignored", "of who": "of the user who",
        "from who": "from the user who", "to who": "to the user who", "such as one that": "for example", "knows no": "has no",
        "does not go with": "cannot be used with", "good until": "valid until",
        "nobody here": "chatty does not", "is here again": "has logged in", "was here already": "was received before",
        "no sign of life": "does not answer", "the reader of the output": "the program reading the output",
        "what it carried": "its contents", "what is said of": "the text about",
    ]

    private struct Finding: Equatable {
        let line: Int
        let phrase: String
    }

    @Test(arguments: [
        "chatty", "ChatClient", "ChatCodec", "ChatHub", "ChatProtocol", "ChatServer", "ChatStore", "Connectivity", "NetworkIO",
        "TransferIO", "TransferProtocol",
    ])
    func literalsOfTheSources(target: String) throws {
        let files = try ArchitectureTests.files(of: target)
        #expect(!files.isEmpty)
        for file in files { report("Sources/\(target)/\(file.path)", Self.literals(of: Self.lines(of: file.text))) }
    }

    @Test(arguments: ["README.md", "man/chatty-chat.7", "man/chatty-transfer.7"]) func pages(path: String) throws {
        let text = try String(contentsOf: ArchitectureTests.package.appendingPathComponent(path), encoding: .utf8)
        report(path, Self.lines(of: text))
    }

    private func report(_ path: String, _ lines: [String]) {
        for finding in Self.findings(in: lines) {
            Issue.record("\(path):\(finding.line): \"\(finding.phrase)\"; instead: \(Self.unwanted[finding.phrase] ?? "")")
        }
    }

    private static func lines(of text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Finds whole words in any case, also where a phrase continues in the next line.
    private static func findings(in lines: [String]) -> [Finding] {
        let words = words(of: lines)
        let text = words.map(\.text)
        return words.indices.flatMap { index in
            (phrases[text[index]] ?? []).filter { text[index...].starts(with: $0) }
                .map { Finding(line: words[index].line, phrase: $0.joined(separator: " ")) }
        }
    }

    /// The phrases as words, by their first word.
    private static let phrases = Dictionary(grouping: unwanted.keys.map { $0.split(separator: " ").map(String.init) }, by: \.[0])

    /// The words in lower case, each with its line number. Punctuation between two words is an empty word.
    private static func words(of lines: [String]) -> [(text: String, line: Int)] {
        func kind(_ byte: UInt8) -> Int { byte == 0x20 ? 0 : (0x61...0x7A).contains(byte | 0x20) || byte >= 0x80 ? 1 : 2 }
        var words: [(text: String, line: Int)] = []
        for (index, line) in lines.enumerated() {
            var rest = Array(line.utf8)[...]
            while let first = rest.first {
                let piece = rest.prefix { kind($0) == kind(first) }
                rest = rest[piece.endIndex...]
                let text = kind(first) == 1 ? String(decoding: piece, as: UTF8.self) : ""
                // A word in capitals is a command of IRC.
                if kind(first) > 0 { words.append((piece.allSatisfy { $0 < 0x60 } ? text : text.lowercased(), index + 1)) }
            }
        }
        return words
    }

    /// The lines reduced to the contents of string literals, without single words and SQL, which users do not see.
    private static func literals(of lines: [String]) -> [String] {
        var isInside = false
        return lines.map { line in
            let code = line.drop { $0 == " " }
            if code.hasPrefix("//") { return "" }
            if isInside {
                if code.hasPrefix("\"\"\"") { isInside = false }
                return isInside && !isSQL(code) ? code.trimmingCharacters(in: CharacterSet(charactersIn: " \\")) : ""
            }
            if code.hasSuffix("\"\"\"") {
                isInside = true
                return ""
            }
            let parts = line.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            return parts.map(\.element).filter { $0.contains(" ") && !isSQL($0) }.joined(separator: " ")
        }
    }

    private static func isSQL(_ text: Substring) -> Bool { text.contains(#/\b(?:SELECT|FROM|INTO|TABLE|UPDATE|INDEX|JOIN) /#) }

    @Test(arguments: [
        ("let a = \"by every way in\"", ["way in"]), ("let a = \"always in\"", []), ("// every way in", []),
        ("let wayIn = 1 // every way in", []), ("x(\n    \"\"\"\n    Knows no \\\n    tickets.\n    \"\"\")", ["knows no"]),
        ("a = \"what is \"\nb = \"said of\"", ["what is said of"]), ("run(\"DELETE FROM debts WHERE a\")", []),
        ("\"a debts b\"", ["debts"]), ("\"End of WHO\"", []),
    ])
    func wordsAreFound(source: String, phrases: [String]) {
        #expect(Self.findings(in: Self.literals(of: Self.lines(of: source))).map(\.phrase) == phrases)
    }
}
