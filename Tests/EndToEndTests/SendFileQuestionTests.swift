import Foundation
import TestSupport
import Testing

/// The questions of `send-file` and `recv-file`, which can always be interrupted.
@Suite("Questions about files", .fewAtATime, .serialized)
struct SendFileQuestionTests {
    /// A receiver on a terminal that asks about each sender, with its ticket.
    private static func asking(_ words: [String] = [], into target: TemporaryFolder) async throws -> (ChattyProcess, ticket: String) {
        let process = try ChattyProcess(
            words: ["recv-file", "-o", target.path, "--accept", "ask"] + words, on: .terminal(columns: 400))
        return (process, String(try await process.output.expect(/Ticket: (chatty1[a-z2-7]+)\r\n/).1))
    }

    @Test func controlCAtTheReceiversQuestion() async throws {
        let target = try TemporaryFolder()
        let source = try target.write("content", to: "file")
        let (receiver, ticket) = try await Self.asking(into: target)
        let sender = try ChattyProcess("send-file", source, ticket)
        try await receiver.output.expect(/offers file \(7 B\)\. Accept\?.*\]/)
        try receiver.type("\u{3}")
        #expect(try await receiver.exitStatus() == 130)
        #expect(try await sender.exitStatus() == 7)
        #expect(try await sender.diagnostics.end().contains("Interrupted by the receiver"))
        #expect(receiver.output.text.hasSuffix("^C\r\nchatty: Cancelled.\r\n"), "\(receiver.output.text.suffix(80).debugDescription)")
    }

    @Test func terminateAtTheReceiversQuestion() async throws {
        let target = try TemporaryFolder()
        let source = try target.write("content", to: "file")
        let receiver = try ChattyProcess("recv-file", "-o", target.path, "--accept", "ask", "--progress", "json")
        let ticket = String(try await receiver.diagnostics.expect(/"ticket":"(chatty1[a-z2-7]+)"/).1)
        // The question about the second sender waits for its turn.
        let senders = [try ChattyProcess("send-file", source, ticket), try ChattyProcess("send-file", source, ticket)]
        for _ in senders { try await receiver.diagnostics.expect(/"event":"offered","name":"file"/) }
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitStatus() == 143)
        for sender in senders { #expect(try await sender.exitStatus() == 7) }
        #expect(!receiver.diagnostics.text.contains("declined"))
    }

    /// The loss of the terminal is no answer.
    @Test func aTerminalThatIsClosedAtTheReceiversQuestion() async throws {
        let target = try TemporaryFolder()
        let source = try target.write("content", to: "file")
        let holder = try ChattyProcess(
            words: ["-qec", "exec '\(Executable.chatty)' recv-file -o '\(target.path)' --accept ask", "/dev/null"],
            executable: "/usr/bin/script")
        let ticket = String(try await holder.output.expect(/Ticket: (chatty1[a-z2-7]+)\r\n/).1)
        let sender = try ChattyProcess("send-file", source, ticket)
        try await holder.output.expect(/Accept\?/)
        holder.kill()
        #expect(try await sender.exitStatus() == 7)
        #expect(try await sender.diagnostics.end().contains("Interrupted by the receiver"))
    }

    @Test func aSenderThatLeavesTakesItsQuestionWithIt() async throws {
        let target = try TemporaryFolder()
        let source = try target.write("content", to: "file")
        let (receiver, ticket) = try await Self.asking(["--once"], into: target)
        let first = try ChattyProcess("send-file", source, ticket)
        try await receiver.output.expect(/Accept\?.*\]/)
        first.signal(SIGINT)
        #expect(try await first.exitStatus() == 130)
        try await receiver.output.expect("Interrupted by the sender.")
        let second = try ChattyProcess("send-file", "--name", "other", source, ticket)
        try await receiver.output.expect(/offers other.*Accept\?.*\]/)
        try receiver.type("y\r")
        #expect(try await second.exitStatus() == 0)
        #expect(try target.data("other") == Data("content".utf8))
        #expect(try await receiver.exitStatus() == 0)
    }

    /// A folder is one question, which names its size. The folder arrives as announced, or not at all if it was declined.
    @Test(arguments: [true, false]) func aFolderIsOneQuestion(isTaken: Bool) async throws {
        let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
        try FileManager.default.createDirectory(atPath: source["photos/summer"], withIntermediateDirectories: true)
        for (name, text) in [("photos/a", "content"), ("photos/b", ""), ("photos/summer/c", "abc")] {
            try source.write(Data(text.utf8), to: name)
        }
        let (receiver, ticket) = try await Self.asking(into: target)
        let sender = try ChattyProcess("send-file", source["photos"], ticket)
        try await receiver.output.expect("offers the folder photos: 3 files, 10 B. Accept? [y/N, a for all of this transfer]")
        // There is no answer yet.
        try await sender.diagnostics.expect("chatty: Waiting for the receiver …\n")
        try receiver.type(isTaken ? "y\r" : "n\r")
        #expect(try await sender.exitStatus() == (isTaken ? 0 : 6))
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitStatus() == 143)
        #expect(receiver.output.text.components(separatedBy: "Accept?").count == 2)
        #expect(try target.names() == (isTaken ? ["photos"] : []))
        if isTaken {
            #expect(try target.data("photos/summer/c") == Data("abc".utf8))
            #expect(sender.diagnostics.text.contains("chatty: Sent photos (3 files): 10 B in "))
        } else {
            #expect(sender.diagnostics.text.hasSuffix("…\nchatty: The receiver did not take photos: it was declined.\n"))
        }
    }

    /// Messages during a question appear above it, and the question is shown again.
    @Test func aQuestionStaysReadable() async throws {
        let target = try TemporaryFolder()
        let source = try target.write("content", to: "file")
        let (receiver, ticket) = try await Self.asking(["--count", "2"], into: target)
        let first = try ChattyProcess("send-file", "--name", "first", source, ticket)
        try await receiver.output.expect(/offers first.*Accept\?.*\]/)
        let second = try ChattyProcess("send-file", "--name", "second", source, ticket)
        try receiver.type("a\r")
        try await receiver.output.expect(/Received first.*\r\n/)
        try await receiver.output.expect(/offers second.*Accept\?.*\]/)
        try receiver.type("\r")
        #expect(try await first.exitStatus() == 0)
        #expect(try await second.exitStatus() == 6)
        try await receiver.output.expect("Declined: second.")
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitStatus() == 143)
    }

    /// Only loopback addresses count as known, so this test needs another one.
    private static var hasAddress: Bool {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return false }
        defer { freeifaddrs(list) }
        var next = list
        while let entry = next?.pointee {
            let isLoopback = Int(entry.ifa_flags) & Int(IFF_LOOPBACK) != 0
            if !isLoopback, entry.ifa_addr?.pointee.sa_family == sa_family_t(AF_INET) { return true }
            next = entry.ifa_next
        }
        return false
    }

    @Test(.enabled(if: hasAddress, "this host has no address but its loopback's: the question about a new receiver is not tested"))
    func controlCAtTheSendersQuestion() async throws {
        let target = try TemporaryFolder()
        let source = try target.write("content", to: "file")
        let receiver = try ChattyProcess("recv-file", "-o", target.path, "--accept", "always")
        let address = String(try await receiver.diagnostics.expect(/Address: ((?!127\.)\d+\.\d+\.\d+\.\d+:\d+)\n/).1)
        let sender = try ChattyProcess("send-file", source, address, on: .terminal(columns: 400))
        try await sender.output.expect(/This is the first transfer to .*\. Its key is .*show the same key\? \[y\/N\]/)
        try sender.type("\u{3}")
        #expect(try await sender.exitStatus() == 130)
        #expect(sender.output.text.hasSuffix("^C\r\nchatty: Interrupted.\r\n"), "\(sender.output.text.suffix(80).debugDescription)")
        let again = try ChattyProcess("send-file", source, address, on: .terminal(columns: 400))
        try await again.output.expect(/show the same key\? \[y\/N\]/)
        try again.type("y\r")
        #expect(try await again.exitStatus() == 0)
    }
}
