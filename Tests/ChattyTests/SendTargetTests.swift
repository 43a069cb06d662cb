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
                switch path {
                case "damaged": String(held.text.dropLast())
                case "code": "7 Guitar ahead\n"
                case "nearly": "7-gitar-ahead"
                default: held.text
                }
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

    private static let code = SendTarget.Destination.code(Codes.guitar)

    @Test func aCodeIsADestination() throws {
        let one = try target(["a", "7-guitar-ahead"])
        #expect(one.files == ["a"] && one.destination == Self.code)
        #expect(try target(["a", "7 GUITAR ahead"]).destination == Self.code)
        #expect(try target(["a"], environment: "7-guitar-ahead").destination == Self.code)
        #expect(try target(["-t", "code", "a"]).destination == Self.code)
        #expect(try target(["a", "7-guitar-ahead"], environment: Self.ticket(1).text).destination == Self.code)
        #expect(throws: UsageError.self) { try target(["-t", "code", "a", "7-guitar-ahead"]) }
        // A file of that name is a file.
        let both = try target(["a", "7-guitar-ahead"], files: ["a", "7-guitar-ahead"])
        #expect(both.files == ["a", "7-guitar-ahead"] && both.destination == .anybody)
    }

    @Test func aCodeWithAWrongWordIsNone() {
        let text = "No code has the word gitar. Did you mean guitar?"
        #expect(throws: UsageError(text, command: "send-file")) { try target(["a", "7-gitar-ahead"]) }
        #expect(throws: UsageError("$CHATTY_TICKET: " + text, command: "send-file")) { try target(["a"], environment: "7-gitar-ahead") }
        #expect(throws: UsageError("--ticket-file nearly: " + text, command: "send-file")) { try target(["-t", "nearly", "a"]) }
    }

    /// Without a destination a code is shown.
    @Test func whoeverTypesTheCode() throws {
        for words in [["a"], ["a", "b"], ["-"], ["a", "-"]] {
            let target = try target(words, files: ["a", "b"])
            #expect(target.files == words.map { ByteString($0) } && target.destination == .anybody)
        }
        // A missing file is reported as a missing file, unless it is meant as something else.
        #expect(try target(["missing"]).destination == .anybody)
        #expect(throws: UsageError("FILE is missing.", command: "send-file")) { try target(["7-guitar-ahead"]) }
        #expect(throws: UsageError("FILE is missing.", command: "send-file")) { try target(["host:9"]) }
    }

    @Test func nobodyToSendTo() {
        #expect(throws: UsageError.self) { try target([]) }
        #expect(throws: UsageError.self) { try target(["a", "nonsense"]) }
        #expect(throws: UsageError.self) { try target(["a"], environment: "nonsense") }
    }
}

private enum Codes {
    static let guitar: MeetingCode = {
        guard let code = try? MeetingCode("7-guitar-ahead") else { preconditionFailure("it is a code") }
        return code
    }()
}
