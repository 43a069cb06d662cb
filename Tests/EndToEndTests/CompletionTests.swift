import Foundation
import TestSupport
import Testing

/// The committed completions in real shells: the text before Tab, and the line after it.
@Suite("Completion in the shells", .fewAtATime)
struct CompletionTests {
    /// Cases for every shell: there is one candidate, so the whole word appears.
    static let cases = [
        ("chatty ser", "chatty serve"),
        ("chatty users imp", "chatty users import"),
        ("chatty serve --max-a", "chatty serve --max-attempts"),
        ("chatty serve --no-o", "chatty serve --no-offline-messages"),
        ("chatty serve --log-format j", "chatty serve --log-format json"),
        ("chatty serve --credentials cred", "chatty serve --credentials credentials.txt"),
        ("chatty connect --accept al", "chatty connect --accept always"),
        ("chatty connect -c x --pla", "chatty connect -c x --plaintext"),
        ("chatty send-file mov", "chatty send-file movie.mp4"),
        ("chatty users import cred", "chatty users import credentials.txt"),
        ("chatty users --data da", "chatty users --data data/"),
        ("chatty users import --str", "chatty users import --strict"),
        // Known servers and receivers.
        ("chatty connect chat.ex", "chatty connect chat.example.org"),
        ("chatty users list --server chat.ex", "chatty users list --server chat.example.org"),
        ("chatty send-file movie.mp4 files.ex", "chatty send-file movie.mp4 files.example.org:4242"),
        // The words of codes.
        ("chatty send-file movie.mp4 7-guit", "chatty send-file movie.mp4 7-guitar-"),
        ("chatty recv-file 7-guitar-ahe", "chatty recv-file 7-guitar-ahead"),
    ]

    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("", to: "credentials.txt")
        try folder.write("", to: "movie.mp4")
        try FileManager.default.createDirectory(atPath: folder["data"], withIntermediateDirectories: false)
        try FileManager.default.createDirectory(atPath: folder[".local/share/chatty"], withIntermediateDirectories: true)
        try folder.write("chat.example.org:6697 SHA256:00\n$(touch bad):1 vouched\n", to: ".local/share/chatty/known_hosts")
        try folder.write("files.example.org:4242 00\n", to: ".local/share/chatty/known-receivers")
        return folder
    }

    @Test func bash() async throws {
        let bash = try #require(Executable.path(of: "bash"))
        let shell = try ChattyProcess(
            "--norc", "--noprofile", "-i", on: .terminal(columns: 120), home: folder(), environment: ["PS1": "> "], executable: bash)
        try shell.type("source '\(Executable.package)/completions/chatty.bash'; bind 'set bell-style none'; echo rea''dy\r")
        try await shell.output.expect("ready\r\n")
        try await shell.output.expect("> ")
        for (typed, completed) in Self.cases { try await complete(typed, to: completed, in: shell) }
        try await complete("chatty serve --log-format=js", to: "chatty serve --log-format=json", in: shell)
        try await complete("chatty serve --credentials=cr", to: "chatty serve --credentials=credentials.txt", in: shell)
        try await complete("chatty serve --data=da", to: "chatty serve --data=data/", in: shell)
        // File names are not offered for a number: the next Tab lists none either.
        try await complete("chatty serve --max-attempts cr", to: "chatty serve --max-attempts cr", in: shell)
    }

    @Test func zsh() async throws {
        let zsh = try #require(Executable.path(of: "zsh"))
        let shell = try ChattyProcess(
            "-f", "-i", on: .terminal(columns: 120), home: folder(), environment: ["PS1": "> "], executable: zsh)
        try shell.type("PROMPT='> '; unsetopt beep prompt_sp; fpath=('\(Executable.package)/completions' $fpath)\r")
        try shell.type("autoload -Uz compinit && compinit -u -D; echo rea''dy\r")
        try await shell.output.expect("ready\r\n")
        try await shell.output.expect("> ")
        // zsh puts a "=" after an option with a value, which a space would remove again.
        for (typed, completed) in Self.cases { try await complete(typed, to: completed, in: shell, equals: "=") }
        try await complete("chatty serve --log-format=js", to: "chatty serve --log-format=json", in: shell)
        try await complete("chatty connect localhost 1 2 --js", to: "chatty connect localhost 1 2 --json", in: shell)
    }

    @Test func fish() async throws {
        let fish = try #require(Executable.path(of: "fish"))
        let home = try folder()
        for (typed, completed) in Self.cases + [("chatty serve --log-format=js", "chatty serve --log-format=json")] {
            let shell = try ChattyProcess(
                "--no-config", "-C", "source '\(Executable.package)/completions/chatty.fish'", "-c", "complete -C \"$argv[1]\"", typed,
                home: home, executable: fish)
            let candidates = try await shell.output.end().split(separator: "\n").compactMap { $0.split(separator: "\t").first }
            let word = try #require(completed.split(separator: " ").last)
            #expect(candidates.contains(word), "\(typed): \(candidates) \(shell.diagnostics.text)")
            #expect(try await shell.exitStatus() == 0)
        }
    }

    /// Types, presses Tab, waits for the expected line, and clears it.
    private func complete(_ typed: String, to completed: String, in shell: ChattyProcess, equals: String = "") async throws {
        try shell.type(typed + "\t")
        try await shell.expectScreen(columns: 120) { ["> " + completed, "> " + completed + equals].contains($0.cursorLine) }
        try shell.type("\u{15}")
        try await shell.expectScreen(columns: 120) { $0.cursorLine == ">" }
    }
}
