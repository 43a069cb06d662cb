import ChatProtocol
import Testing

@testable import ChatClient

/// What the console asks and says when a file finds no direct path.
@Suite struct ConsoleRelayTests {
    private static let offer = #"{"name":"film.mp4","size":10,"key":"","addresses":[]}"#

    private func loggedIn() -> ConsoleTranscript {
        var play = ConsoleTranscript()
        play.logIn()
        return play
    }

    private func signal(_ verb: TransferSignal.Verb, _ payload: String) throws -> ConsoleInput {
        .client(.signal(from: "luke", to: "yoda", try #require(TransferSignal(verb: verb, id: "a1", payload: payload))))
    }

    /// The server grants a relay for an offer that was accepted, so it is asked after the answer.
    @Test func theServerIsAskedForARelayAfterTheAnswer() throws {
        var play = loggedIn()
        _ = play.give(try signal(.offer, Self.offer))
        _ = play.type("/accept")
        #expect(play.give(.transfer(.needsRelay(1))) == [])
        #expect(play.give(.transfer(.ready(1, payload: "here"))) == ["1 P2P luke ACCEPT a1 here", "2 P2P luke RELAY a1 :"])
        #expect(play.give(try signal(.relay, "leg")) == [#"transfer relay(1, payload: "leg")"#])
    }

    @Test func whatHappensIsSaid() throws {
        var play = loggedIn()
        _ = play.give(try signal(.offer, Self.offer))
        _ = play.type("/accept")
        _ = play.give(.transfer(.ready(1, payload: "here")))
        #expect(play.give(.transfer(.needsRelay(1))) == ["| Looking for a way to luke ...", "2 P2P luke RELAY a1 :"])
        #expect(play.give(.transfer(.way(1, .relayed(rate: 2_000_000)))) == ["| 1: film.mp4 is relayed by the server, at most 2 MB/s."])
        #expect(play.give(.transfer(.way(1, .relayed(rate: 2_000_000)))) == [])
        #expect(play.give(.transfer(.way(1, .direct(milliseconds: 12.4)))) == ["| 1: film.mp4 is direct, 12 ms."])
        _ = play.give(.transfer(.progress(1, done: 5, total: 10, rate: 0)))
        #expect(play.type("/transfers").first?.hasSuffix("direct, 12 ms") == true)
    }

    @Test func aServerThatRelaysNothingIsNoFailureYet() throws {
        var play = loggedIn()
        _ = play.give(try signal(.offer, Self.offer))
        _ = play.type("/accept")
        _ = play.give(.transfer(.ready(1, payload: "here")))
        _ = play.give(.transfer(.needsRelay(1)))
        #expect(play.answer(2, .noRelay) == ["transfer refuseRelay(1)"])
    }
}
