import Foundation
import Testing

@Suite("The built server", .serialized)
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

    /// Killed in the middle of a stream of messages: what was acknowledged is there, in order, each once.
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

    @Test func eventsAreOnStdoutAtOnce() async throws {
        let server = try await ServerProcess()
        let yoda = try await server.logIn("yoda", "wise")
        try yoda.send("JOIN #jedi\r\n")
        try await server.process.output.expect("Received command: /joingroup from user: yoda.\n")
        try await server.process.output.expect("User: yoda successfully ")
    }
}
