import ChatProtocol
import Testing

@testable import ChatClient

@Suite struct ConsoleTransferTests {
    private static let offer = #"{"name":"film.mp4","size":1200000000,"key":"x"}"#

    private func signal(_ verb: TransferSignal.Verb, _ id: String, _ payload: String = "", from: String = "luke", to: String = "yoda")
        throws -> ConsoleInput
    {
        .client(.signal(from: from, to: to, try #require(TransferSignal(verb: verb, id: id, payload: payload))))
    }

    private func loggedIn(_ policy: OfferPolicy = .ask) -> ConsoleTranscript {
        var play = ConsoleTranscript {
            $0.offers = policy
            $0.idPrefix = "id"
        }
        play.logIn()
        return play
    }

    @Test func anOwnFileFromTheOfferToTheEnd() throws {
        var play = loggedIn()
        #expect(play.type("/p2pvideo luke my\\ film.mp4 ") == [#"transfer offer(1, to: "luke", path: "my\\ film.mp4")"#])
        #expect(
            play.give(.transfer(.described(1, name: "my film.mp4", size: 2_000_000, payload: "{}"))) == [
                "1 P2P luke OFFER id1 {}"
            ])
        #expect(play.answer(1, .signalSent(to: "luke")) == ["| Offered my film.mp4 (2 MB) to luke."])
        #expect(play.give(try signal(.accept, "id1", "where")) == [#"transfer send(1, payload: "where")"#])
        #expect(
            play.give(.transfer(.progress(1, done: 0, total: 2_000_000, rate: 0))) == [
                "| Sending my film.mp4 to luke ...", "? yoda [1 ↑ 0%]> ",
            ])
        #expect(play.give(.transfer(.progress(1, done: 400_000, total: 2_000_000, rate: 1e5))) == ["? yoda [1 ↑ 20%]> "])
        #expect(
            play.give(.transfer(.progress(1, done: 1_200_000, total: 2_000_000, rate: 1e5))) == [
                "| 1: my film.mp4, 60 % of 2 MB, 100 kB/s, 8.0 s left", "? yoda [1 ↑ 60%]> ",
            ])
        #expect(
            play.give(.transfer(.finished(1, path: nil, bytes: 2_000_000, seconds: 4))) == [
                "| luke has my film.mp4: 2 MB in 4.0 s, 500 kB/s.", "? yoda> ",
            ])
        #expect(play.type("/transfers") == ["| There is no transfer."])
    }

    /// The rate does not count the bytes of an earlier transfer.
    @Test func theRateIsOfWhatWasSent() throws {
        for (resumed, said) in [
            (1_500_000, "luke has film: 500 kB after 1.5 MB received before in 2.0 s, 250 kB/s."),
            (2_000_000, "luke has film: it was received before."),
            (.max, "luke has film: it was received before."), (-1, "luke has film: 2 MB in 2.0 s, 1 MB/s."),
        ] as [(Int64, String)] {
            var play = ConsoleTranscript()
            play.logIn()
            _ = play.type("/p2pvideo luke film")
            let news = CarrierEvent.finished(1, path: nil, bytes: 2_000_000, resumed: resumed, seconds: 2)
            #expect(play.give(.transfer(news)) == ["| " + said])
        }
    }

    @Test func programsAreToldThatThereIsNoTransferAsAHint() {
        var play = ConsoleTranscript(.json)
        play.logIn()
        #expect(play.type("/transfers") == [#"| {"event":"hint","text":"There is no transfer."}"#])
    }

    @Test func programsReadTransfersMemberByMember() throws {
        var play = ConsoleTranscript(.json) {
            $0.offers = .always
            $0.listens = true
        }
        play.logIn()
        #expect(
            play.give(try signal(.offer, "a1", Self.offer)).first
                == #"| {"event":"offer","number":1,"from":"luke","name":"film.mp4","size":1200000000,"text":"luke offers film.mp4 (1.2 GB)."}"#
        )
        _ = play.give(.transfer(.ready(1, payload: "here")))
        #expect(
            play.give(.transfer(.progress(1, done: 7, total: 1_200_000_000, rate: 0))) == [
                #"| {"event":"started","number":1,"from":"luke","name":"film.mp4","size":1200000000,"done":7,"text":"Receiving film.mp4 ..."}"#
            ])
        #expect(
            play.give(.transfer(.finished(1, path: "in/film.mp4", bytes: 1_200_000_000, seconds: 1))).first?.contains(
                #""path":"in/film.mp4","text":"Received in/film.mp4 from luke: 1.2 GB in 1.0 s, 1.2 GB/s."}"#) == true)
    }

    @Test(arguments: [(true, ConsoleStatus.resumable), (false, .notDelivered)])
    func aScriptKnowsWhetherTheSameAgainGoesOn(isResumable: Bool, status: ConsoleStatus) throws {
        var play = ConsoleTranscript(.plain)
        play.logIn()
        _ = play.type("/p2pvideo luke film.mp4")
        _ = play.give(.transfer(.described(1, name: "film.mp4", size: 10, payload: "{}")))
        _ = play.give(try signal(.accept, "t1", "where"))
        _ = play.give(.transfer(.failed(1, "gone.", isResumable: isResumable)))
        #expect(play.console.status == status)
    }

    @Test func anOfferOfAnotherIsTaken() throws {
        var play = loggedIn()
        #expect(play.give(try signal(.offer, "a1", Self.offer)) == ["| luke offers film.mp4 (1.2 GB). /accept 1 or /decline 1"])
        // A repeated offer is not shown again.
        #expect(play.give(try signal(.offer, "a1", Self.offer)) == [])
        #expect(play.type("/accept 7") == ["| There is no offer 7."])
        #expect(play.type("/accept") == ["transfer receive(1, from: \"luke\", payload: \(String(reflecting: Self.offer)))"])
        #expect(play.type("/accept") == ["| There is no offer."])
        #expect(play.give(.transfer(.ready(1, payload: "here"))) == ["1 P2P luke ACCEPT a1 here"])
        _ = play.give(.transfer(.progress(1, done: 0, total: 10, rate: 0)))
        #expect(
            play.give(.transfer(.finished(1, path: "in/film.mp4", bytes: 1_200_000_000, seconds: 0))) == [
                "| Received in/film.mp4 from luke: 1.2 GB in 0.0 s, 0 B/s.", "? yoda> ",
            ])
    }

    /// With two offers, the user may not have seen the newest.
    @Test func whichOneIsMeantIsAsked() throws {
        var play = loggedIn()
        _ = play.give(try signal(.offer, "a1", Self.offer))
        _ = play.give(try signal(.offer, "a2", Self.offer))
        let which = "1, film.mp4 from luke; 2, film.mp4 from luke."
        #expect(play.type("/accept") == ["| Choose one, as in /accept 1: \(which)"])
        #expect(play.type("/decline") == ["| Choose one, as in /decline 1: \(which)"])
        #expect(play.type("/decline 1").last == "| Declined film.mp4 from luke.")
        #expect(play.type("/accept").first?.hasPrefix("transfer receive(2") == true)
        for file in ["a", "b", "c", "d", "e"] { _ = play.type("/p2pvideo luke \(file)") }
        #expect(
            play.type("/cancel") == [
                "| Choose one, as in /cancel 2: 2, film.mp4 from luke; 3, a to luke; 4, b to luke; 5, c to luke; 6, d to luke; and 1 more, see /transfers."
            ])
        #expect(play.type("/cancel 6") == ["transfer cancel(6)", "| Stopped d."])
    }

    /// The reason of a failure is sent to the other side, which shows it.
    @Test func whatFailedAtTheOtherSideIsSaid() throws {
        var play = loggedIn()
        _ = play.give(try signal(.offer, "a1", Self.offer))
        _ = play.type("/accept")
        _ = play.give(.transfer(.ready(1, payload: "here")))
        #expect(
            play.give(.transfer(.failed(1, "the connection\nwas lost.", isResumable: true))) == [
                "2 P2P luke CANCEL a1 :the connectionwas lost.", "transfer cancel(1)", "| film.mp4: the connectionwas lost.",
            ])
        _ = play.give(try signal(.offer, "a2", Self.offer))
        _ = play.type("/accept")
        #expect(
            play.give(try signal(.cancel, "a2", "the connection was lost.")) == [
                "transfer cancel(2)", "| film.mp4 failed at luke: the connection was lost.",
            ])
    }

    @Test func answersWithoutAsking() throws {
        var always = loggedIn(.always)
        let taken = always.give(try signal(.offer, "a1", Self.offer))
        #expect(taken.first == "| luke offers film.mp4 (1.2 GB).")
        #expect(taken.last?.hasPrefix("transfer receive(1") == true)
        var never = loggedIn(.never)
        #expect(never.give(try signal(.offer, "a1", Self.offer)) == ["1 P2P luke REFUSE a1 :", "| Declined film.mp4 from luke."])
    }

    @Test func refusalsAndSecondThoughts() throws {
        var play = loggedIn()
        _ = play.type("/p2pvideo luke a")
        _ = play.give(.transfer(.described(1, name: "a", size: 1, payload: "{}")))
        #expect(play.give(try signal(.decline, "id1")) == ["transfer cancel(1)", "| luke declined a."])
        _ = play.type("/p2pvideo luke b")
        #expect(play.give(.transfer(.failed(2, "no such file."))) == ["transfer cancel(2)", "| b: no such file."])
        // The name of a file at the start of a sentence stays as it is.
        _ = play.type("/p2pvideo luke sub")
        #expect(play.give(.transfer(.failed(3, "sub is a folder."))) == ["transfer cancel(3)", "| sub is a folder."])
        _ = play.type("/p2pvideo luke c")
        _ = play.give(.transfer(.described(4, name: "c", size: 1, payload: "{}")))
        #expect(play.answer(2, .notActive("luke")) == ["transfer cancel(4)", "| luke is not active."])
        #expect(play.type("/p2pvideo Yoda c") == ["| That is you."])
        #expect(play.give(try signal(.offer, "a9", Self.offer)).count == 1)
        #expect(play.give(try signal(.cancel, "a9")) == ["transfer cancel(5)", "| luke stopped film.mp4."])
        #expect(play.type("/cancel") == ["| There is no transfer."])
    }

    @Test func onlyThePeerOfATransferSpeaksOfIt() throws {
        var play = loggedIn()
        _ = play.type("/p2pvideo luke a")
        _ = play.give(.transfer(.described(1, name: "a", size: 1, payload: "{}")))
        for verb in [TransferSignal.Verb.accept, .decline, .cancel, .update] {
            #expect(play.give(try signal(verb, "id1", "x", from: "vader")) == [])
        }
        // An answer without an offer, and a second answer, have no effect.
        #expect(play.give(try signal(.accept, "id2", "x")) == [])
        #expect(play.give(try signal(.accept, "id1", "x")).count == 1)
        #expect(play.give(try signal(.accept, "id1", "x")) == [])
    }

    @Test func whatAnotherSessionAnsweredIsGoneHere() throws {
        var play = loggedIn()
        _ = play.give(try signal(.offer, "a1", Self.offer))
        #expect(
            play.give(try signal(.accept, "a1", "x", from: "yoda", to: "luke")) == ["| film.mp4 from luke was accepted in another session."]
        )
        #expect(play.type("/accept") == ["| There is no offer."])
    }

    /// Both sessions have answered, and the other one's answer reached the server first.
    @Test func theOtherSessionWasFaster() throws {
        var play = loggedIn()
        _ = play.give(try signal(.offer, "a1", Self.offer))
        _ = play.type("/accept")
        _ = play.give(.transfer(.ready(1, payload: "here")))
        #expect(
            play.give(try signal(.accept, "a1", "x", from: "yoda", to: "luke"))
                == ["transfer cancel(1)", "| film.mp4 from luke was accepted in another session."])
        #expect(play.answer(1, .offerGone("luke")) == [])
        #expect(play.type("/transfers") == ["| There is no transfer."])
    }

    @Test func anOfferEndsWithItsSender() throws {
        var play = loggedIn()
        _ = play.give(try signal(.offer, "a1", Self.offer))
        #expect(play.console.awaitsPeers)
        #expect(play.give(.askPeers) == ["1 P2P luke UPDATE a1 :"])
        #expect(play.answer(1, .offerGone("luke")) == ["transfer cancel(1)", "| The offer of film.mp4 from luke is closed."])
        #expect(play.type("/transfers") == ["| There is no transfer."])
        // A sender who comes back offers the file again.
        #expect(play.give(try signal(.offer, "a1", Self.offer)) == ["| luke offers film.mp4 (1.2 GB). /accept 2 or /decline 2"])
        _ = play.type("/accept")
        _ = play.give(.transfer(.ready(2, payload: "here")))
        #expect(play.answer(2, .notActive("luke")) == ["transfer cancel(2)", "| luke has left: film.mp4 was not received."])
    }

    @Test func anOfferThatNobodyHasTakenIsNoFailureOfAScript() throws {
        for end in [try signal(.cancel, "a1"), .askPeers] {
            var play = ConsoleTranscript(.plain) { $0.listens = true }
            play.logIn()
            _ = play.give(try signal(.offer, "a1", Self.offer))
            _ = play.give(end)
            _ = play.answer(1, .offerGone("luke"))
            #expect(play.console.transfers.numbers == [])
            #expect(play.console.status == .done)
        }
    }

    @Test func whoMakesManyOffersDoesNotUseUpWhatMayBeSaid() throws {
        var play = loggedIn()
        for number in 1...10 { _ = play.give(try signal(.offer, "a\(number)", Self.offer)) }
        let first = play.give(.askPeers)
        #expect(first.count == 4)
        for id in 1...4 { _ = play.answer(UInt64(id), .signalSent(to: "luke")) }
        // The other offers follow in their turn.
        let second = play.give(.askPeers)
        #expect(second == (5...8).map { "\($0) P2P luke UPDATE a\($0) :" })
    }

    /// A sender that has not received the answer repeats the offer.
    @Test func anAnswerIsGivenAgain() throws {
        var play = loggedIn()
        _ = play.give(try signal(.offer, "a1", Self.offer))
        _ = play.type("/decline")
        #expect(play.give(try signal(.offer, "a1", Self.offer)) == ["2 P2P luke DECLINE a1 :"])
        _ = play.give(try signal(.offer, "a2", Self.offer))
        _ = play.type("/accept")
        _ = play.give(.transfer(.ready(2, payload: "here")))
        #expect(play.give(try signal(.offer, "a2", Self.offer)) == ["4 P2P luke ACCEPT a2 here"])
        _ = play.type("/cancel 2")
        #expect(play.give(try signal(.offer, "a2", Self.offer)) == ["6 P2P luke DECLINE a2 :"])
    }

    @Test func whoLeavesWithdrawsWhatWaits() throws {
        var play = loggedIn()
        _ = play.type("/p2pvideo luke a")
        _ = play.give(.transfer(.described(1, name: "a", size: 1, payload: "{}")))
        _ = play.give(try signal(.offer, "a1", Self.offer))
        _ = play.give(try signal(.offer, "a2", Self.offer))
        _ = play.type("/accept 2")
        _ = play.type("/logout")
        // An offer of another user without an answer stays open.
        #expect(play.type("/logout") == ["2 P2P luke CANCEL id1 :", "3 P2P luke CANCEL a1 :", "4 QUIT", "?"])
        #expect(play.answer(2, .notActive("luke")) == [])
        // A script that Ctrl-C ends cancels its offer, too.
        var script = ConsoleTranscript(.plain)
        script.logIn()
        _ = script.type("/p2pvideo luke a")
        _ = script.give(.transfer(.described(1, name: "a", size: 1, payload: "{}")))
        #expect(script.give(.interrupt(hadText: false)) == ["2 P2P luke CANCEL t1 :", "abandon", "leave interrupted"])
    }

    @Test func aConnectionThatWasLostGoesOnOffering() {
        var play = loggedIn()
        _ = play.type("/p2pvideo luke a")
        _ = play.give(.transfer(.described(1, name: "a", size: 1, payload: "{}")))
        _ = play.answer(1, .signalSent(to: "luke"))
        _ = play.client(.connectionLost)
        #expect(play.client(.loggedIn(name: "yoda", again: true)).contains("2 P2P luke RENEW id1 {}"))
        // An answer that was lost may have taken the offer.
        #expect(
            play.answer(2, .offerGone("luke")) == [
                "3 P2P luke CANCEL id1 :", "transfer cancel(1)", "| The offer of a to luke is closed.",
            ])
    }

    @Test func offersThatLie() throws {
        var play = loggedIn()
        for payload in ["", "{", "[]", #"{"name":"x"}"#, #"{"name":1,"size":1}"#, #"{"name":"x","size":-1}"#, #"{"name":"x","size":1e30}"#]
        {
            #expect(play.give(try signal(.offer, "a1", payload)) == [])
        }
        let named = play.give(try signal(.offer, "a1", #"{"name":"\u001b[2Jx\n","size":1}"#))
        #expect(named == ["| luke offers x (1 byte). /accept 1 or /decline 1"])
        for number in 2...300 { _ = play.give(try signal(.offer, "b\(number)", Self.offer)) }
        #expect(play.console.transfers.numbers.count == TransferTable.limit)
    }

    @Test func aScriptWaitsForItsFile() throws {
        var play = ConsoleTranscript(.plain) {
            $0.name = "ci"
            $0.idPrefix = "id"
        }
        play.logIn(as: "ci")
        _ = play.type("/p2pvideo luke a")
        #expect(play.give(.endOfInput) == [])
        _ = play.give(.transfer(.described(1, name: "a", size: 1, payload: "{}")))
        #expect(play.answer(1, .signalSent(to: "luke")) == ["| Offered a (1 byte) to luke."])
        _ = play.give(try signal(.accept, "id1", "x"))
        #expect(play.give(.transfer(.finished(1, path: nil, bytes: 1, seconds: 1))).last == "2 QUIT")
    }

    @Test func amounts() {
        #expect(
            [0, 1, 999, 1000, 1_000_000, 16_777_216, 999_949_999, 999_950_000].map(Amount.bytes) == [
                "0 bytes", "1 byte", "999 bytes", "1 kB", "1 MB", "16.8 MB", "999.9 MB", "1 GB",
            ])
        #expect(
            [0, 1, 59.9, 60, 3600, 3725, -1, .infinity].map(Amount.time) == [
                "0.0 s", "1.0 s", "59 s", "1:00", "1:00:00", "1:02:05", "?", "?",
            ])
        #expect([0, 1, 1500, .nan].map(Amount.rate) == ["0 B/s", "1 B/s", "1.5 kB/s", "? B/s"])
    }

    @Test func bothSidesSeeWhatTheyCompare() throws {
        var play = loggedIn()
        #expect(play.type("/verify") == ["| There is no transfer."])
        _ = play.type("/p2pvideo luke film.mp4")
        _ = play.give(.transfer(.described(1, name: "film.mp4", size: 2, payload: "{}")))
        #expect(play.type("/verify") == ["transfer verify(1)"])
        #expect(play.give(.transfer(.verification(1, nil))) == ["| luke has not answered yet: there is nothing to compare."])
        _ = play.give(try signal(.accept, "id1"))
        // A transfer that has ended can be verified, too.
        _ = play.give(.transfer(.finished(1, path: nil, bytes: 2, seconds: 1)))
        #expect(play.type("/verify 1") == ["transfer verify(1)"])
        #expect(
            play.give(.transfer(.verification(1, "12345 67890"))) == [
                "| 1: film.mp4 to luke: 12345 67890. If luke sees the same number with /verify, nobody is between you."
            ])
        #expect(play.type("/verify 7") == ["| There is no transfer 7."])
    }

    @Test func aScriptWaitsForWhatItAskedOfTheTransfers() {
        var play = ConsoleTranscript(.plain) { $0.name = "ci" }
        play.logIn(as: "ci")
        _ = play.type("/p2pvideo luke film.mp4")
        _ = play.give(.transfer(.failed(1, "there is no such file.")))
        #expect(play.type("/verify") == ["transfer verify(1)"])
        #expect(play.give(.endOfInput) == [])
        #expect(play.give(.transfer(.verification(1, nil))).last == "1 QUIT")
    }
}
