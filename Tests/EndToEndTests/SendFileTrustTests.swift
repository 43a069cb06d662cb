import Foundation
import TestSupport
import Testing

/// Which senders are accepted: ticket and secret are of use only if an address alone is not enough.
@Suite("Who may send", .fewAtATime, .serialized)
struct SendFileTrustTests {
    private static let secret = ["CHATTY_SECRET": "correct horse battery"]

    private static func source(_ folder: TemporaryFolder) throws -> String { try folder.write("a film", to: "movie.mp4") }

    /// The port that a receiver on a terminal shows.
    private static func port(_ receiver: ChattyProcess) async throws -> String {
        String(try await receiver.output.expect(/Address: 127\.0\.0\.1:(\d+)\s/).1)
    }

    /// A sender with only an address is refused, and the receiver continues to wait for the owner of the ticket.
    @Test func anAddressAloneIsRefused() async throws {
        let folder = try TemporaryFolder()
        let source = try Self.source(folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(["--once", "--accept", "ticket"], into: target)
        #expect(receiver.process.diagnostics.text.contains("A sender without the ticket is refused (see --accept)."))
        let stranger = try ChattyProcess("send-file", source, "127.0.0.1:\(receiver.port)")
        #expect(try await stranger.exitStatus() == 4)
        #expect(
            try await stranger.diagnostics.end()
                == "chatty: Refused: 127.0.0.1:\(receiver.port) accepts only senders with its ticket or the shared secret.\n")
        #expect(try target.names() == [] && !receiver.process.hasEnded)
        #expect(try await ChattyProcess("send-file", source, receiver.ticket).exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.names() == ["movie.mp4"])
    }

    /// A script has no person to ask.
    @Test func aScriptTakesNothingOfStrangers() async throws {
        let folder = try TemporaryFolder()
        let source = try Self.source(folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        #expect(receiver.process.diagnostics.text.contains("A sender without the ticket is refused (see --accept)."))
        let stranger = try ChattyProcess("send-file", source, "127.0.0.1:\(receiver.port)")
        #expect(try await stranger.exitStatus() == 4)
        #expect(try target.names() == [] && !receiver.process.hasEnded)
        #expect(try await ChattyProcess("send-file", source, receiver.ticket).exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
    }

    /// The complete command for the other side is shown, and so is the key that the sender sees.
    @Test func theCommandForTheOtherSideAndTheKeyAreShown() async throws {
        let folder = try TemporaryFolder()
        let source = try Self.source(folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let key = String(try await receiver.process.diagnostics.expect(/\nchatty: Key: ([0-9a-f-]{39})\n/).1)
        let shown = receiver.process.diagnostics.text
        #expect(shown.contains("On the other machine, type:\nchatty:   chatty send-file FILE \(receiver.ticket)\n"))
        let sender = try ChattyProcess("send-file", "--progress", "json", source, receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(sender.diagnostics.text.contains("\"event\":\"connected\",\"key\":\"\(key)\""))
    }

    /// A receiver that is restarted on its port accepts the ticket that the sender has, until it makes a new one.
    @Test func theTicketOfAPortStays() async throws {
        let folder = try TemporaryFolder()
        let source = try Self.source(folder)
        let (target, home) = (try TemporaryFolder(), try TemporaryFolder())
        let any = try await FileReceiver(into: target, home: home)
        any.process.kill()
        _ = try await any.process.exitStatus()
        let first = try await FileReceiver(into: target, home: home, port: any.port)
        // The ticket of a random port was valid for that run only.
        #expect(first.ticket != any.ticket)
        first.process.kill()
        _ = try await first.process.exitStatus()
        let second = try await FileReceiver(["--overwrite"], into: target, home: home, port: any.port)
        #expect(second.ticket == first.ticket)
        #expect(try await ChattyProcess("send-file", source, first.ticket).exitStatus() == 0)
        second.process.kill()
        _ = try await second.process.exitStatus()
        let third = try await FileReceiver(["--new-ticket"], into: target, home: home, port: any.port)
        #expect(third.ticket != first.ticket)
        #expect(try await ChattyProcess("send-file", source, first.ticket).exitStatus() == 4)
        third.process.kill()
        _ = try await third.process.exitStatus()
        #expect(try await FileReceiver(into: target, home: home, port: any.port).ticket == third.ticket)
    }

    @Test func anAddressIsEnoughWhereItIsSaid() async throws {
        let folder = try TemporaryFolder()
        let source = try Self.source(folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(["--once", "--accept", "always"], into: target)
        #expect(receiver.process.diagnostics.text.contains("Everybody who reaches an address can send without the ticket."))
        #expect(try await ChattyProcess("send-file", source, "127.0.0.1:\(receiver.port)").exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.names() == ["movie.mp4"])
    }

    /// With a secret no stranger is accepted, whatever the other options.
    @Test(arguments: ["ticket", "ask", "always"]) func aSecretIsAskedOfAll(accept: String) async throws {
        let folder = try TemporaryFolder()
        let source = try Self.source(folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(["--once", "--accept", accept], into: target, environment: Self.secret)
        #expect(try await ChattyProcess("send-file", source, "127.0.0.1:\(receiver.port)").exitStatus() == 4)
        #expect(try target.names() == [])
        if accept != "ask" {
            let friend = try ChattyProcess("send-file", source, "127.0.0.1:\(receiver.port)", environment: Self.secret)
            #expect(try await friend.exitStatus() == 0)
            #expect(try await receiver.process.exitStatus() == 0)
            #expect(try target.names() == ["movie.mp4"])
        } else {
            receiver.process.signal(SIGTERM)
            #expect(try await receiver.process.exitStatus() == 143)
        }
    }

    /// At a terminal the person decides; a refusal does not use up `--once`.
    @Test func aStrangerIsAskedAboutOnTheTerminal() async throws {
        let folder = try TemporaryFolder()
        let source = try Self.source(folder)
        let target = try TemporaryFolder()
        let receiver = try ChattyProcess("recv-file", "0", "-o", target.path, "--once", on: .terminal(columns: 200))
        let port = try await Self.port(receiver)
        let first = try ChattyProcess("send-file", source, "127.0.0.1:\(port)")
        try await receiver.output.expect(/127\.0\.0\.1:\d+, who has no ticket, offers movie\.mp4 \(6 B\)\. Accept\?/)
        try receiver.type("n\r")
        #expect(try await first.exitStatus() == 6)
        try await receiver.output.expect("Declined: movie.mp4.")
        let second = try ChattyProcess("send-file", source, "127.0.0.1:\(port)")
        try await receiver.output.expect("who has no ticket, offers")
        try receiver.type("y\r")
        #expect(try await second.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
        #expect(try target.names() == ["movie.mp4"])
    }

    /// The owner of the ticket is not asked about.
    @Test func theTicketIsEnoughOnATerminal() async throws {
        let folder = try TemporaryFolder()
        let source = try Self.source(folder)
        let target = try TemporaryFolder()
        let receiver = try ChattyProcess("recv-file", "0", "-o", target.path, "--once", on: .terminal(columns: 200))
        let ticket = String(try await receiver.output.expect(/Ticket: (chatty1[a-z2-7]+)\s/).1)
        #expect(try await ChattyProcess("send-file", source, ticket).exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
        #expect(try target.names() == ["movie.mp4"] && !receiver.output.text.contains("Accept?"))
    }

    /// The key of a receiver is stored only once it is proven: a receiver that only answers and refuses leaves nothing.
    @Test(hasOwnAddress) func onlyAProvenKeyIsRemembered() async throws {
        let address = try #require(Self.ownAddress())
        let folder = try TemporaryFolder()
        let source = try Self.source(folder)
        let target = try TemporaryFolder()
        let home = try TemporaryFolder()
        let data = home["data"]
        let refusing = try await FileReceiver(["--accept", "ticket"], into: target)
        let refused = try ChattyProcess("send-file", "--accept-new", "-d", data, source, "\(address):\(refusing.port)")
        #expect(try await refused.exitStatus() == 4)
        #expect(!FileManager.default.fileExists(atPath: data + "/known-receivers"))
        refusing.process.kill()
        let receiver = try await FileReceiver(["--once", "--accept", "always"], into: target)
        let sender = try ChattyProcess("send-file", "--accept-new", "-d", data, source, "\(address):\(receiver.port)")
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        let known = try String(contentsOfFile: data + "/known-receivers", encoding: .utf8)
        #expect(known.hasPrefix("\(address):\(receiver.port) "))
        // The key can be removed, once.
        let peer = "\(address):\(receiver.port)"
        let forgetting = try ChattyProcess("send-file", "--forget", "-d", data, peer)
        #expect(try await forgetting.exitStatus() == 0)
        #expect(forgetting.output.text == "The key of \(peer) is forgotten.\n")
        let again = try ChattyProcess("send-file", "--forget", "-d", data, peer)
        #expect(try await again.exitStatus() == 1)
        #expect(again.diagnostics.text == "chatty: No key of \(peer) is known.\n")
        #expect(try await ChattyProcess("send-file", "--forget", "-d", data, peer, "other").exitStatus() == 2)
    }

    /// With a read-only data folder, as in a read-only home, a warning is shown and the file arrives.
    @Test(hasOwnAddress) func aKeyThatCannotBeRememberedIsNoFailure() async throws {
        let address = try #require(Self.ownAddress())
        let folder = try TemporaryFolder()
        let source = try Self.source(folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(["--once", "--accept", "always"], into: target)
        let peer = "\(address):\(receiver.port)"
        let sender = try ChattyProcess("send-file", "--accept-new", "-d", "/proc/nope", source, peer)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(sender.diagnostics.text.contains("\nchatty: The key of \(peer) could not be remembered: cannot "))
        #expect(try target.names() == ["movie.mp4"])
    }

    /// The keys of loopback addresses are not stored.
    private static let hasOwnAddress = ConditionTrait.enabled(if: ownAddress() != nil, "this machine has no address but the loopback's")

    /// An address of this machine other than loopback.
    private static func ownAddress() -> String? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }) {
            guard let address = entry?.pointee.ifa_addr, Int32(address.pointee.sa_family) == AF_INET else { continue }
            let ip = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt32(bigEndian: $0.pointee.sin_addr.s_addr) }
            if ip >> 24 != 127 { return [24, 16, 8, 0].map { "\(ip >> $0 & 255)" }.joined(separator: ".") }
        }
        return nil
    }

    /// A man in the middle answers first, with another key.
    @Test func anImpostorsKeyDoesNotEndIt() async throws {
        let folder = try TemporaryFolder()
        let source = try Self.source(folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target, environment: Self.secret)
        let impostor = try Impostor(before: receiver.port)
        defer { impostor.stop() }
        let sender = try ChattyProcess("send-file", source, "127.0.0.1:\(impostor.port)", environment: Self.secret)
        #expect(try await sender.exitStatus() == 0, "\(sender.diagnostics.text)")
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.names() == ["movie.mp4"] && impostor.lies > 0)
    }
}
