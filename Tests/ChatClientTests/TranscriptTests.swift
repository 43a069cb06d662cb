import ChatProtocol
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import ChatClient

@Suite struct TranscriptTests {
    private let folder: TemporaryFolder
    private let time = NIOLockedValueBox(Timestamp(iso8601: "2026-01-31T22:30:00Z") ?? Timestamp(milliseconds: 0))
    /// UTC+2.
    private let clock: LocalTime.Clock = { moment in
        let text = moment.adding(milliseconds: 7_200_000).description
        return LocalTime(date: String(text.prefix(10)), time: String(text.dropFirst(11).prefix(5)))
    }

    init() throws { folder = try TemporaryFolder() }

    private func transcript(_ kind: ConsoleFormatter.Kind) throws -> Transcript {
        try Transcript(path: folder.file("log"), of: "chat:1", kind: kind, now: { [time] in time.withLockedValue { $0 } }, clock: clock)
    }

    private func passDay() { time.withLockedValue { $0 = $0.adding(milliseconds: 86_400_000) } }
    private func lines() throws -> [Substring] { String(decoding: try folder.read("log"), as: UTF8.self).split(separator: "\n") }

    @Test func aPersonsIsDatedInLocalTime() throws {
        let transcript = try transcript(.terminal(colours: true))
        transcript.add("\u{1B}[31mred\u{1B}[0m")
        passDay()
        transcript.add(typed: "/x", behind: "yoda> ")
        passDay()
        // The text that is shown has the date already.
        transcript.add("--- 2026-02-03 ---\nmorning")
        transcript.add(diagnostic: "one\ntwo")
        #expect(
            try lines() == [
                "--- 2026-02-01 00:30, chat:1 ---", "red", "--- 2026-02-02 ---", "yoda> /x", "--- 2026-02-03 ---", "morning", "chatty: one",
                "chatty: two",
            ])
    }

    @Test func aScriptsIsDatedInThatOfGreenwich() throws {
        let transcript = try transcript(.plain)
        transcript.add(typed: "/activeuser", behind: "")
        passDay()
        transcript.add("x")
        #expect(try lines() == ["--- 2026-01-31T22:30:00Z, chat:1 ---", "> /activeuser", "--- 2026-02-01 ---", "x"])
    }

    @Test func aProgramsIsOneOfEvents() throws {
        let transcript = try transcript(.json)
        transcript.add(typed: "/activeuser", behind: "")
        passDay()
        transcript.add("{}")
        #expect(
            try lines() == [
                #"{"event":"opened","time":"2026-01-31T22:30:00.000Z","text":"chat:1"}"#, #"{"event":"typed","text":"/activeuser"}"#,
                #"{"event":"day","time":"2026-02-01T22:30:00.000Z"}"#, "{}",
            ])
    }

    @Test func whyAFileCannotBeWrittenIsKept() {
        var reason: String?
        do {
            _ = try Transcript(path: "/proc/nowhere/log", of: "x", kind: .plain, now: { Timestamp(milliseconds: 0) })
        } catch {
            reason = error.reason
        }
        #expect(reason == "No such file or directory")
    }
}
