import TestSupport
import Testing

@testable import TransferProtocol

@Suite(.longComputation) struct SafeNameTests {
    @Test(arguments: [
        ("movie.mp4", "movie.mp4"),
        ("holidays/2026/movie.mp4", "holidays/2026/movie.mp4"),
        ("/etc/passwd", "etc/passwd"),
        ("../../etc/passwd", "etc/passwd"),
        ("a/../../b", "a/b"),
        ("./a//b/", "a/b"),
        (".bashrc", "_bashrc"),
        (".ssh/authorized_keys", "_ssh/authorized_keys"),
        ("...", "_.."),
        (" .hidden ", "_hidden"),
        ("a\nb\u{1B}[2Jc", "a_b_[2Jc"),
        ("evil\u{202E}gpj.exe", "evil_gpj.exe"),
        ("..\\..\\boot.ini", "_._.._boot.ini"),
        ("nul", "_nul"),
        ("Con.txt", "_Con.txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("common.txt", "common.txt"),
        ("lpt10", "lpt10"),
        ("Fahrt \u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}.mp4", "Fahrt \u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}.mp4"),
        ("a\0b", "a_b"),
        ("movie.mp4.part", "movie.mp4_part"),
        ("movie.PaRt", "movie_PaRt"),
        ("a.part/b.part.part", "a_part/b.part_part"),
        (".part", "_part"),
        (".movie.mp4.part.journal", "_movie.mp4.part.journal"),
        ("movie.party", "movie.party"),
        // A combining mark or joiner behind a delimiter forms one `Character` with it, but the kernel sees the delimiter.
        ("d/\u{301}x", "d/\u{301}x"),
        ("link/\u{301}made/x", "link/\u{301}made/x"),
        (".\u{200D}profile", "_\u{200D}profile"),
        (".\u{301}profile", "_\u{301}profile"),
        ("\u{200D}.profile", "\u{200D}_profile"),
        ("..\u{301}/x", "_.\u{301}/x"),
        ("movie.mp4.\u{200D}part", "movie.mp4_\u{200D}part"),
        ("movie.part\u{FE0F}", "movie_part\u{FE0F}"),
        ("movie.part.", "movie_part."),
        ("nul\u{200D}.txt", "_nul\u{200D}.txt"),
        ("con\u{301}.txt", "con\u{301}.txt"),
        ("a\\\u{301}b", "a_\u{301}b"),
        ("x \u{301}", "x \u{301}"),
        // A file inside a folder may be hidden, but no name may be a journal's or consist of dots alone.
        ("project/.git/config", "project/.git/config"),
        ("/./project/.env", "project/.env"),
        ("project/.movie.mp4.part.journal", "project/_movie.mp4.part.journal"),
        ("project/.MOVIE.mp4.Part.\u{200D}jour\u{FE0F}nal. ", "project/_MOVIE.mp4.Part.\u{200D}jour\u{FE0F}nal."),
        ("project/.x.part", "project/.x_part"),
        ("project/...", "project/_.."),
        ("project/.\u{200D}.", "project/_\u{200D}."),
        ("project/\u{FE0F} ..", "project/\u{FE0F}_.."),
    ])
    func aNameIsReduced(offered: String, safe: String) {
        #expect(SafeName(offered)?.path == safe)
    }

    @Test(arguments: ["", "/", ".", "..", "../..", "///", " ", "./ /."])
    func nothingIsLeft(offered: String) {
        #expect(SafeName(offered) == nil)
    }

    @Test func tooMuchIsRefused() {
        #expect(SafeName(Array(repeating: "a", count: 64).joined(separator: "/")) != nil)
        #expect(SafeName(Array(repeating: "a", count: 65).joined(separator: "/")) == nil)
        #expect(SafeName(String(repeating: "a", count: 100_000)) == nil)
        #expect(SafeName(Array(repeating: String(repeating: "x", count: 200), count: 25).joined(separator: "/")) == nil)
    }

    @Test func aLongNameKeepsItsExtension() throws {
        let name = try #require(SafeName(String(repeating: "é", count: 400) + ".mp4"))
        #expect(name.path.hasSuffix("é.mp4"))
        #expect(name.last.bytes.count <= SafeName.maximumPartBytes)
        #expect(name.last.bytes.count > SafeName.maximumPartBytes - 4)
        // The cut is between scalars, and the extension stays whole even if a combining mark follows the dot.
        let marked = try #require(SafeName(String(repeating: "a", count: 300) + ".\u{301}b"))
        #expect(marked.last.bytes.suffix(4).elementsEqual(".\u{301}b".utf8))
        let oneCharacter = try #require(SafeName("e" + String(repeating: "\u{301}", count: 400)))
        #expect(oneCharacter.last.bytes.count <= SafeName.maximumPartBytes)
    }

    @Test func numbering() throws {
        let name = try #require(SafeName("a/movie.tar.mp4"))
        #expect(name.numbered(0) == name)
        #expect(name.numbered(1).path == "a/movie.tar (1).mp4")
        #expect(try #require(SafeName("README")).numbered(12).path == "README (12)")
        #expect(name.partName == "movie.tar.mp4.part")
        #expect(name.journalName == ".movie.tar.mp4.part.journal")
    }

    @Test func aChosenNameIsTaken() {
        #expect(SafeName(chosen: ".hidden")?.path == ".hidden")
        #expect(SafeName(chosen: ByteString([0x75, 0xE9]))?.last.bytes == [0x75, 0xE9])
        for name: ByteString in ["", ".", "..", "a/b", "a/\u{301}b", ByteString(String(repeating: "a", count: 231))] {
            #expect(SafeName(chosen: name) == nil)
        }
    }

    /// `String` considers these equal.
    @Test func twoWaysToWriteALetterAreTwoNames() throws {
        let (composed, decomposed) = (try #require(SafeName("\u{E9}/x")), try #require(SafeName("e\u{301}/x")))
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
    }

    /// The cut would leave the name of a journal.
    @Test func noLongNameBecomesAJournal() throws {
        let stem = "." + String(repeating: "a", count: SafeName.maximumPartBytes - 14)
        let name = try #require(SafeName("x/" + stem + ".part.journal" + String(repeating: "b", count: 99)))
        #expect(name.last.starts(with: "_"))
    }

    @Test func aRefusedNameHasSubstitutes() throws {
        #expect(try #require(SafeName("a?/b*c: <d>|\"e\"..")).substitutes.map(\.path) == ["a?/b_c_ _d___e___"])
        #expect(try #require(SafeName("\u{65E5}?.txt")).substitutes.map(\.path) == ["\u{65E5}_.txt", "__.txt"])
        #expect(try #require(SafeName("plain.txt")).substitutes.isEmpty)
        #expect(try #require(SafeName(chosen: "what?")).substitutes.isEmpty)
    }

    @Test(arguments: [("/a//b", true), (".a", false), ("a/.b", true), ("a\u{301}", true)])
    func whatIsAsOfferedIsKnown(offered: String, isAsOffered: Bool) throws {
        #expect(try #require(SafeName(offered)).isAsOffered == isAsOffered)
        #expect(try !#require(SafeName(offered)).numbered(1).isAsOffered)
    }

    /// Random names from the alphabet of attacks: a result is always relative, visible and short enough, and it is its own safe name.
    @Test(arguments: 0..<64 as Range<UInt64>)
    func properties(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let atoms = [
            "/", "//", ".", "..", "../", "/..", "\\", "a", "Z", " ", "\t", "\n", "\0", "\u{7F}", "\u{202E}", "\u{200B}", "\u{2028}",
            "\u{FEFF}", "con",
            "NUL", "aux.", "lpt1", "~", "-", ":", "*", "é", "e\u{301}", "\u{1F600}", "\u{E000}", ".part", ".journal", "\u{301}", "\u{200D}",
            "\u{FE0F}", "\u{34F}",
            String(repeating: "x", count: 120),
        ]
        for _ in 0..<500 {
            let offered = (0..<Int.random(in: 0...12, using: &random)).map { _ in atoms.randomElement(using: &random)! }.joined()
            guard let name = SafeName(offered) else { continue }
            let context = "seed \(seed), offered \(offered.debugDescription), got \(name.path.debugDescription)"
            #expect(SafeName(name.path) == name, "\(context)")
            for candidate in [name, name.numbered(999)] {
                for part in candidate.parts {
                    #expect(part.text != nil && (part.bytes.first != UInt8(ascii: ".") || part != candidate.parts[0]), "\(context)")
                    // As a file system sees it that ignores case, ignorable characters, and dots and blanks at the end.
                    let seen = part.description.unicodeScalars.filter { !$0.properties.isDefaultIgnorableCodePoint }
                    let folded = Array(String(String.UnicodeScalarView(seen)).lowercased().utf8).reversed().drop { ". ".utf8.contains($0) }
                    #expect(!folded.isEmpty, "\(context)")
                    #expect(folded.last != UInt8(ascii: ".") || !folded.starts(with: ".part.journal".utf8.reversed()), "\(context)")
                    #expect(!folded.starts(with: ".part".utf8.reversed()), "\(context)")
                    #expect(
                        !part.bytes.contains { $0 < 32 || $0 == 127 || [UInt8(ascii: "/"), UInt8(ascii: "\\")].contains($0) }, "\(context)")
                }
                #expect(candidate.journalName.bytes.count <= 255, "\(context)")
                #expect(candidate.path.utf8.count < 4096, "\(context)")
            }
        }
    }
}
