import Foundation
import TestSupport
import Testing

/// `--progress json` agrees with the EVENTS of the manual pages.
@Suite("Progress for programs", .fewAtATime, .serialized)
struct ProgressEventsTests {
    private let sending: DocumentedEvents
    private let receiving: DocumentedEvents

    init() throws {
        sending = try DocumentedEvents(of: "send-file")
        receiving = try DocumentedEvents(of: "recv-file")
    }

    /// A receiver with `--progress json`, and its ticket.
    private func receiver(_ words: [String], into target: TemporaryFolder) async throws -> (ChattyProcess, ticket: String) {
        let process = try ChattyProcess(words: ["recv-file", "-o", target.path, "--progress", "json"] + words)
        return (process, String(try await process.diagnostics.expect(/"ticket":"(chatty1[a-z2-7]+)"/).1))
    }

    private func lastLine(_ text: String) throws -> [String: Any] {
        let line = try #require(text.split(separator: "\n").last)
        return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test func aFileThatArrives() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(4_000_000), to: "a\u{1B}b")
        let target = try TemporaryFolder()
        let (receiver, ticket) = try await receiver(["--once"], into: target)
        let sender = try ChattyProcess("send-file", "--progress", "json", "--limit", "4M", source, ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
        #expect(Set(try sending.expect(sender.diagnostics.text)) == ["connected", "progress", "done", "end"])
        #expect(Set(try receiving.expect(receiver.diagnostics.text)) == ["listening", "connected", "offered", "progress", "done", "end"])
        for text in [sender.diagnostics.text, receiver.diagnostics.text] {
            let end = try lastLine(text)
            #expect(end["event"] as? String == "end" && end["status"] as? Int == 0 && end["bytes"] as? Int == 4_000_000)
            #expect((end["seconds"] as? Double ?? 0) > 0.5)
            #expect(text.contains(#""name":"a\u001bb""#), "the name as it is")
        }
    }

    /// With a read-only data folder the key is temporary, which is reported as a note.
    @Test func aKeyThatCannotBeKept() async throws {
        let target = try TemporaryFolder()
        let source = try target.write("content", to: "file")
        let (receiver, ticket) = try await receiver(["--once", "-d", "/proc/nope"], into: target)
        let sender = try ChattyProcess("send-file", "--progress", "json", "-d", "/proc/nope", source, ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
        #expect(try sending.expect(sender.diagnostics.text).first == "note")
        #expect(try receiving.expect(receiver.diagnostics.text).first == "note")
        #expect(receiver.diagnostics.text.hasPrefix(#"{"event":"note","reason":"The key for transfers is valid only until"#))
    }

    /// The answer to an offer is an event, without a text for people.
    @Test func anOfferThatIsDeclined() async throws {
        let target = try TemporaryFolder()
        let source = try target.write("content", to: "file")
        let (receiver, ticket) = try await receiver(["--once", "--accept", "ask"], into: target)
        let sender = try ChattyProcess("send-file", "--progress", "json", source, ticket)
        try await receiver.diagnostics.expect(/"event":"offered","name":"file","peer":".*","size":7/)
        try receiver.type("n\n")
        #expect(try await sender.exitStatus() == 6)
        // A declined offer is no transfer: the receiver continues to wait.
        try await receiver.diagnostics.expect(/"event":"declined"/)
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitStatus() == 143)
        #expect(try sending.expect(sender.diagnostics.text).contains("declined"))
        #expect(try receiving.expect(receiver.diagnostics.text).contains("declined"))
        #expect(try lastLine(sender.diagnostics.text)["bytes"] as? Int == 0)
    }

    @Test func aFileThatGoesOn() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(16_000_000), to: "movie.mp4")
        let target = try TemporaryFolder()
        let (receiver, ticket) = try await receiver(["--once"], into: target)
        for isInterrupted in [true, false] {
            let limit = isInterrupted ? "1M" : "1G"
            let sender = try ChattyProcess("send-file", "--progress", "json", "--limit", limit, source, ticket, home: folder)
            if isInterrupted {
                try await receiver.diagnostics.expect(/"bytes":[3-9]\d{6},/)
                sender.signal(SIGINT)
            }
            #expect(try await sender.exitStatus() == (isInterrupted ? 130 : 0))
            let events = try sending.expect(sender.diagnostics.text)
            #expect(events.contains("resumed") == !isInterrupted)
        }
        #expect(try await receiver.exitStatus() == 0)
        let events = try receiving.expect(receiver.diagnostics.text)
        #expect(events.contains("resumed") && events.contains("note"))
    }

    @Test func aFileThatFails() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(8_000_000), to: "movie.mp4")
        let shell = try ChattyProcess(
            words: ["-c", "\(Executable.chatty) recv-file -o - --progress json | head -c 1000 > head"], home: folder, executable: "/bin/sh")
        let ticket = String(try await shell.diagnostics.expect(/"ticket":"(chatty1[a-z2-7]+)"/).1)
        let sender = try ChattyProcess("send-file", "--progress", "json", source, ticket)
        #expect(try await sender.exitStatus() == 1)
        #expect(try sending.expect(sender.diagnostics.text).contains("failed"))
        _ = try await shell.exitStatus()
        #expect(try receiving.expect(shell.diagnostics.text).last == "end")
    }

    @Test func thePlainForm() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let target = try TemporaryFolder()
        let receiver = try ChattyProcess("recv-file", "-o", target.path, "--legacy", "--once", "--progress", "json")
        let port = try await receiver.diagnostics.expect(/"port":(\d+)/).1
        let sender = try ChattyProcess("send-file", "--progress", "json", "--legacy", source, "127.0.0.1:\(port)")
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.exitStatus() == 0)
        #expect(try sending.expect(sender.diagnostics.text) == ["note", "note", "end"])
        #expect(try receiving.expect(receiver.diagnostics.text) == ["note", "listening", "done", "end"])
    }

    @Test func whatCannotBegin() async throws {
        let sender = try ChattyProcess("send-file", "--progress", "json", "/nowhere/movie.mp4", "127.0.0.1:9")
        #expect(try await sender.exitStatus() == 1)
        #expect(try sending.expect(sender.diagnostics.text) == ["end"])
        let receiver = try ChattyProcess("recv-file", "--progress", "json", "-o", "/nowhere/at/all/")
        #expect(try await receiver.exitStatus() == 1)
        #expect(try receiving.expect(receiver.diagnostics.text) == ["end"])
    }
}
