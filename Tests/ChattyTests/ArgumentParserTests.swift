import TestSupport
import Testing
import TransferProtocol

@testable import chatty

@Suite("ArgumentParser", .longComputation)
struct ArgumentParserTests {
    static let color = Flag<Bool>.switch("color", short: "c", aliases: ["colour"], "Colours", manual: "Colours.")
    static let quiet = Flag<Bool>.switch("quiet", short: "q", "Less", manual: "Less.")
    static let name = Flag<String?>.optional("name", short: "n", "NAME", .text, "A name", manual: "A name.")
    static let size = Flag<Int>.value("size", short: "s", "N", .number(1...9), default: 5, "5", "A size", manual: "A size.")
    static let word = Flag<[String]>.repeatable("word", short: "w", "WORD", .text, "A word", manual: "A word.")
    static let wait = Flag<OptionalValue<Duration>>.optionalValue(
        "wait", "TIME", .duration(.zero...Duration.seconds(99)), "Wait", manual: "Wait.")
    static let first = Positional<String>.required("FIRST", .text, manual: "First.")
    static let second = Positional<Int>.optional("SECOND", .number(0...99), default: 7, "7", manual: "Second.")

    static let spec = CommandSpec(
        name: "try", summary: "try it", positionals: [first.spec, second.spec],
        flags: [color.spec, quiet.spec, name.spec, size.spec, word.spec, wait.spec], description: [], examples: [], seeAlso: [])

    private func parse(_ words: String...) throws -> Arguments {
        guard case .run(let arguments) = try ArgumentParser(spec: Self.spec).parse(words) else {
            throw UsageError("asked for help")
        }
        return arguments
    }

    @Test func whatIsNotGivenHasItsDefault() throws {
        let arguments = try parse("a")
        #expect(arguments[Self.first] == "a")
        #expect(arguments[Self.second] == 7)
        #expect(!arguments[Self.color])
        #expect(arguments[Self.name] == nil)
        #expect(arguments[Self.size] == 5)
        #expect(arguments[Self.word] == [])
        #expect(arguments[Self.wait] == .absent)
        #expect(!arguments.has(Self.size))
    }

    @Test(arguments: [
        ["a", "--name", "x", "--color"], ["--name=x", "a", "--color"], ["-n", "x", "-c", "a"], ["-nx", "a", "-c"], ["-n=x", "-c", "a"],
        ["-cn", "x", "a"], ["-cnx", "a"], ["--colour", "a", "-n", "x"], ["--color", "-nx", "--", "a"],
    ])
    func allSpellingsMeanTheSame(words: [String]) throws {
        guard case .run(let arguments) = try ArgumentParser(spec: Self.spec).parse(words) else { throw UsageError("help") }
        #expect(arguments[Self.name] == "x")
        #expect(arguments[Self.color])
        #expect(arguments[Self.first] == "a")
    }

    @Test func theLastOneCountsAndRepeatablesAddUp() throws {
        let arguments = try parse("-s1", "-w", "one", "--size=2", "--word=two words", "a", "-wthree")
        #expect(arguments[Self.size] == 2)
        #expect(arguments[Self.word] == ["one", "two words", "three"])
    }

    @Test func afterTwoDashesEverythingIsAnArgument() throws {
        #expect(try parse("--", "--name")[Self.first] == "--name")
        #expect(try parse("-")[Self.first] == "-")
    }

    @Test func aValueMayBeginWithADashOnlyWhereItIsAttached() throws {
        #expect(try parse("a", "--name=-x")[Self.name] == "-x")
        #expect(try parse("a", "--name", "-")[Self.name] == "-")
        #expect(throws: UsageError("--name needs a value: --name=NAME", command: "try")) { try parse("a", "--name", "-x") }
        #expect(throws: UsageError("-n needs a value: -n NAME", command: "try")) { try parse("a", "-n") }
    }

    @Test func oneDashAndAWordIsALetterWithItsValue() throws {
        #expect(try parse("a", "-name")[Self.name] == "ame")
    }

    @Test func anEqualsSignWithinAValueStays() throws {
        #expect(try parse("a", "--name=x=y")[Self.name] == "x=y")
    }

    @Test func anOptionalValueStandsBehindItsSignAlone() throws {
        #expect(try parse("--wait", "a")[Self.wait] == .bare)
        #expect(try parse("a", "--wait")[Self.wait] == .bare)
        #expect(try parse("--wait", "30", "8")[Self.wait] == .bare)
        #expect(try parse("--wait", "30", "8")[Self.first] == "30")
        #expect(try parse("--wait=1m", "a")[Self.wait] == .given(.seconds(60)))
        #expect(throws: UsageError.self) { try parse("--wait=soon", "a") }
    }

    @Test(arguments: [
        (["a", "--nam", "x"], "There is no option --nam. Did you mean --name?"),
        (["a", "--qiuet"], "There is no option --qiuet. Did you mean --quiet?"),
        (
            ["a", "--secnd=3"],
            "There is no option --secnd. SECOND is given without a name before it: chatty try [OPTION ...] FIRST [SECOND]"
        ),
        (["a", "--zzz"], "There is no option --zzz."),
        (["a", "-z"], "There is no option -z."),
        (["a", "--color=yes"], "--color takes no value."),
        (["a", "-c=yes"], "-c takes no value."),
        (["a", "--size", "10"], "--size needs a number from 1 to 9, not 10"),
        (["a", "--size", "+1"], "--size needs a number from 1 to 9, not +1"),
        (["a", "--size="], "--size is empty: it needs a number from 1 to 9"),
        (["a", "x"], "SECOND needs a number from 0 to 99, not x"),
        (["a", "1", "b\u{1b}"], "One argument too many: b\\u{1B}"),
        ([], "FIRST is missing."),
    ])
    func whatIsWrongIsSaid(words: [String], message: String) throws {
        #expect(throws: UsageError(message, command: "try")) { try ArgumentParser(spec: Self.spec).parse(words) }
    }

    @Test func helpIsShownWhateverFollows() throws {
        #expect(try ArgumentParser(spec: Self.spec).parse(["--help", "--nonsense"]) == .help)
        #expect(try ArgumentParser(spec: Self.spec).parse(["-qh"]) == .help)
        #expect(try ArgumentParser(spec: Self.spec).parse(["-V"]) == .version)
        #expect(try ArgumentParser(spec: Self.spec).parse(["--", "-V"]) != .version)
    }

    @Test func argumentsBehindAListAreTakenFromTheEnd() throws {
        guard case .run(let arguments) = try ArgumentParser(spec: SendFileFlags.spec).parse(["a", "b", "c", "host:1"]) else {
            throw UsageError("help")
        }
        #expect(arguments[SendFileFlags.files] == ["a", "b", "c"])
        #expect(arguments[SendFileFlags.destination] == "host:1")
        // An optional argument takes no word that the list needs.
        guard case .run(let alone) = try ArgumentParser(spec: SendFileFlags.spec).parse(["a"]) else { throw UsageError("help") }
        #expect(alone[SendFileFlags.files] == ["a"])
        #expect(!alone.has(SendFileFlags.destination))
        #expect(throws: UsageError("FILE is missing.", command: "send-file")) {
            try ArgumentParser(spec: SendFileFlags.spec).parse([String]())
        }
    }

    @Test func oneThatIsRequiredBehindAListIsMissed() throws {
        let files = Positional<[ByteString]>.oneOrMore("FILE", .file, manual: "")
        let target = Positional<String>.required("TARGET", .text, manual: "")
        let spec = CommandSpec(
            name: "try", summary: "", positionals: [files.spec, target.spec], flags: [], description: [], examples: [], seeAlso: [])
        #expect(throws: UsageError("TARGET is missing.", command: "try")) { try ArgumentParser(spec: spec).parse(["a"]) }
    }

    @Test func actionsHaveTheirOwnArgumentsAndOptions() throws {
        let parser = ArgumentParser(spec: UsersFlags.spec)
        guard case .run(let list) = try parser.parse(["--json"]), case .run(let add) = try parser.parse(["--data", "x", "add", "a", "b"])
        else { throw UsageError("help") }
        #expect(list.action == "list")
        #expect(list[UsersFlags.json])
        #expect(add.action == "add")
        #expect(add[UsersFlags.names] == ["a", "b"])
        #expect(throws: UsageError("--json cannot be used with add.", command: "users")) { try parser.parse(["add", "--json", "a"]) }
        #expect(throws: UsageError("There is no chatty users ad. Did you mean add?", command: "users")) { try parser.parse(["ad"]) }
        #expect(throws: UsageError("NAME is missing.", command: "users")) { try parser.parse(["add"]) }
        #expect(throws: UsageError("One argument too many: b", command: "users")) { try parser.parse(["passwd", "a", "b"]) }
    }

    /// Any words give arguments or one error: none crashes the parser, and none is lost.
    @Test(arguments: 0..<40 as Range<UInt64>) func randomWordsAreTakenOrRefused(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let parts = [
            "-", "--", "--name", "--name=", "=", "-n", "-c", "-cq", "x", "5", "--wait", "--size=3", "-s", "\u{0}", "é", "-é", "--é=", "a b",
            "",
        ]
        for _ in 0..<100 {
            let words = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                (0..<Int.random(in: 1...2, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
            }
            for command in Command.all.map(\.spec) + [Self.spec] {
                do {
                    if case .run(let arguments) = try ArgumentParser(spec: command).parse(words), words.contains("x"),
                        words.count(where: { $0.contains("n") || $0.contains("s") }) <= 1  // Else the last one counts.
                    {
                        let taken = (Array(arguments.positionals.values) + Array(arguments.flags.values)).flatMap(\.self)
                        #expect(taken.contains(.text("x")) || taken.contains(.path("x")), "\(words)")
                    }
                } catch {
                    #expect(error.command == command.name)
                    #expect(!error.message.contains("\u{0}"))
                }
            }
        }
    }
}
