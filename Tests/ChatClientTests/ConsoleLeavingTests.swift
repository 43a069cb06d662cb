import ChatProtocol
import Testing

@testable import ChatClient

/// A person who leaves is warned about what would be lost.
@Suite struct ConsoleLeavingTests {
    private func sending() -> ConsoleTranscript {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type("/p2pvideo luke film.mp4")
        _ = play.give(.transfer(.described(1, name: "film.mp4", size: 100, payload: "{}")))
        _ = play.answer(1, .signalSent(to: "luke"))
        _ = play.give(.transfer(.progress(1, done: 6, total: 100, rate: 1)))
        return play
    }
    private static let warning = "| Not done yet: film.mp4 to luke (6 %). Log out again to leave anyway."

    @Test func aTransferIsLeftOnlyWhenThatIsSaidTwice() {
        for way: ConsoleInput in [.endOfInput, .line("/logout"), .line("/quit")] {
            var play = sending()
            #expect(play.give(way).first == Self.warning)
            // After another command the warning is repeated.
            _ = play.type("/transfers")
            #expect(play.give(way).first == Self.warning)
            #expect(play.give(way).first == "2 QUIT")
        }
    }

    @Test func ctrlCSaysItToo() {
        var play = sending()
        #expect(play.give(.interrupt(hadText: false)).first == "| Not done yet: film.mp4 to luke (6 %). Press Ctrl-C again to leave.")
        #expect(play.give(.interrupt(hadText: false)).first == "2 QUIT")
    }

    @Test func messagesThatWaitForTheConnectionAreNamed() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.client(.connectionLost)
        _ = play.type("/msgto luke a")
        #expect(play.type("/logout").first == "| Not done yet: 1 message. Log out again to leave anyway.")
        #expect(play.type("/logout").first == "2 QUIT")
    }

    @Test func anOfferOfAnotherKeepsNobody() throws {
        var play = ConsoleTranscript()
        play.logIn()
        let offer = try #require(TransferSignal(verb: .offer, id: "a1", payload: #"{"name":"x","size":1}"#))
        _ = play.client(.signal(from: "luke", to: "yoda", offer))
        #expect(play.type("/verify") == ["| There is nothing to compare yet. Accept x first: /accept 1."])
        #expect(play.type("/logout") == ["1 QUIT", "?"])
    }
}
