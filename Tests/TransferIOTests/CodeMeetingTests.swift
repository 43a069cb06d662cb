import Connectivity
import NetworkIO
import TestSupport
import Testing

@testable import TransferIO

/// Hosts and guests with real sockets, in a group of the test's own on this machine's interfaces.
@Suite struct CodeMeetingTests {
    private static func port() throws -> UInt16 { try UDPSocket().port }

    private static func code(of host: CodeHost) async throws -> MeetingCode {
        for await event in host.events { if case .shows(let code) = event { return code } }
        throw CancellationError()
    }

    /// Answers texts with the same text backwards.
    private static func answering(_ host: CodeHost) -> Task<[LinkHost.Event], Never> {
        Task {
            var events: [LinkHost.Event] = []
            for await event in host.events {
                events.append(event)
                if case .text(let exchange, let text) = event { host.answer(exchange, text.reversed()) }
                if case .wrong(_, isLast: true) = event { break }
            }
            return events
        }
    }

    @Test func theyMeetAndTalk() async throws {
        let port = try Self.port()
        let host = try CodeHost(port: port)
        let code = try await Self.code(of: host)
        let task = Self.answering(host)
        defer { task.cancel() }
        let guest = try CodeGuest(code, port: port)
        try await guest.meet()
        #expect(try await guest.ask([1, 2, 3]) == [3, 2, 1])
        let long = [UInt8](repeating: 4, count: 1100)
        #expect(try await guest.ask(long) == long)
        guest.close()
        // Another one with the same code.
        let next = try CodeGuest(code, port: port)
        try await next.meet()
        #expect(try await next.ask([8, 9]) == [9, 8])
    }

    @Test func threeWrongCodesAreTheLast() async throws {
        let port = try Self.port()
        let host = try CodeHost(port: port)
        var code = try await Self.code(of: host)
        for attempt in 1...3 {
            let word = code.words[0] == "guitar" ? "ahead" : "guitar"
            let guest = try CodeGuest(try MeetingCode("\(code.number)-\(word)-\(code.words[1])"), port: port)
            await #expect(throws: LinkGuest.Failure.wrongCode) { try await guest.meet() }
            for await event in host.events {
                if case .wrong(_, let isLast) = event {
                    #expect(isLast == (attempt == 3))
                    break
                }
            }
            if attempt < 3 { code = try await Self.code(of: host) }
        }
    }

    @Test func nobodyIsThere() async throws {
        let guest = try CodeGuest(try MeetingCode("7-guitar-ahead"), port: try Self.port())
        await #expect(throws: LinkGuest.Failure.nobody) { try await guest.meet() }
    }

    @Test func whoStopsWaitingIsReleased() async throws {
        let port = try Self.port()
        let task = Task {
            let guest = try CodeGuest(try MeetingCode("7-guitar-ahead"), port: port)
            try await guest.meet()
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
