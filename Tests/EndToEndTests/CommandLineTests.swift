import TestSupport
import Testing

@Suite("The command line, as a user meets it", .fewAtATime)
struct CommandLineTests {
    @Test func bareInvocationShowsShortHelpOnStderr() async throws {
        let chatty = try ChattyProcess()
        #expect(try await chatty.exitStatus() == 2)
        #expect(try await chatty.output.end() == "")
        let help = try await chatty.diagnostics.end()
        #expect(help.hasPrefix("Usage: chatty COMMAND"))
        for command in ["serve", "connect", "send-file", "recv-file", "users"] { #expect(help.contains("\n  \(command) ")) }
    }

    @Test(arguments: ["serve", "connect", "send-file", "recv-file", "users"])
    func helpGoesToStdout(command: String) async throws {
        let chatty = try ChattyProcess(command, "--help")
        #expect(try await chatty.exitStatus() == 0)
        #expect(try await chatty.diagnostics.end() == "")
        #expect(try await chatty.output.end().hasPrefix("Usage: chatty \(command) "))
    }

    @Test(arguments: [["help"], ["help", "--help"], ["help", "-h"], ["--help"]]) func helpOfHelpIsHelp(words: [String]) async throws {
        let chatty = try ChattyProcess(words: words)
        #expect(try await chatty.exitStatus() == 0)
        let help = try await chatty.output.end()
        #expect(help.hasPrefix("Usage: chatty COMMAND"))
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test(arguments: [
        (["serv"], "chatty: There is no command serv. Did you mean serve?\nchatty: Try: chatty --help\n"),
        (["--port"], "chatty: There is no option --port before the command.\nchatty: Try: chatty --help\n"),
        (
            ["serve", "--max-attemps=3"],
            "chatty: serve: There is no option --max-attemps. Did you mean --max-attempts?\nchatty: Try: chatty serve --help\n"
        ),
        (
            ["serve", "--port=abc"],
            """
            chatty: serve: There is no option --port. PORT is given without a name before it: chatty serve [OPTION ...] [PORT] [MAX_ATTEMPTS]
            chatty: Try: chatty serve --help

            """
        ),
        (
            ["--versoin"],
            "chatty: There is no option --versoin before the command. Did you mean --version?\nchatty: Try: chatty --help\n"
        ),
        (["connect"], "chatty: connect: HOST is missing.\nchatty: Try: chatty connect --help\n"),
        (
            ["serve", "\u{1b}[2J"],
            "chatty: serve: PORT needs a port number from 0 to 65535, not \\u{1B}[2J\nchatty: Try: chatty serve --help\n"
        ),
    ])
    func aWrongCommandLineIsStatusTwo(words: [String], message: String) async throws {
        let chatty = try ChattyProcess(words: words)
        #expect(try await chatty.exitStatus() == 2)
        #expect(try await chatty.diagnostics.end() == message)
        #expect(try await chatty.output.end() == "")
    }

    @Test func aFullDiskIsSaidAndABrokenPipeIsNot() async throws {
        let chatty = Executable.chatty
        let full = try ChattyProcess("-c", "'\(chatty)' --help >/dev/full", executable: "/bin/sh")
        #expect(try await full.exitStatus() == 1)
        #expect(try await full.diagnostics.end() == "chatty: Cannot write: No space left on device.\n")
        // The pipe is broken once a write of the shell itself has failed.
        let script = "{ trap '' PIPE; while printf x 2>/dev/null; do :; done; '\(chatty)' --help; echo $? >&2; } | true"
        let broken = try ChattyProcess("-c", script, executable: "/bin/sh")
        #expect(try await broken.diagnostics.end() == "1\n")
    }

    @Test func aClosedStreamStaysClosed() async throws {
        let closed = try ChattyProcess("-c", "'\(Executable.chatty)' --help >&-", executable: "/bin/sh")
        #expect(try await closed.exitStatus() == 1)
        #expect(try await closed.diagnostics.end() == "chatty: Cannot write: Bad file descriptor.\n")
        // Files opened later do not get these numbers: here a store, into which a log and a diagnostic would be written.
        let script = """
            '\(Executable.chatty)' users import credentials --data data <&- >&- 2>&- && '\(Executable.chatty)' users list --json --data data <&-
            """
        let folder = try TemporaryFolder()
        try folder.write("yoda secret\n", to: "credentials")
        let users = try ChattyProcess("-c", script, directory: folder.path, executable: "/bin/sh")
        #expect(try await users.exitStatus() == 0)
        #expect(try await users.output.end().contains("yoda"))
    }

    @Test func versionNamesTheLicence() async throws {
        let chatty = try ChattyProcess("--version", on: .terminal())
        try await chatty.output.expect(/chatty \d+\.\d+\.\d+\r\n/)
        try await chatty.output.expect("GPL-3.0-or-later")
        try await chatty.output.expect(/readline \d+\.\d+, SQLite 3\.\d+\.\d+/)
        #expect(try await chatty.exitStatus() == 0)
    }
}
