import Foundation
import TestSupport
import Testing
import TransferSimulator

/// Failures of `send-file` and `recv-file`: the exit status, a clear message, and never a partial file under its final name.
@Suite("Files that do not arrive", .fewAtATime, .serialized)
struct SendFileFaultTests {
    @Test(arguments: [
        (["send-file"], "FILE"), (["send-file", "127.0.0.1:9"], "FILE is missing"),
        (["send-file", "file", "nonsense"], "DESTINATION needs a ticket, a code or HOST:PORT"),
        (["send-file", "--legacy", "file", "7-guitar-ahead"], "--legacy needs HOST:PORT"),
        (["recv-file", "--legacy", "7-guitar-ahead"], "--legacy cannot be used with a code"),
        (["recv-file", "--count", "2", "7-guitar-ahead"], "which is for one transfer"),
        (["recv-file", "7-guitar-ahead", "-t", "code"], "give neither PORT nor CODE with it"),
        (["send-file", "-", "-", "127.0.0.1:9"], "once"), (["send-file", "--name", "x", "a", "b", "127.0.0.1:9"], "--name"),
        (["send-file", "file", "chatty1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], "damaged"), (["recv-file", "99999"], "PORT"),
        (["recv-file", "--legacy", "--accept", "ask"], "--legacy cannot be used with --accept ask"),
        (["recv-file", "--legacy", "--accept", "ticket"], "--legacy cannot be used with --accept ticket"),
        (["recv-file", "--legacy", "--secret-file", "secret"], "--legacy cannot be used with --secret-file"),
        (["send-file", "--legacy", "--secret-file", "secret", "file", "127.0.0.1:9"], "--legacy cannot be used with --secret-file"),
        (["recv-file", "-o", "-", "--count", "2"], "takes only one file"),
        (["recv-file", "--once", "--count", "2"], "not both"), (["send-file", "--limit", "x", "a", "127.0.0.1:9"], "--limit"),
    ])
    func usage(words: [String], message: String) async throws {
        let process = try ChattyProcess(words: words)
        #expect(try await process.exitStatus() == 2)
        #expect(try await process.diagnostics.end().contains(message))
    }

    @Test func aMissingFile() async throws {
        let process = try ChattyProcess("send-file", "/nowhere/movie.mp4", "127.0.0.1:9")
        #expect(try await process.exitStatus() == 1)
        #expect(try await process.diagnostics.end() == "chatty: Cannot open /nowhere/movie.mp4: No such file or directory.\n")
    }

    @Test func nobodyThere() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let port = try FreePort.udp()
        let process = try ChattyProcess("send-file", "--timeout", "1", source, "127.0.0.1:\(port)")
        #expect(try await process.exitStatus() == 3)
        #expect(try await process.diagnostics.end() == "chatty: Nobody answers at 127.0.0.1:\(port).\n")
        // The ticket belongs to a receiver that has ended.
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        receiver.process.signal(SIGTERM)
        #expect(try await receiver.process.exitStatus() == 143)
        let late = try ChattyProcess("send-file", "--timeout", "1", source, receiver.ticket)
        #expect(try await late.exitStatus() == 3)
        #expect(try await late.diagnostics.end().contains("Nobody answers"))
    }

    @Test func aWrongTicketOrSecret() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let home = try TemporaryFolder()
        let target = try TemporaryFolder()
        let first = try await FileReceiver(into: target, home: home)
        first.process.kill()
        _ = try await first.process.exitStatus()
        // The receiver has the same machine and port; without a chosen port each start makes a new ticket.
        let second = try await FileReceiver(
            into: target, home: home, environment: ["CHATTY_SECRET": "correct horse battery"], port: first.port)
        let wrong = try ChattyProcess("send-file", "--timeout", "5", source, first.ticket)
        #expect(try await wrong.exitStatus() == 4)
        #expect(try await wrong.diagnostics.end().contains("does not accept this ticket"))
        for environment in [["CHATTY_SECRET": "another horse battery"], [:]] {
            let stranger = try ChattyProcess(
                "send-file", "--timeout", "5", source, "127.0.0.1:\(second.port)", environment: environment)
            #expect(try await stranger.exitStatus() == 4)
        }
        #expect(!second.process.hasEnded)
        #expect(try target.names() == [])
    }

    @Test func declined() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(["--once", "--accept", "ask"], into: target)
        let sender = try ChattyProcess("send-file", source, receiver.ticket)
        try await receiver.process.diagnostics.expect(/offers file \(7 B\)\. Accept\?/)
        try receiver.process.type("n\n")
        #expect(try await sender.exitStatus() == 6)
        #expect(try await sender.diagnostics.end().contains("The receiver did not take file: it was declined."))
        let again = try ChattyProcess("send-file", source, receiver.ticket)
        try await receiver.process.diagnostics.expect(/Accept\?/)
        try receiver.process.type("y\n")
        #expect(try await again.exitStatus() == 0)
        // A declined transfer does not count as the only one.
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.names() == ["file"])
    }

    /// A sender that is slow enough to be interrupted: 16 MB take a quarter of a minute.
    private func slowSender(
        _ source: String, _ destination: String, home: TemporaryFolder? = nil, environment: [String: String] = [:]
    ) async throws -> ChattyProcess {
        let sender = try ChattyProcess(
            "send-file", "--limit", "1M", "--timeout", "2", "--progress", "json", source, destination, home: home,
            environment: environment)
        // More than one whole chunk of the part file has arrived.
        try await sender.diagnostics.expect(/"bytes":[3-9]\d{6},/)
        return sender
    }

    @Test func aVanishedReceiverAndTheResume() async throws {
        let folder = try TemporaryFolder()
        let movie = Contents.make(16_000_000)
        let source = try folder.write(movie, to: "movie.mp4")
        let target = try TemporaryFolder()
        let senderHome = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try await slowSender(source, receiver.ticket, home: senderHome)
        receiver.process.kill()
        #expect(try await sender.exitStatus() == 7)
        #expect(try await sender.diagnostics.end().contains("send the same again to resume"))
        #expect(try target.names() == [".movie.mp4.part.journal", "movie.mp4.part"])
        let second = try await FileReceiver(into: target)
        let again = try ChattyProcess("send-file", "--progress", "json", source, second.ticket, home: senderHome)
        #expect(try await again.exitStatus() == 0)
        #expect(try await second.process.exitStatus() == 0)
        #expect(try target.data("movie.mp4") == movie)
        #expect(try target.names() == ["movie.mp4"])
        let resumed = try #require(
            try /"event":"resumed".*"bytes":(\d+)|"bytes":(\d+).*"event":"resumed"/.firstMatch(in: again.diagnostics.text))
        #expect((resumed.1 ?? resumed.2).flatMap { Int($0) } ?? 0 >= 1 << 20)
    }

    @Test func aKilledSenderComesAgain() async throws {
        let folder = try TemporaryFolder()
        let movie = Contents.make(16_000_000)
        let source = try folder.write(movie, to: "movie.mp4")
        let target = try TemporaryFolder()
        let senderHome = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try await slowSender(source, receiver.ticket, home: senderHome)
        sender.kill()
        _ = try await sender.exitStatus()
        #expect(!FileManager.default.fileExists(atPath: target["movie.mp4"]))
        let again = try ChattyProcess("send-file", "--progress", "json", source, receiver.ticket, home: senderHome)
        #expect(try await again.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.data("movie.mp4") == movie)
        #expect(try target.names() == ["movie.mp4"])
        #expect(again.diagnostics.text.contains("\"event\":\"resumed\""))
        #expect(receiver.process.diagnostics.text.contains(/has connected again\. Its earlier transfer does not answer, and is ended\.\n/))
    }

    /// Each sender connects before the receiver knows that the one before is dead: the part file passes from one to the next.
    @Test func aSenderThatIsKilledAgainAndAgainGoesOn() async throws {
        let folder = try TemporaryFolder()
        let movie = Contents.make(16_000_000)
        let source = try folder.write(movie, to: "movie.mp4")
        let target = try TemporaryFolder()
        let senderHome = try TemporaryFolder()
        let receiver = try ChattyProcess("recv-file", "--progress", "json", "--once", "-o", target.path)
        let ticket = String(try await receiver.diagnostics.expect(/"ticket":"(chatty1[a-z2-7]+)"/).1)
        let sender = try await slowSender(source, ticket, home: senderHome)
        try await receiver.diagnostics.expect(/"event":"offered"/)
        sender.kill()
        _ = try await sender.exitStatus()
        for _ in 0..<3 {
            let next = try ChattyProcess("send-file", "--limit", "1M", source, ticket, home: senderHome)
            try await receiver.diagnostics.expect(/"event":"offered"/)
            next.kill()
            _ = try await next.exitStatus()
        }
        let last = try ChattyProcess("send-file", "--progress", "json", source, ticket, home: senderHome)
        #expect(try await last.exitStatus(within: .seconds(60)) == 0)
        #expect(try await receiver.exitStatus() == 0)
        #expect(last.diagnostics.text.contains(#""event":"resumed""#))
        #expect(try target.data("movie.mp4") == movie)
        #expect(try target.names() == ["movie.mp4"])
    }

    /// One sender transmits a datagram in twelve seconds, and another has a standard input without data.
    @Test func aSenderThatWaitsIsNotTakenForDead() async throws {
        let folder = try TemporaryFolder()
        let movie = Contents.make(300_000)
        let source = try folder.write(movie, to: "movie.mp4")
        let (target, home) = (try TemporaryFolder(), try TemporaryFolder())
        let receiver = try await FileReceiver([], into: target)
        let slow = try ChattyProcess(
            words: ["send-file", "--limit", "100", "--mtu", "1200", "--progress", "json", source, receiver.ticket], home: home)
        try await slow.diagnostics.expect(/"total":300000/)
        let idle = try ChattyProcess("send-file", "--progress", "json", "-", receiver.ticket, home: home)
        try await idle.diagnostics.expect(/"limit":"source"/)
        let others = [
            try ChattyProcess("send-file", source, receiver.ticket, home: home),
            try ChattyProcess("send-file", "-", receiver.ticket, home: home),
        ]
        try others[1].closeInput()
        for other in others { #expect(try await other.exitStatus() == 0) }
        #expect(try target.data("movie.mp4") == movie)
        try idle.type("x")
        try idle.closeInput()
        #expect(try await idle.exitStatus() == 0)
        #expect(!slow.hasEnded && !receiver.process.diagnostics.text.contains("connected again"), "\(receiver.process.diagnostics.text)")
    }

    /// The requested number of transfers may finish, and no further one is accepted in the meantime.
    @Test func noMoreThanWereAskedForAreTaken() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("late", to: "late")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let first = try ChattyProcess("send-file", "--progress", "json", "-", receiver.ticket)
        try await first.diagnostics.expect(/"limit":"source"/)
        let second = try ChattyProcess("send-file", source, receiver.ticket)
        #expect(try await second.exitStatus() == 6)
        #expect(second.diagnostics.text.hasSuffix("The receiver did not take late: it was declined.\n"))
        try first.type("x")
        try first.closeInput()
        #expect(try await first.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(receiver.process.diagnostics.text.contains("\nchatty: Declined: late. No more transfers are accepted.\n"))
        #expect(try target.names() == ["stdin"])
    }

    /// The link is lost in the middle of the transfer, and the rest arrives over another address.
    @Test func aDroppedLinkAndTheResumeOverAnotherAddress() async throws {
        let folder = try TemporaryFolder()
        let movie = Contents.make(16_000_000)
        let source = try folder.write(movie, to: "movie.mp4")
        let target = try TemporaryFolder()
        let senderHome = try TemporaryFolder()
        let environment = ["CHATTY_SECRET": "correct horse battery"]
        let receiver = try await FileReceiver(["--once", "--timeout", "2"], into: target, environment: environment)
        let link = try UDPLink(to: receiver.port, LinkModel(rate: 100e6, delay: .zero))
        let sender = try await slowSender(source, "127.0.0.1:\(link.port)", home: senderHome, environment: environment)
        link.stop()
        #expect(try await sender.exitStatus() == 7)
        try await receiver.process.diagnostics.expect("Connection lost: the sender has stopped answering.")
        #expect(try target.names() == [".movie.mp4.part.journal", "movie.mp4.part"])
        let again = try ChattyProcess(
            "send-file", "--progress", "json", source, "[::1]:\(receiver.port)", home: senderHome, environment: environment)
        #expect(try await again.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.data("movie.mp4") == movie)
        #expect(try target.names() == ["movie.mp4"])
        #expect(again.diagnostics.text.contains("\"event\":\"resumed\""))
    }

    @Test func aVanishedSender() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(16_000_000), to: "movie.mp4")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(["--once", "--timeout", "2"], into: target)
        let sender = try await slowSender(source, receiver.ticket)
        sender.kill()
        try await receiver.process.diagnostics.expect("Connection lost: the sender has stopped answering.")
        #expect(try target.names() == [".movie.mp4.part.journal", "movie.mp4.part"])
        // The transfer is not complete, so the only one is still to come.
        receiver.process.signal(SIGTERM)
        #expect(try await receiver.process.exitStatus() == 143)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func aSignalToTheSender(number: Int32) async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(16_000_000), to: "movie.mp4")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let home = try TemporaryFolder()
        let sender = try await slowSender(source, receiver.ticket, home: home)
        sender.signal(number)
        #expect(try await sender.exitStatus() == 128 + number)
        try await receiver.process.diagnostics.expect("Interrupted by the sender")
        #expect(try target.names() == [".movie.mp4.part.journal", "movie.mp4.part"])
        // The transfer is not complete: the same ticket is valid for the rest, and the figures are those of the rest.
        let again = try ChattyProcess("send-file", source, receiver.ticket, home: home)
        #expect(try await again.exitStatus() == 0)
        #expect(again.diagnostics.text.contains(/chatty: Resuming movie\.mp4: \d+\.\d MB already received\.\n/))
        #expect(again.diagnostics.text.contains(/chatty: Sent movie\.mp4: \d+\.\d MB after \d+\.\d MB received before in/))
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.names() == ["movie.mp4"])
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func aSignalToTheReceiver(number: Int32) async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(16_000_000), to: "movie.mp4")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try await slowSender(source, receiver.ticket)
        receiver.process.signal(number)
        #expect(try await receiver.process.exitStatus() == 128 + number)
        #expect(try await sender.exitStatus() == 7)
        #expect(try await sender.diagnostics.end().contains("Interrupted by the receiver"))
        #expect(try target.names() == [".movie.mp4.part.journal", "movie.mp4.part"])
    }

    @Test func aReaderThatLeaves() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(8_000_000), to: "movie.mp4")
        let home = try TemporaryFolder()
        let shell = try ChattyProcess(
            words: ["-c", "\(Executable.chatty) recv-file -o - --once | head -c 1000 > \(home["head"]); echo left"], home: home,
            executable: "/bin/sh")
        let ticket = String(try await shell.diagnostics.expect(/Ticket: (chatty1[a-z2-7]+)\n/).1)
        let sender = try ChattyProcess("send-file", source, ticket)
        #expect(try await sender.exitStatus() == 1)
        #expect(try await sender.diagnostics.end().contains("movie.mp4 stopped: the program reading the output closed it."))
        try await shell.output.expect("left\n")
        #expect(try home.data("head") == Contents.make(8_000_000).prefix(1000))
    }

    @Test(.smallDisk) func aFullDisk() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(8_000_000), to: "movie.mp4")
        let disk = try SmallDisk(megabytes: 10)
        // The disk is too small from the start.
        try Data(count: 5 << 20).write(to: URL(fileURLWithPath: disk.path + "/other"))
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target, output: disk.path)
        let refused = try ChattyProcess("send-file", source, receiver.ticket)
        #expect(try await refused.exitStatus() == 6)
        #expect(try await refused.diagnostics.end().contains("there is no room for it"))
        // The disk becomes full during the transfer: the receiver waits, both sides report it, and the transfer continues when there is
        // space.
        try FileManager.default.removeItem(atPath: disk.path + "/other")
        let second = receiver
        let sender = try ChattyProcess("send-file", "--limit", "1M", "--progress", "json", source, second.ticket)
        try await sender.diagnostics.expect(/"bytes":\d{5,},/)
        try Data(count: 6 << 20).write(to: URL(fileURLWithPath: disk.path + "/other"))
        try await second.process.diagnostics.expect("chatty: The disk is full; waiting for room.\n")
        try await sender.diagnostics.expect(/"paused":true/)
        try FileManager.default.removeItem(atPath: disk.path + "/other")
        #expect(try await sender.exitStatus() == 0)
        #expect(try DocumentedEvents(of: "send-file").expect(sender.diagnostics.text).contains("paused"))
        #expect(try await second.process.exitStatus() == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: disk.path + "/movie.mp4")) == Contents.make(8_000_000))
    }

    @Test(.smallDisk) func aDiskThatStaysFull() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(8_000_000), to: "movie.mp4")
        let disk = try SmallDisk(megabytes: 10)
        let target = try TemporaryFolder()
        let home = try TemporaryFolder()
        let receiver = try await FileReceiver(["--once", "--timeout", "4"], into: target, output: disk.path)
        let sender = try ChattyProcess("send-file", "--limit", "500K", "--progress", "json", source, receiver.ticket, home: home)
        try await sender.diagnostics.expect(/"bytes":[2-9]\d{6},/)
        try Data(count: 6 << 20).write(to: URL(fileURLWithPath: disk.path + "/other"))
        try await receiver.process.diagnostics.expect("chatty: The disk is full; waiting for room.\n")
        try await sender.diagnostics.expect(/"limit":"disk full"/)
        #expect(try await sender.exitStatus() == 7)
        try await receiver.process.diagnostics.expect("the receiver's disk stays full. What arrived is kept")
        #expect(try await sender.diagnostics.end().contains("What arrived is kept"))
        // With space again the transfer continues from there.
        try FileManager.default.removeItem(atPath: disk.path + "/other")
        let again = try ChattyProcess("send-file", "--progress", "json", source, receiver.ticket, home: home)
        #expect(try await again.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(again.diagnostics.text.contains("\"event\":\"resumed\""))
        #expect(try Data(contentsOf: URL(fileURLWithPath: disk.path + "/movie.mp4")) == Contents.make(8_000_000))
    }

    /// A stalled reader is not a full disk: neither side gives up, and both report what they wait for.
    @Test func aReaderThatStops() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(40_000_000), to: "movie.mp4")
        let home = try TemporaryFolder()
        try #require(mkfifo(home["go"], 0o600) == 0)
        let shell = try ChattyProcess(
            words: ["-c", "\(Executable.chatty) recv-file -o - --once --timeout 2 --progress json | (read go < \(home["go"]); wc -c)"],
            home: home, executable: "/bin/sh")
        let ticket = String(try await shell.diagnostics.expect(/"ticket":"(chatty1[a-z2-7]+)"/).1)
        let sender = try ChattyProcess("send-file", "--timeout", "2", "--progress", "json", source, ticket)
        for _ in 0..<16 { try await shell.diagnostics.expect(/"limit":"reader"/) }
        try await sender.diagnostics.expect(/"limit":"receiver"/)
        #expect(!sender.hasEnded && !shell.diagnostics.text.contains("full"))
        try "go\n".write(toFile: home["go"], atomically: false, encoding: .utf8)
        #expect(try await sender.exitStatus() == 0)
        try await shell.output.expect("40000000\n")
    }

    @Test func aFolderThatCannotBeWritten() async throws {
        let process = try ChattyProcess("recv-file", "-o", "/nowhere/at/all/")
        #expect(try await process.exitStatus() == 1)
        #expect(try await process.diagnostics.end().hasPrefix("chatty: Cannot make the folder /nowhere/at/all/"))
        let port = try FreePort.udp()
        let target = try TemporaryFolder()
        let first = try await FileReceiver(into: target, port: port)
        let second = try ChattyProcess("recv-file", "\(port)", "-o", target.path)
        #expect(try await second.exitStatus() == 1)
        #expect(
            try await second.diagnostics.end() == "chatty: Cannot listen on UDP port \(port): it is already in use; choose another port.\n")
        first.process.kill()
    }
}
