import Foundation
import TestSupport
import Testing

@Suite("chatty users", .fewAtATime, .serialized)
struct UsersTests {
    private func users(_ words: String..., home: TemporaryFolder, input: String = "") async throws -> (
        status: Int32, out: String, err: String
    ) {
        let process = try ChattyProcess(words: ["users"] + words + ["--data", home["data"]], home: home)
        // A refused command may end before it reads the password; its status shows that.
        try? process.type(input)
        try process.closeInput()
        return (try await process.exitStatus(), try await process.output.end(), try await process.diagnostics.end())
    }

    @Test func accountsAreMadeListedAndRemovedWithoutAServer() async throws {
        let home = try TemporaryFolder()
        #expect(try await users("list", home: home) == (1, "", "chatty: There is no data of a chatty server in \(home["data"]).\n"))
        #expect(try await users("add", "Yoda", "luke", home: home, input: "wise\n") == (0, "", ""))
        #expect(try await users("add", "yoda", home: home, input: "x\n") == (1, "", "chatty: There is an account yoda already.\n"))
        #expect(
            try await users("add", "9x", home: home, input: "x\n")
                == (1, "", "chatty: The user name 9x is not allowed: it must begin with a letter.\n"))
        #expect(try await users("add", "hans", home: home, input: "\n") == (1, "", "chatty: The password is empty.\n"))
        let list = try await users("--json", home: home)
        #expect(list.status == 0)
        let rows = try list.out.split(separator: "\n").map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
        #expect(rows.map { $0?["name"] as? String } == ["luke", "Yoda"])
        #expect(rows.allSatisfy { $0?["active"] as? Bool == false && $0?["blocked"] as? Bool == false && $0?["last_login"] is NSNull })
        #expect(try await users("remove", "LUKE", home: home).status == 0)
        #expect(try await users("remove", "luke", home: home) == (1, "", "chatty: There is no account luke.\n"))
        let table = try await users("list", home: home).out.split(separator: "\n")
        #expect(table.count == 2 && table[0].hasPrefix("name") && table[1].hasPrefix("Yoda"))
    }

    @Test func aTerminalIsAskedWithoutEcho() async throws {
        let home = try TemporaryFolder()
        let process = try ChattyProcess(
            words: ["users", "add", "yoda", "--password-file", "-", "--data", home["data"]], on: .terminal(), home: home)
        for prompt in ["Password: ", "Again: "] {
            try await process.output.expect(prompt)
            try process.type("wise-and-old\r")
        }
        #expect(try await process.exitStatus() == 0)
        #expect(!process.output.text.contains("wise-and-old"))
    }

    @Test func badLinesAreNumberedAndStrictAddsNothing() async throws {
        let home = try TemporaryFolder()
        let file = try home.write("yoda wise\nnobody\nluke sky\n", to: "credentials.txt")
        let strict = try await users("import", "--strict", file, home: home)
        #expect(strict == (1, "", "chatty: \(file):2: the password is empty\nchatty: Nothing was added.\n"))
        let loose = try await users("import", file, home: home)
        #expect(loose == (1, "added 2, there already 0, bad 1\n", "chatty: \(file):2: the password is empty\n"))
        let piped = try await users("import", "-", home: home, input: "han solo\nnobody\n")
        #expect(piped == (1, "added 1, there already 0, bad 1\n", "chatty: stdin:2: the password is empty\n"))
    }

    @Test func aRunningServerSeesTheChangeAtOnce() async throws {
        let server = try await ServerProcess()
        let yoda = try await server.logIn("yoda", "wise")
        #expect(try await users("add", "hans", home: server.home, input: "falcon\n").status == 0)
        let hans = try await server.logIn("hans", "falcon")
        try hans.send("PRIVMSG yoda :here I am\r\n")
        try await yoda.input.expect(":hans!hans@chatty PRIVMSG yoda :here I am\r\n")
        #expect(try await users("block", "hans", home: server.home).status == 0)
        try await hans.input.expect("ERROR :The account hans has been removed or blocked.\r\n")
        #expect(try await users("unblock", "hans", home: server.home).status == 0)
        #expect(try await users("passwd", "hans", home: server.home, input: "new one\n").status == 0)
        _ = try await server.logIn("hans", "new one")
        let export = try await users("export", "Hans", home: server.home)
        #expect(export.status == 0 && export.out.contains("\"to\":\"yoda\",\"text\":\"here I am\"}\n"))
        #expect(!export.out.contains("scrypt"))
    }

    @Test func whoIsOnlineIsInTheFolderOrAskedOfAServer() async throws {
        let server = try await ServerProcess()
        let luke = try await server.logIn("luke", "sky")
        // The server writes the active users for other processes once a second.
        var online = try await users("--online", "--json", home: server.home).out
        for _ in 1...200 where online.isEmpty { online = try await users("--online", "--json", home: server.home).out }
        #expect(online.hasPrefix("{\"name\":\"luke\",") && online.contains("\"active\":true"))
        let home = try TemporaryFolder()
        func ask(_ words: String...) async throws -> (status: Int32, out: String, err: String) {
            let process = try ChattyProcess(words: ["users"] + words, home: home, environment: ["CHATTY_PASSWORD": "wise"])
            try process.closeInput()
            return (try await process.exitStatus(), try await process.output.end(), try await process.diagnostics.end())
        }
        let place = "127.0.0.1:\(server.port)"
        try luke.send("AWAY :asleep\r\nPRIVMSG yoda :for later\r\n")
        try await luke.input.expect("PRIVMSG yoda :for later")
        let secretless = try ChattyProcess("users", "--online", "--server", place, "-u", "yoda", home: home)
        try secretless.closeInput()
        #expect(try await secretless.exitStatus() == 2)
        #expect(
            secretless.diagnostics.text
                == "chatty: users: --server needs --password-file or $CHATTY_PASSWORD if stdin is not a terminal.\nchatty: Try: chatty users --help\n"
        )
        let odd = try await ask("--online", "--server", place, "-u", "yoda", "--fingerprint", "x")
        #expect(odd.status == 2 && odd.err.hasPrefix("chatty: users: --fingerprint needs"))
        let asked = try await ask("--online", "--server", place, "-u", "yoda")
        #expect(asked.status == 0 && asked.out.wholeMatch(of: #/luke, active since [-0-9T:]+Z, away\n/#) != nil, "\(asked)")
        let json = try await ask("--online", "--json", "--server", place, "-u", "yoda")
        #expect(
            json.status == 0
                && json.out.wholeMatch(of: #/\{"name":"luke","active":true,"active_since":"[-0-9T:.]+Z","away":true\}\n/#) != nil, "\(json)"
        )
        try luke.send("QUIT\r\n")
        _ = try await luke.input.end()
        #expect(try await ask("--online", "--server", place, "-u", "yoda") == (0, "No other active user.\n", ""))
        #expect(try await ask("--online", "--json", "--server", place, "-u", "yoda") == (0, "", ""))
        // A query by a script does not acknowledge a person's messages.
        let yoda = try await server.logIn("yoda", "wise")
        try await yoda.input.expect("PRIVMSG yoda :for later")
        let stranger = try await ask("--online", "--server", place, "-u", "nobody")
        #expect(stranger.status == 4 && stranger.err == "chatty: There is no user nobody.\n", "\(stranger)")
        #expect(try await ask("--server", place).status == 2)
        #expect(try await ask("--online", "--server", place).status == 2)
        #expect(try await ask("--online", "--server", "x:y", "-u", "yoda").status == 2)
        for words in [["-u", "yoda"], ["--accept-new"], ["--fingerprint", "x"], ["--password-file", "x"]] {
            let process = try ChattyProcess(words: ["users", "list", "--data", home["data"]] + words, home: home)
            #expect(try await process.exitStatus() == 2)
            #expect(process.diagnostics.text.contains(" works only with --server.\n"))
        }
    }

    /// A password file that is a pipe: `--password-file <(command)`.
    @Test func aPasswordComesThroughAPipe() async throws {
        let home = try TemporaryFolder()
        #expect(mkfifo(home["pipe"], 0o600) == 0)
        let add = try ChattyProcess(words: ["users", "add", "yoda", "--password-file", home["pipe"], "--data", home["data"]], home: home)
        // This waits for the reader, and ends the child's input.
        let pipe = home["pipe"]
        try await Task.detached { try Data("wise\n".utf8).write(to: URL(fileURLWithPath: pipe), options: []) }.value
        #expect(try await add.exitStatus() == 0)
        let absent = try ChattyProcess(words: ["users", "add", "han", "--password-file", home["none"], "--data", home["data"]], home: home)
        #expect(try await absent.exitStatus() == 1)
        #expect(absent.diagnostics.text == "chatty: The password file \(home["none"]) cannot be read: No such file or directory\n")
    }

    @Test func aPasswordIsAskedForTwiceAndNotShown() async throws {
        let home = try TemporaryFolder()
        let process = try ChattyProcess("users", "add", "yoda", "--data", home["data"], on: .terminal(), home: home)
        try await process.output.expect("Password: ")
        try process.type("wise\r")
        try await process.output.expect("Again: ")
        try process.type("wise\r")
        #expect(try await process.exitStatus() == 0)
        let shown = try await process.output.end()
        #expect(!shown.contains("wise"))
        // A person sees which data folder was used.
        #expect(shown.contains("chatty: Added yoda in the data folder \(home["data"])."))
        let other = try ChattyProcess("users", "passwd", "yoda", "--data", home["data"], on: .terminal(), home: home)
        try await other.output.expect("Password: ")
        try other.type("one\r")
        try await other.output.expect("Again: ")
        try other.type("two\r")
        try await other.output.expect("chatty: The two passwords are not the same.")
        #expect(try await other.exitStatus() == 1)
        let left = try ChattyProcess("users", "passwd", "yoda", "--data", home["data"], on: .terminal(), home: home)
        try await left.output.expect("Password: ")
        try left.type("on\u{3}")
        #expect(try await left.exitStatus() == 130)
    }
}
