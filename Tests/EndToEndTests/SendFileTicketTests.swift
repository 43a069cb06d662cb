import Foundation
import TestSupport
import Testing

/// Tickets that are not on the command line, where all users of the machine can read them.
@Suite("Tickets kept to oneself", .fewAtATime, .serialized)
struct SendFileTicketTests {
    private static func files(in folder: TemporaryFolder) throws {
        try folder.write("one", to: "a")
        try folder.write("two", to: "b")
    }

    @Test func fromTheEnvironment() async throws {
        let folder = try TemporaryFolder()
        try Self.files(in: folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess(
            "send-file", "a", "b", directory: folder.path, environment: ["CHATTY_TICKET": receiver.ticket])
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.names() == ["a", "b"])
    }

    /// The ticket may be wrapped by the programs that transmitted it.
    @Test(arguments: [true, false]) func fromAFile(isStandardInput: Bool) async throws {
        let folder = try TemporaryFolder()
        try Self.files(in: folder)
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let wrapped = "\(receiver.ticket.prefix(60))\n\(receiver.ticket.dropFirst(60))\n"
        try folder.write(wrapped, to: "ticket")
        let sender = try ChattyProcess(
            "send-file", "--ticket-file", isStandardInput ? "-" : "ticket", "a", "b", directory: folder.path)
        if isStandardInput { try sender.type(wrapped) }
        try sender.closeInput()
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.names() == ["a", "b"])
    }

    @Test func aFileThatIsNone() async throws {
        let folder = try TemporaryFolder()
        try Self.files(in: folder)
        let missing = try ChattyProcess("send-file", "-t", "ticket", "a", directory: folder.path)
        #expect(try await missing.exitStatus() == 1)
        #expect(try await missing.diagnostics.end() == "chatty: Cannot open ticket: No such file or directory.\n")
        let wrong = try ChattyProcess("send-file", "-t", "b", "a", directory: folder.path)
        #expect(try await wrong.exitStatus() == 2)
        #expect(try await wrong.diagnostics.end().contains("--ticket-file b: This is not a ticket."))
    }
}
