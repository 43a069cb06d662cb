import Connectivity
import NetworkIO
import Testing
import TransferIO
import TransferProtocol

@testable import chatty

/// Which words of a command line are files, and where the ticket comes from.
@Suite struct SendTargetTests {
    private static func ticket(_ number: UInt8) throws -> Ticket {
        try #require(
            Ticket(
                receiverKey: [UInt8](repeating: number, count: 32), secret: [UInt8](repeating: 2, count: 16),
                addresses: [NetworkAddress(ipv4: 0x7F00_0001, port: 9)]))
    }

    /// - Parameter environment: the text of `$CHATTY_TICKET`.
    private func target(_ words: [String], environment: String? = nil, files: Set<String> = []) throws -> SendTarget {
        guard case .run(let arguments) = try ArgumentParser(spec: SendFileFlags.spec).parse(words) else {
            throw UsageError("asked for help")
        }
        let held = try Self.ticket(3)
        return try SendTarget(
            arguments, environment: environment.map { ["CHATTY_TICKET": ByteString($0)] } ?? [:],
            exists: { files.contains($0.description) },
            readTicket: { path in
                guard path != "damaged" else { throw TicketError.damaged }
                return held
            })
    }

    @Test func theLastWordIsTheDestination() throws {
        let text = try Self.ticket(1).text
        let one = try target(["a", text])
        #expect(one.files == ["a"])
        #expect(try one.destination == .ticket(Self.ticket(1)))
        let several = try target(["a", "b", "c", "host:9"], files: ["a", "b", "c"])
        #expect(several.files == ["a", "b", "c"])
        #expect(several.destination == HostPort("host:9").map { .plain($0) })
        // This holds even if there is a file with that name.
        #expect(try target(["a", "host:9"], files: ["host:9"]).files == ["a"])
    }

    @Test func theEnvironmentHasTheTicket() throws {
        let text = try Self.ticket(1).text
        for words in [["a"], ["a", "b"], ["a", "b", "-"], ["-"]] {
            let target = try target(words, environment: text, files: ["a", "b"])
            #expect(target.files == words.map { ByteString($0) })
            #expect(try target.destination == .ticket(Self.ticket(1)))
        }
        // A missing file is reported as a missing file.
        #expect(try target(["a", "missing"], environment: text).files == ["a", "missing"])
        #expect(try target(["a", "host:9"], environment: text, files: ["host:9"]).files == ["a", "host:9"])
        // An empty ticket is invalid.
        #expect(throws: UsageError.self) { try target(["a"], environment: "") }
    }

    @Test func aDestinationCountsInsteadOfTheEnvironment() throws {
        let text = try Self.ticket(1).text
        let other = try Self.ticket(2)
        let target = try target(["a", "b", other.text], environment: text, files: ["a", "b"])
        #expect(target.files == ["a", "b"] && target.destination == .ticket(other))
        #expect(try self.target(["a", "[::1]:9"], environment: text).destination == HostPort("[::1]:9").map { .plain($0) })
        // A word that is meant as a destination never leads to another one.
        for word in ["host:99999", "host:", String(other.text.dropLast())] {
            #expect(throws: UsageError.self, "\(word)") { try self.target(["a", word], environment: text) }
        }
    }

    @Test func aFileHasTheTicket() throws {
        let held = try Self.ticket(3)
        for words in [["-t", "file", "a"], ["--ticket-file", "file", "a"], ["a", "--ticket-file=-"]] {
            let target = try target(words, environment: Self.ticket(1).text)
            #expect(target.files == ["a"] && target.destination == .ticket(held))
        }
        #expect(try target(["-t", "file", "a", "b:9"], files: ["b:9"]).files == ["a", "b:9"])
        #expect(throws: UsageError.self) { try target(["-t", "file", "a", "host:9"]) }
        #expect(throws: UsageError.self) { try target(["-t", "-", "-"]) }
        #expect(throws: UsageError.self) { try target(["-t", "damaged", "a"]) }
    }

    @Test func nobodyToSendTo() {
        #expect(throws: UsageError.self) { try target([]) }
        #expect(throws: UsageError("DESTINATION is missing.", command: "send-file")) { try target(["a"]) }
        #expect(throws: UsageError.self) { try target(["a", "nonsense"], files: ["nonsense"]) }
        #expect(throws: UsageError.self) { try target(["a"], environment: "nonsense") }
    }
}
