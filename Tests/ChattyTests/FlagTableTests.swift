import Testing
import TransferProtocol

@testable import chatty

extension CommandSpec: CustomTestStringConvertible {
    public var testDescription: String { name }
}

/// The rules for every row of the table, on which the parser, the help, the manual and the completions rely.
@Suite("Table of flags")
struct FlagTableTests {
    static let specs = Command.all.map(\.spec)

    @Test(arguments: specs) func namesAreUniqueAndTypable(spec: CommandSpec) {
        let names = spec.allFlags.flatMap { [$0.name] + $0.aliases }
        #expect(Set(names).count == names.count)
        let letters = spec.allFlags.compactMap(\.short)
        #expect(Set(letters).count == letters.count)
        for name in names + [spec.name] + spec.actions.map(\.name) {
            #expect(name.wholeMatch(of: /[a-z][a-z0-9]*(-[a-z0-9]+)*/) != nil, "\(name)")
        }
        for letter in letters { #expect(letter.isASCII && letter.isLetter) }
    }

    @Test(arguments: specs) func summariesFitTheHelpAndTheCompletions(spec: CommandSpec) {
        for flag in spec.allFlags + Overview.flags {
            #expect(flag.summary.count <= 60, "--\(flag.name)")
            #expect(!flag.summary.hasSuffix("."), "--\(flag.name)")
            #expect(flag.summary.first?.isUppercase == true, "--\(flag.name)")
            #expect(flag.manual.hasSuffix("."), "--\(flag.name)")
        }
        for text in [spec.summary] + spec.actions.map(\.summary) {
            #expect(!text.hasSuffix(".") && text.first?.isLowercase == true, "\(text)")
        }
        for text in spec.positionals.map(\.manual) + spec.actions.map(\.manual) + spec.description + spec.files.map(\.text) {
            #expect(text.hasSuffix("."), "\(text)")
        }
    }

    @Test(arguments: specs) func backticksComeInPairs(spec: CommandSpec) {
        let texts =
            spec.allFlags.map(\.manual) + spec.positionals.map(\.manual) + spec.actions.map(\.manual) + spec.description
            + (spec.environment + spec.files).map(\.text) + spec.examples.map(\.text)
        for text in texts { #expect(text.count { $0 == "`" } % 2 == 0, "\(text)") }
    }

    @Test(arguments: specs) func everyOptionThatAManualNamesExists(spec: CommandSpec) {
        let texts =
            spec.allFlags.map(\.manual) + spec.positionals.map(\.manual) + spec.actions.map(\.manual) + spec.description
            + spec.environment.map(\.text) + spec.files.map(\.text)
        for text in texts {
            for match in text.matches(of: /`--([a-z-]+)/) {
                let known = Self.specs.contains { $0.flag(named: String(match.1)) != nil }
                #expect(known, "\(match.0) in \(text)")
            }
        }
    }

    /// The shown defaults are those in force, and every typed key can read what its kind parses.
    @Test func defaultsAndTypesAgree() throws {
        try agree(ServeFlags.maxAttempts)
        try agree(ServeFlags.blockSeconds)
        try agree(ServeFlags.loginTimeout)
        try agree(ServeFlags.messageRate)
        try agree(ServeFlags.maxConnections)
        try agree(ServeFlags.logFormat)
        try agree(ServeFlags.grace)
        try agree(ServeFlags.relay)
        try agree(ServeFlags.relayPerAccount)
        try agree(ConnectFlags.accept)
        try agree(ConnectFlags.bell)
        try agree(ConnectFlags.receipts)
        try agree(ConnectFlags.downloadDirectory)
        try agree(SendFileFlags.cc)
        try agree(SendFileFlags.timeout)
        try agree(SendFileFlags.progress)
        try agree(RecvFileFlags.output)
        try agree(ReachFlags.mapPort)
        let port = try #require(ServeFlags.port.spec.defaultText)
        #expect(ServeFlags.port.decode([try ServeFlags.port.spec.kind.parse(port)]) == ServeFlags.port.absent)
        let target = try #require(ConnectFlags.port.spec.defaultText)
        #expect(ConnectFlags.port.decode([try ConnectFlags.port.spec.kind.parse(target)]) == ConnectFlags.port.absent)
    }

    private func agree<Value: Equatable>(_ flag: Flag<Value>, location: SourceLocation = #_sourceLocation) throws {
        let kind = try #require(flag.spec.value?.kind, sourceLocation: location)
        let text = try #require(flag.spec.defaultText, sourceLocation: location)
        #expect(flag.decode([try kind.parse(text)]) == flag.absent, sourceLocation: location)
    }

    /// The test above covers every row with a default.
    @Test func everyDefaultIsHeld() {
        let defaults = Self.specs.flatMap { spec in spec.flags.filter { $0.defaultText != nil }.map { "\(spec.name) --\($0.name)" } }
        #expect(
            Set(defaults) == [
                "serve --max-attempts", "serve --block-seconds", "serve --login-timeout", "serve --message-rate",
                "serve --max-connections-per-address", "serve --log-format", "serve --grace",
                "serve --relay", "serve --relay-per-account", "connect --accept", "connect --bell",
                "connect --receipts",
                "connect --download-dir", "send-file --cc", "send-file --timeout", "send-file --progress", "recv-file --timeout",
                "recv-file --progress",
                "recv-file --output", "connect --map-port", "send-file --map-port", "recv-file --map-port",
            ])
    }

    @Test(arguments: specs) func choicesAreWordsAndTheDefaultIsOneOfThem(spec: CommandSpec) {
        for flag in spec.allFlags {
            guard case .choice(let words)? = flag.value?.kind else { continue }
            for word in words { #expect(word.wholeMatch(of: /[a-z0-9-]+/) != nil) }
            if let value = flag.defaultText { #expect(words.contains(value)) }
        }
    }

    @Test(arguments: specs) func actionsOfOptionsExist(spec: CommandSpec) {
        for flag in spec.flags {
            for action in flag.actions ?? [] { #expect(spec.actions.contains { $0.name == action }) }
        }
        #expect(spec.actions.count { $0.isDefault } <= 1)
        for positionals in [spec.positionals] + spec.actions.map(\.positionals) {
            #expect(positionals.count { $0.arity == .oneOrMore } <= 1)
            if let list = positionals.firstIndex(where: { $0.arity == .oneOrMore }) {
                for behind in positionals[list...].dropFirst() { #expect(behind.arity != .oneOrMore) }
            }
        }
    }

    @Test(arguments: specs) func helpIsOneScreen(spec: CommandSpec) {
        let lines = HelpText.of(spec).split(separator: "\n", omittingEmptySubsequences: false)
        // Including the line of the prompt after the last one.
        #expect(lines.count <= 24)
        for line in lines { #expect(line.count <= 80, "\(line)") }
        for flag in spec.allFlags { #expect(lines.contains { $0.contains("--\(flag.name)") }) }
    }

    @Test(arguments: specs) func everyExampleParses(spec: CommandSpec) throws {
        for example in spec.examples {
            var words = example.line.prefix { $0 != "|" }.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap {
                $0.offset % 2 == 1 ? [String($0.element)] : $0.element.split(separator: " ").map(String.init)
            }
            #expect(words.removeFirst() == "chatty")
            #expect(words.removeFirst() == spec.name)
            _ = try ArgumentParser(spec: spec).parse(words)
        }
    }

    @Test(arguments: specs) func otherPagesExist(spec: CommandSpec) {
        let pages = ["chatty(1)", "chatty-chat(7)", "chatty-transfer(7)"] + Self.specs.map { "chatty-\($0.name)(1)" }
        for page in spec.seeAlso { #expect(pages.contains(page)) }
    }

    @Test func attemptsAreGivenOnce() throws {
        func attempts(_ words: String...) throws -> Int {
            guard case .run(let arguments) = try ArgumentParser(spec: ServeFlags.spec).parse(words) else { throw UsageError("help") }
            return try ServeFlags.attemptsInForce(arguments)
        }
        #expect(try attempts() == 3)
        #expect(try attempts("1", "5") == 5)
        #expect(try attempts("--max-attempts=4") == 4)
        #expect(try attempts("1", "4", "--max-attempts=4") == 4)
        #expect(throws: UsageError("MAX_ATTEMPTS is 5 and --max-attempts is 4: give only one of them.", command: "serve")) {
            try attempts("1", "5", "--max-attempts=4")
        }
    }

    @Test(
        arguments: [
            ("x", [:], "x"), (nil, ["STATE_DIRECTORY": "/var/lib/chatty:/other", "HOME": "/h"], "/var/lib/chatty"),
            (nil, ["XDG_DATA_HOME": "/data", "HOME": "/h"], "/data/chatty"),
            (nil, ["XDG_DATA_HOME": "data", "HOME": "/h"], "/h/.local/share/chatty"),
            (nil, ["HOME": "/h"], "/h/.local/share/chatty"), (nil, [:], nil),
        ] as [(ByteString?, ProcessEnvironment, ByteString?)])
    func dataFolder(option: ByteString?, environment: ProcessEnvironment, path: ByteString?) {
        #expect(DataDirectory.path(option: option, environment: environment) == path)
    }
}
