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
        #expect(name.last.hasSuffix("é.mp4"))
        #expect(name.last.utf8.count <= SafeName.maximumPartBytes)
        #expect(name.last.utf8.count > SafeName.maximumPartBytes - 4)
        let oneCharacter = try #require(SafeName("e" + String(repeating: "\u{301}", count: 400)))
        #expect(oneCharacter.last.utf8.count <= SafeName.maximumPartBytes)
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
        for name in ["", ".", "..", "a/b", "a\0", String(repeating: "a", count: 231)] { #expect(SafeName(chosen: name) == nil) }
    }

    /// Random names from the alphabet of attacks: what comes out always stays inside, visible, and short enough; and is its own safe name.
    @Test(arguments: 0..<64 as Range<UInt64>)
    func properties(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let atoms = [
            "/", "//", ".", "..", "../", "/..", "\\", "a", "Z", " ", "\t", "\n", "\0", "\u{7F}", "\u{202E}", "\u{200B}", "\u{2028}",
            "\u{FEFF}", "con",
            "NUL", "aux.", "lpt1", "~", "-", ":", "*", "é", "e\u{301}", "\u{1F600}", "\u{E000}", ".part", ".journal",
            String(repeating: "x", count: 120),
        ]
        for _ in 0..<500 {
            let offered = (0..<Int.random(in: 0...12, using: &random)).map { _ in atoms.randomElement(using: &random)! }.joined()
            guard let name = SafeName(offered) else { continue }
            let context = "seed \(seed), offered \(offered.debugDescription), got \(name.path.debugDescription)"
            #expect(SafeName(name.path) == name, "\(context)")
            for candidate in [name, name.numbered(999)] {
                #expect(!candidate.path.hasPrefix("/"), "\(context)")
                for part in candidate.parts {
                    #expect(!part.isEmpty && part != "." && part != ".." && !part.hasPrefix("."), "\(context)")
                    #expect(!part.lowercased().hasSuffix(".part"), "\(context)")
                    #expect(!part.unicodeScalars.contains { $0.value < 32 || $0.value == 127 || $0 == "/" || $0 == "\\" }, "\(context)")
                }
                #expect(candidate.journalName.utf8.count <= 255, "\(context)")
                #expect(candidate.path.utf8.count < 4096, "\(context)")
            }
        }
    }
}
