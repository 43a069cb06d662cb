import Foundation
import TestSupport
import Testing
import TransferSimulator

/// The harness itself, on programs whose behaviour is known.
@Suite("Harness", .fewAtATime)
struct HarnessTests {
    @Test func aDialogueOnPipes() async throws {
        let cat = try ChattyProcess(executable: "/bin/cat")
        try cat.type("one two\n")
        let word = try await cat.output.expect(/one (\w+)/).1
        #expect(word == "two")
        #expect(cat.output.unread == "\n")
        try cat.closeInput()
        #expect(try await cat.exitStatus() == 0)
    }

    @Test func aTerminalOfItsOwn() async throws {
        let shell = try ChattyProcess(
            "-c", "tty; stty size; read -r line; echo got:$line", on: .terminal(columns: 91, rows: 17), executable: "/bin/sh")
        try await shell.output.expect("/dev/pts/")
        try await shell.output.expect("17 91\r\n")
        try shell.type("hello\r")
        try await shell.output.expect("got:hello\r\n")
        #expect(try await shell.exitStatus() == 0)
    }

    @Test func theTestsHaveAllDescriptorsThatTheyMay() {
        var limit = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        #expect(limit.rlim_cur == limit.rlim_max)
    }

    /// The next datagram within ten seconds; nil if there is none.
    private static func receive(_ socket: LoopbackSocket) -> (datagram: [UInt8], from: sockaddr_in)? {
        var ready = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, 10_000) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 2000)
        return socket.receive(into: &buffer)
    }

    @Test func aBadPathIsOneBothWays() throws {
        let (server, client) = (try LoopbackSocket(), try LoopbackSocket())
        defer {
            server.close()
            client.close()
        }
        let link = try UDPLink(to: server.port, LinkModel(delay: .milliseconds(20), mtu: 1000))
        let start = ContinuousClock.now
        client.send([UInt8](repeating: 9, count: 1001), to: SocketClient.loopback(port: link.port))
        client.send([1, 2, 3], to: SocketClient.loopback(port: link.port))
        let (question, from) = try #require(Self.receive(server))
        #expect(question == [1, 2, 3], "what is too long does not pass")
        server.send([4, 5], to: from)
        let answer = try #require(Self.receive(client))
        #expect(answer.datagram == [4, 5] && UInt16(bigEndian: answer.from.sin_port) == link.port)
        #expect(start.duration(to: .now) >= .milliseconds(40))
        #expect(link.toServer.taken == 2 && link.toServer.tooLong == 1 && link.toServer.dropped == 1)
        #expect(link.toClient.taken == 1 && link.toClient.dropped == 0)
    }

    @Test func aPathThatLosesEverythingLetsNothingThrough() throws {
        let (server, client) = (try LoopbackSocket(), try LoopbackSocket())
        defer {
            server.close()
            client.close()
        }
        let lossy = try UDPLink(to: server.port, LinkModel(delay: .zero, loss: 1))
        for number in 0..<20 as Range<UInt8> { client.send([number], to: SocketClient.loopback(port: lossy.port)) }
        // When this datagram has arrived, those would have arrived, too.
        let clean = try UDPLink(to: server.port, LinkModel(delay: .milliseconds(20)))
        client.send([99], to: SocketClient.loopback(port: clean.port))
        #expect(Self.receive(server)?.datagram == [99])
    }

    @Test func controlCOnTheTerminalIsASignal() async throws {
        let shell = try ChattyProcess("-c", "echo ready; exec sleep 1000", on: .terminal(), executable: "/bin/sh")
        try await shell.output.expect("ready")
        try shell.type("\u{3}")
        #expect(try await shell.exitStatus() == 130)
    }

    @Test func whatNeverComesIsAFailureThatShowsWhatCame() async throws {
        let shell = try ChattyProcess("-c", "echo something else; exec cat", executable: "/bin/sh")
        let failure = await #expect(throws: HarnessFailure.self) {
            try await shell.output.expect("this", within: .milliseconds(200))
        }
        #expect(failure?.description.contains("something else") == true)
        shell.kill()
        #expect(try await shell.exitStatus() == 137)
    }

    @Test func theEndOfAChildEndsTheWaiting() async throws {
        let shell = try ChattyProcess("-c", "exit 6", executable: "/bin/sh")
        await #expect(throws: HarnessFailure.self) { try await shell.output.expect("never", within: .seconds(1000)) }
        #expect(try await shell.exitStatus() == 6)
    }

    @Test func aChildDoesNotOutliveItsObject() async throws {
        let pid = try await {
            let shell = try ChattyProcess(
                "-c", "trap '' HUP TERM INT; echo ready; while :; do read -r line; done", on: .terminal(), executable: "/bin/sh")
            try await shell.output.expect("ready")
            return shell.pid
        }()
        let deadline = ContinuousClock.now + ExpectStream.patience
        while kill(pid, 0) == 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        #expect(kill(pid, 0) != 0)
    }

    @Test(arguments: [
        ("one\r\ntwo", ["one", "two"]),
        ("abcdef\rxy", ["xycdef"]),
        ("abc\u{8}\u{8}X", ["aXc"]),
        ("> half\r\u{1b}[Kmessage\r\n> half", ["message", "> half"]),
        ("abc\r\u{1b}[2C!", ["ab!"]),
        ("abcd\r\u{1b}[2Pxx", ["xx"]),
        ("abcd\r\u{1b}[2@xx", ["xxabcd"]),
        ("\u{1b}[1;31mred\u{1b}[0m", ["red"]),
        ("\u{1b}[?2004h> ", [">"]),
        ("日本x\u{8}\u{8}\u{8}", ["日本x"]),
        ("e\u{301}!", ["e\u{301}!"]),
        ("1234567890ab", ["1234567890", "ab"]),
        ("a\r\nb\r\nc\r\nd", ["b", "c", "d"]),
        ("a\r\nb\r\n\u{1b}[2A\u{1b}[J!", ["!"]),
    ])
    func aScreenShowsWhatATerminalWould(bytes: String, lines: [String]) {
        var screen = TerminalScreen(columns: 10, rows: 3)
        screen.feed(Array(bytes.utf8))
        #expect(screen.lines == lines)
    }
}
