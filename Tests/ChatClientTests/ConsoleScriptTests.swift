import ChatProtocol
import Testing

@testable import ChatClient

/// How a script's lines become commands, when it ends, and with which status.
@Suite struct ConsoleScriptTests {
    private func script(_ kind: ConsoleFormatter.Kind = .plain, _ change: (inout Console.Configuration) -> Void = { _ in })
        -> ConsoleTranscript
    {
        var play = ConsoleTranscript(kind) {
            $0.name = "ci"
            $0.idPrefix = "id"
            change(&$0)
        }
        play.logIn(as: "ci")
        return play
    }

    /// A script that has offered a file to luke.
    private func offering(_ change: (inout Console.Configuration) -> Void = { _ in }) -> ConsoleTranscript {
        var play = script(.plain, change)
        _ = play.type("/p2pvideo luke film.mp4")
        _ = play.give(.transfer(.described(1, name: "film.mp4", size: 10, payload: "{}")))
        _ = play.answer(1, .signalSent(to: "luke"))
        return play
    }

    @Test(arguments: ["\n", "\u{2028}", "\u{B}", "\u{85}", "\u{C}", "\u{2029}"]) func aLineOfAScriptIsOneCommandWhateverIsInIt(end: String)
    {
        var play = script()
        #expect(play.type("/msgto hans a\(end)/logout").count == 1)
        #expect(play.console.pending.count == 1)
    }

    @Test(arguments: ["\r", "\0"]) func whatCannotTravelIsRefused(end: String) {
        var play = script()
        #expect(play.type("/msgto hans a\(end)b") == ["! " + Reply.forbiddenByte.text])
        #expect(play.console.status == .usage)
    }

    @Test(arguments: ["/logout", "/quit"]) func leavingWaitsForTheOwnFile(word: String) throws {
        var play = offering()
        #expect(play.type(word) == [])
        #expect(!play.console.wantsLine)
        _ = play.client(.signal(from: "luke", to: "ci", try #require(TransferSignal(verb: .accept, id: "id1", payload: "x"))))
        #expect(play.give(.transfer(.finished(1, path: nil, bytes: 10, seconds: 1))).last == "2 QUIT")
        #expect(play.answer(2, .goodbye(name: "ci")) == ["| Bye, ci!", "abandon", "leave done"])
    }

    @Test func aFileThatIsNotTakenMakesTheStatusOfWhoLeft() throws {
        var play = offering()
        _ = play.type("/logout")
        let said = play.client(.signal(from: "luke", to: "ci", try #require(TransferSignal(verb: .decline, id: "id1", payload: ""))))
        #expect(said == ["transfer cancel(1)", "! luke declined film.mp4.", "2 QUIT"])
        #expect(play.answer(2, .goodbye(name: "ci")).last == "leave notDelivered")
    }

    @Test func aFileThatCannotBeReadIsAFailureAndNotUndelivered() {
        var play = script()
        _ = play.type("/p2pvideo luke nothing")
        _ = play.give(.transfer(.failed(1, "no such file.")))
        #expect(play.console.status == .failed)
        // An error after the offer counts.
        var offered = offering()
        _ = offered.give(.transfer(.failed(1, "no such file.")))
        #expect(offered.console.status == .notDelivered)
    }

    @Test func theCountWaitsForTheOwnFileToo() {
        var play = offering { $0.count = 1 }
        #expect(play.message("luke", "hi") == ["| 2026-01-31T10:34:56Z luke: hi"])
        #expect(play.give(.transfer(.finished(1, path: nil, bytes: 10, seconds: 1))).last == "2 QUIT")
    }

    @Test func theTimeOfListeningKeepsTheFailure() {
        var play = script { $0.listens = true }
        _ = play.type("/nonsense")
        #expect(play.give(.stop(.done)) == ["1 QUIT"])
        #expect(play.answer(1, .goodbye(name: "ci")) == ["abandon", "leave usage"])
        var done = script { $0.listens = true }
        _ = done.give(.stop(.done))
        #expect(done.answer(1, .goodbye(name: "ci")).last == "leave done")
    }

    @Test func theTimeOfListeningEndsWhatIsUnderWay() {
        var offered = offering { $0.listens = true }
        #expect(offered.give(.stop(.done)) == ["! Not done yet: film.mp4 to luke.", "2 P2P luke CANCEL id1 :", "3 QUIT"])
        #expect(offered.console.status == .notDelivered)
        var running = offering { $0.listens = true }
        _ = running.give(.transfer(.progress(1, done: 4, total: 10, rate: 1)))
        #expect(running.give(.stop(.done)).first == "! Not done yet: film.mp4 to luke (40 %).")
        #expect(running.console.status == .resumable)
    }

    @Test func whoHasLeftWithoutAnAnswerEndsTheOffer() {
        var play = offering()
        #expect(play.console.awaitsPeers)
        #expect(play.give(.askPeers) == ["2 P2P luke RENEW id1 {}"])
        // There is no second question before the answer.
        #expect(play.give(.askPeers) == [])
        #expect(play.answer(2, .signalSent(to: "luke")) == [])
        _ = play.give(.askPeers)
        #expect(play.give(.endOfInput) == [])
        #expect(
            play.answer(3, .notActive("luke")) == ["transfer cancel(1)", "! luke has left: film.mp4 was not sent.", "4 QUIT"])
        #expect(play.console.status == .notDelivered)
        #expect(!play.console.awaitsPeers)
    }

    @Test func aScriptGivesAnOfferUpThatNobodyAnswers() {
        var play = offering()
        for asked in 0..<Console.askedAtMost {
            #expect(play.give(.askPeers).count == 1)
            _ = play.answer(UInt64(2 + asked), .signalSent(to: "luke"))
        }
        let said = play.give(.askPeers)
        #expect(said.first?.hasSuffix("P2P luke CANCEL id1 :") == true)
        #expect(said.last == "! luke has not answered: film.mp4 was not sent.")
        #expect(play.console.status == .notDelivered)
    }

    @Test func aFileThatWasTakenEndsWithItsSender() throws {
        var play = script {
            $0.listens = true
            $0.offers = .always
        }
        let offer = try #require(TransferSignal(verb: .offer, id: "a1", payload: #"{"name":"x","size":1}"#))
        _ = play.client(.signal(from: "luke", to: "ci", offer))
        _ = play.give(.transfer(.ready(1, payload: "here")))
        _ = play.answer(1, .signalSent(to: "luke"))
        _ = play.give(.askPeers)
        #expect(play.answer(2, .notActive("luke")).last == "! luke has left: x was not received.")
    }

    @Test func theEndOfTheInputBeforeTheLogInIsAFailure() {
        var silent = ConsoleTranscript(.plain)
        _ = silent.client(.connected)
        _ = silent.client(.askName)
        #expect(silent.give(.endOfInput) == ["! The input ended before the log-in.", "abandon", "leave failed"])
        var half = ConsoleTranscript(.plain)
        _ = half.client(.connected)
        _ = half.client(.askName)
        _ = half.type("yoda")
        _ = half.client(.askPassword(name: "yoda"))
        #expect(half.give(.endOfInput).last == "leave failed")
    }

    @Test func theEndOfTheInputWhileANewPasswordIsAskedForIsAFailure() {
        var play = script()
        _ = play.type("/passwd")
        _ = play.type("old")
        let said = play.give(.endOfInput)
        #expect(said.first == "! The input ended before the new password was given. Nothing was changed.")
        #expect(said.contains("1 QUIT"))
        #expect(play.answer(1, .goodbye(name: "ci")).last == "leave failed")
    }

    @Test func diagnosticsAreNotAmongTheAnswers() {
        var play = script { $0.listens = true }
        #expect(play.type("/accept 1") == ["! There is no offer 1."])
        #expect(play.type("/help nonsense") == ["! Unknown command: /nonsense. Try /help."])
        #expect(play.client(.notice(ServerNotice(.shuttingDown))) == ["! The server is shutting down."])
        #expect(play.client(.connectionLost) == ["! The connection is lost. Connecting again ..."])
        #expect(play.client(.loggedIn(name: "ci", again: true)) == ["! Connected again."])
        // An answer of the server is a result and goes to stdout, even if it is a failure.
        _ = play.type("/msgto luke hi")
        #expect(play.answer(1, .noSuchUser("luke")) == ["| There is no user luke."])
        // In JSON all of these are events.
        var program = script(.json)
        #expect(
            program.client(.connectionLost) == [
                #"| {"event":"connection-lost","text":"The connection is lost. Connecting again ..."}"#
            ])
    }

    @Test func aServerThatHangsIsSaid() {
        var play = script()
        _ = play.type("/logout")
        #expect(play.give(.unanswered) == ["! The server did not confirm the log-out.", "abandon", "leave failed"])
        // The script has no unconfirmed request.
        var ended = script()
        _ = ended.give(.endOfInput)
        #expect(ended.give(.unanswered).last == "leave done")
        var terminated = script()
        _ = terminated.give(.stop(.terminated))
        #expect(terminated.give(.unanswered).last == "leave terminated")
    }

    @Test func whatArrivedIsAllOfIt() {
        var play = script(.json)
        _ = play.type("/p2pvideo luke film.mp4")
        _ = play.give(.transfer(.described(1, name: "film.mp4", size: 10, payload: "{}")))
        _ = play.answer(1, .signalSent(to: "luke"))
        _ = play.give(.transfer(.progress(1, done: 0, total: 10, rate: 0)))
        #expect(play.give(.transfer(.finished(1, path: nil, bytes: 10, seconds: 1))).first?.contains(#""size":10,"done":10,"#) == true)
    }
}
