import ChatProtocol
import TestSupport
import Testing

@testable import ChatClient

@Suite struct CompletionTests {
    private static let names: NameDirectory = {
        var names = NameDirectory()
        for user in ["luke", "Leia", "hans"] { names.record(user: user) }
        for group in ["jedi", "sith"] { names.record(group: group) }
        return names
    }()
    private static let tree = ["": ["a b.mp4", "films/", ".hidden", "it's"], "films/": ["x.mp4"], "a b/": ["c"]]

    private func complete(_ line: String) -> [String] {
        // The word as readline splits it off: after the last space without a backslash before it.
        let before = EscapedPath.words(line + "x").dropLast().joined(separator: " ")
        let word = EscapedPath.words(line + "x").last.map { String($0.dropLast()) } ?? ""
        return Completion.of(
            word, after: before.isEmpty ? "" : before + " ", names: Self.names, ignored: ["Palpatine", "Vader"], offers: [1, 12]
        ) { Self.tree[$0] ?? [] }.candidates
    }

    @Test(arguments: [
        ("/msg", ["/msgto"]), ("/l", ["/logout", "/leavegroup"]), ("/msgto l", ["Leia", "luke"]), ("/msgto LE", ["Leia"]),
        ("/msgto luke h", ["hans"]), ("/p2pvideo h", ["hans"]), ("/joingroup ", ["sith", "jedi"]), ("/groupmsg j", ["jedi"]),
        ("/joingroup #j", ["#jedi"]), ("/invite #S", ["#sith"]),
        ("/creategroup ", []), ("/creategroup new l", ["Leia", "luke"]), ("/invite jedi h", ["hans"]), ("/help act", ["activeuser"]),
        ("/help /act", ["activeuser"]), ("/talk #s", ["#sith"]), ("/talk h", ["hans"]), ("/unignore v", ["Vader"]), ("/ignore h", ["hans"]),
        ("/accept 1", ["1", "12"]), ("/activeuser x", []),
        ("le", ["Leia"]), ("hello ha", ["hans"]), ("/unknown x", []), ("/p2pvideo luke a", ["a\\ b.mp4"]),
        ("/p2pvideo luke a\\ b", ["a\\ b.mp4"]), ("/p2pvideo luke f", ["films/"]), ("/p2pvideo luke films/", ["films/x.mp4"]),
        ("/p2pvideo luke a\\ b/", ["a\\ b/c"]), ("/p2pvideo luke .", [".hidden"]), ("/p2pvideo luke i", ["it\\'s"]),
    ])
    func whatTabOffers(line: String, candidates: [String]) { #expect(complete(line) == candidates) }

    /// Users to whom this account has written, in any of its sessions, are known, whether they are active or not.
    @Test func whomOneWritesToIsKnown() {
        var play = ConsoleTranscript()
        play.logIn()
        func offered(_ word: String) -> [String] { play.console.completion(of: word, after: "/msgto ") { _ in [] }.candidates }
        _ = play.type("/msgto Ethan hey")
        _ = play.type("/msgto nobody hey")
        #expect(offered("e") == [])
        _ = play.answer(1, .sent(to: "ethan", at: Timestamp(milliseconds: 0)), .kept(for: "ethan"))
        _ = play.answer(2, .noSuchUser("nobody"))
        #expect(offered("e") == ["ethan"])
        #expect(offered("n") == [])
        let elsewhere = ReceivedMessage(
            id: nil, time: Timestamp(milliseconds: 0), from: "yoda", conversation: .user("obi"), text: "hey", isOwn: true)
        _ = play.client(.message(elsewhere))
        #expect(offered("") == ["obi", "ethan"])
    }

    @Test func thoseHeardOfLastComeFirst() {
        var names = Self.names
        names.record(user: "luke")
        #expect(names.users("") == ["luke", "hans", "Leia"])
        names.record(user: "not a name")
        #expect(names.users("not") == [])
    }

    @Test func activeUsersComeFirst() {
        var names = Self.names
        names.record(user: "luke", isActive: true)
        names.record(user: "hans")
        #expect(names.users("") == ["luke", "hans", "Leia"])
        names.endActive()
        #expect(names.users("") == ["luke", "hans", "Leia"])
        // The next list has another user.
        names.record(user: "Leia", isActive: true)
        names.endActive()
        #expect(names.users("") == ["Leia", "hans", "luke"])
        names.record(user: "hans", isActive: true)
        #expect(names.users("") == ["hans", "Leia", "luke"])
    }

    /// A group is known even if the account has not joined it.
    @Test func groupsAreKnownFromTheLogInOn() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(
            play.client(
                .answered(RequestID(rawValue: .max), Answer([ServerNotice(.group("open", members: 2, open: true, joined: false))])))
                == [])
        #expect(play.console.completion(of: "op", after: "/joingroup ", list: { _ in [] }).candidates == ["open"])
    }

    @Test func namesAreForgottenAtALimit() {
        var names = NameDirectory()
        for number in 0...NameDirectory.limit { names.record(user: "u\(number)") }
        #expect(names.users("u").count == NameDirectory.limit)
        #expect(names.users("u0").isEmpty)
    }

    @Test(arguments: [
        "plain", "with space", "back\\slash", "quote's", "\"", "tab\t", "ü 漢", "a \u{308}b", "\"\u{301}x\"", "a\\\u{301}", "e\u{301}",
    ])
    func pathsSurviveTheirEscapes(path: String) {
        #expect(Array(EscapedPath.plain(EscapedPath.escaped(path)).utf8) == Array(path.utf8))
        #expect(EscapedPath.words("/x " + EscapedPath.escaped(path)).count == 2)
    }

    /// A name that begins with a combining mark is found in its folder, and two spellings of one text are two files.
    @Test func pathsAreCompletedByBytes() {
        func files(_ word: String, _ tree: [String: [String]]) -> [[UInt8]] {
            Completion.of(word, after: "/p2pvideo luke ", names: NameDirectory(), ignored: [], offers: []) { tree[$0] ?? [] }.candidates
                .map { Array($0.utf8) }
        }
        #expect(files("d/", ["d/": ["\u{301}x"]]) == [Array("d/\u{301}x".utf8)])
        #expect(files("d/\u{301}", ["d/": ["\u{301}x", "e"]]) == [Array("d/\u{301}x".utf8)])
        #expect(files("e", ["": ["e\u{301}", "é"]]) == [Array("e\u{301}".utf8)])
        #expect(files("", ["": [".\u{200D}profile", "x"]]) == [Array("x".utf8)])
        #expect(files("a\\ \u{308}", ["": ["a \u{308}b"]]) == [Array("a\\ \u{308}b".utf8)])
    }

    /// A hostile server may name thousands of users: each costs no more than the first.
    @Test(.longComputation) func namesCostWhatTheyAre() {
        let count = { (bytes: Int) in bytes }
        let growth = WorkPerByte.growth(count) { count in
            var names = NameDirectory()
            for number in 0..<count { names.record(user: "u\(number)") }
        }
        #expect(growth < WorkPerByte.bound)
    }

    @Test func spacesBehindAPathAreNotOfIt() {
        #expect(EscapedPath.trimmed("a\\ b \t ") == "a\\ b")
        #expect(EscapedPath.trimmed("a\\ ") == "a\\ ")
        #expect(EscapedPath.trimmed("\"a b\"") == "a b")
        #expect(Array(EscapedPath.trimmed("\"\u{301}x\" ").utf8) == Array("\u{301}x".utf8))
        #expect(Array(EscapedPath.trimmed("x \u{308} ").utf8) == Array("x \u{308}".utf8))
    }
}
