import ChatProtocol
import Testing

@testable import ChatClient

@Suite struct ConsoleFormatterTests {
    private static let time = Timestamp(iso8601: "2026-01-31T10:34:56Z") ?? Timestamp(milliseconds: 0)

    private func message(_ kind: ConsoleFormatter.Kind, from: String, _ text: String = "hi") -> String {
        var formatter = ConsoleFormatter(kind, clock: { _ in LocalTime(date: "2026-01-31", time: "12:34") }, now: Self.time)
        return formatter.message(
            ReceivedMessage(id: nil, time: Self.time, from: from, conversation: .group("jedi"), text: text, isOwn: false))
    }

    /// The colour of a name.
    private func colour(_ name: String) -> Substring? {
        message(.terminal(colours: true), from: name).firstMatch(of: /#jedi \x{1B}\[(\d+)m/).map { $0.1 }
    }

    @Test func aNameHasOneColourWhateverItsCase() {
        #expect(colour("yoda") != nil && colour("yoda") == colour("Yoda"))
        let colours = Set(["yoda", "luke", "hans", "leia", "vader", "chewie", "lando", "obiwan"].map { colour($0) })
        #expect(colours.count >= 4, "\(colours)")
        // The colour is pinned, so that a user's colour does not change with a new version.
        #expect(colour("yoda") == "34")
    }

    @Test func withoutColoursThereIsNoEscapeSequence() {
        #expect(message(.terminal(colours: false), from: "yoda") == "12:34 #jedi yoda: hi")
        #expect(message(.plain, from: "yoda") == "2026-01-31T10:34:56Z #jedi yoda: hi")
        #expect(!message(.terminal(colours: true), from: "yoda", "\u{1B}[31mred").contains("[31mred"))
    }
}
