import Foundation
import TestSupport
import Testing

@Suite("The built server", .fewAtATime, .serialized)
struct ServeTests {
    @Test func aKeptMessageOutlivesAKilledServer() async throws {
        let server = try await ServerProcess()
        let yoda = try await server.logIn("yoda", "wise")
        try yoda.send("PRIVMSG luke :kept across a kill\r\n")
        try await yoda.input.expect("PRIVMSG luke :kept across a kill\r\n")
        server.process.kill()
        #expect(try await server.process.exitStatus() == 137)
        let next = try await ServerProcess(home: server.home)
        let luke = try await next.logIn("luke", "sky")
        try await luke.input.expect(":yoda!yoda@chatty PRIVMSG luke :kept across a kill\r\n")
    }

    /// The server is killed in the middle of a stream of messages: acknowledged ones are stored in order, each once.
    @Test(arguments: [1, 40, 300]) func whatWasAcknowledgedIsThere(acknowledged: Int) async throws {
        let server = try await ServerProcess(options: ["--message-rate", "0"])
        let yoda = try await server.logIn("yoda", "wise")
        let lines = (1...2000).map { "PRIVMSG luke :number \($0)\r\n" }.joined()
        let writing = Task.detached { try? yoda.send(lines) }
        try await yoda.input.expect("PRIVMSG luke :number \(acknowledged)\r\n")
        server.process.kill()
        _ = try await server.process.exitStatus()
        yoda.hangUp()
        _ = await writing.value
        let echoed = ServerProcess.numbers(in: try await yoda.input.end())
        let last = echoed.last ?? acknowledged
        let next = try await ServerProcess(home: server.home)
        let got = try await next.numbersForLuke(upTo: last)
        #expect(got == Array(1...(got.count - 1)) + [9999])
        #expect(got.count - 1 >= last)
    }

    @Test func aClientThatStaysIsCutOffWithinTheGrace() async throws {
        let server = try await ServerProcess(options: ["--grace", "1s"])
        let yoda = try await server.logIn("yoda", "wise")
        server.process.signal(SIGTERM)
        #expect(try await server.process.exitStatus() == 0)
        #expect(try await yoda.input.end().contains("ERROR :"))
    }

    /// The credentials file only adds accounts: a different password for an existing one is reported as ineffective.
    @Test func aLineForAnAccountThatExistsIsTold() async throws {
        let home = try await ServerProcess.home()
        let credentials = try home.write("yoda other\nleia new\n", to: "more.txt")
        let server = try ChattyProcess("serve", "0", "--data", home["data"], "--credentials", credentials, home: home)
        try await server.diagnostics.expect(
            "more.txt: The account yoda exists already; its lines add accounts and change no password (chatty users passwd does).\n")
        try await server.diagnostics.expect(/Listening on port \d+, .*\n/)
        server.signal(SIGTERM)
        #expect(try await server.exitStatus() == 0)
        let again = try ChattyProcess("serve", "0", "--data", home["data"], "--credentials", credentials, home: home)
        try await again.diagnostics.expect("more.txt: 2 accounts exist already; ")
        try await again.diagnostics.expect(/Listening on port \d+, .*\n/)
        again.signal(SIGTERM)
        #expect(try await again.exitStatus() == 0)
    }

    /// A server without an account shows the next steps as commands; one with accounts does not.
    @Test func aServerWithoutAnAccountSaysHowToBegin() async throws {
        let home = try TemporaryFolder()
        let data = home["my data"]
        let server = try ChattyProcess("serve", "0", "--data", data, "--log-time", home: home)
        let port = try await server.diagnostics.expect(
            /chatty: Listening on port (\d+), .*\nchatty: There is no account yet\. Add one, on this machine: chatty users add NAME --data '.*'\n/
        ).1
        try await server.diagnostics.expect("chatty: Then connect: chatty connect 127.0.0.1 \(port)\n")
        #expect(server.diagnostics.text.contains("chatty users add NAME --data '\(data)'\n"))
        let add = try ChattyProcess("users", "add", "yoda", "--data", data, home: home)
        try add.type("wise\n")
        #expect(try await add.exitStatus() == 0)
        #expect(add.diagnostics.text == "" && add.output.text == "")
        // With the option, each line begins with the time.
        let yoda = try await ChattyProcess(
            "connect", "127.0.0.1", "\(port)", "-u", "yoda", "-c", "/activeuser", home: home, environment: ["CHATTY_PASSWORD": "wise"]
        ).exitStatus()
        #expect(yoda == 0)
        try await server.output.expect(/(^|\n)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ Received command: \/activeuser from user: yoda\.\n/)
        // A second server on the port reports the conflict.
        let second = try ChattyProcess("serve", "\(port)", "--data", home["other"], home: home)
        #expect(try await second.exitStatus() == 1)
        #expect(second.diagnostics.text == "chatty: Port \(port) is already in use; choose another: chatty serve PORT\n")
        server.signal(SIGTERM)
        #expect(try await server.exitStatus() == 0)
        let next = try ChattyProcess("serve", "0", "--data", data, home: home)
        try await next.diagnostics.expect(/Listening on port \d+, .*\n/)
        next.signal(SIGTERM)
        #expect(try await next.exitStatus() == 0)
        #expect(!next.diagnostics.text.contains("no account"))
    }

    @Test func eventsAreOnStdoutAtOnce() async throws {
        let server = try await ServerProcess()
        let yoda = try await server.logIn("yoda", "wise")
        try yoda.send("JOIN #jedi\r\n")
        try await server.process.output.expect("Received command: /joingroup from user: yoda.\n")
        try await server.process.output.expect("User: yoda successfully ")
    }
}
