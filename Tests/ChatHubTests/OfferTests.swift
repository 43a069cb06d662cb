import ChatProtocol
import ChatStore
import Testing

@testable import ChatHub

/// Offers of files while sessions of either side come and go, or are several.
@Suite struct OfferTests {
    private static let gone = Reply.offerGone("yoda").text

    private func signal(_ verb: TransferSignal.Verb, _ payload: String = "", id: String = "f1") throws -> TransferSignal {
        try #require(TransferSignal(verb: verb, id: id, payload: payload))
    }

    /// A session whose client can transfer files.
    private func client(_ user: String, _ script: inout HubScript) -> SessionID {
        let id = script.connect()
        script.send(id, .logIn(name: user, password: "pw-" + user, begins: false))
        script.send(id, .begin(.whereItLeftOff, takesFiles: true))
        script.forget(id)
        return id
    }

    private func signals(_ id: SessionID, _ script: HubScript) -> [String] {
        (script.told[id] ?? []).compactMap {
            guard case .signal(let from, _, let signal) = $0 else { return nil }
            return "\(from) \(signal.verb.rawValue) \(signal.payload)"
        }
    }

    @Test func itIsGoneWithTheSessionThatMadeIt() throws {
        var script = HubScript()
        let (phone, laptop) = (client("yoda", &script), client("yoda", &script))
        let luke = client("luke", &script)
        script.send(phone, .signal(to: "luke", try signal(.offer, "film")))
        script.send(luke, .signal(to: "yoda", try signal(.update)))
        #expect(script.texts(luke) == ["Sent to yoda."])
        script.disconnect(phone, acknowledged: nil)
        script.forget(luke)
        script.forget(laptop)
        for verb in [TransferSignal.Verb.update, .accept, .refuse] { script.send(luke, .signal(to: "yoda", try signal(verb))) }
        #expect(script.texts(luke) == [Self.gone, Self.gone, Self.gone])
        #expect(signals(laptop, script) == [])
    }

    @Test func whoComesLaterIsToldOnce() throws {
        var script = HubScript()
        let yoda = client("yoda", &script)
        let first = client("luke", &script)
        script.send(yoda, .signal(to: "luke", try signal(.offer, "film")))
        script.disconnect(first, acknowledged: nil)
        script.send(yoda, .signal(to: "luke", try signal(.renew, "film")))
        #expect(script.texts(yoda).last == "luke is not active.")
        let second = client("luke", &script)
        let events = script.lines.count
        for _ in 0..<2 { script.send(yoda, .signal(to: "luke", try signal(.renew, "film"))) }
        #expect(signals(second, script) == ["yoda OFFER film"])
        #expect(script.lines.count == events)
    }

    @Test func whoHasConnectedAgainGoesOnOfferingIt() throws {
        var script = HubScript()
        let before = client("yoda", &script)
        let luke = client("luke", &script)
        script.send(before, .signal(to: "luke", try signal(.offer, "film")))
        // The client renews its offer before the server notices the loss of the first connection.
        let after = client("yoda", &script)
        script.send(after, .signal(to: "luke", try signal(.renew, "film")))
        script.disconnect(before, acknowledged: nil)
        script.forget(luke)
        script.send(luke, .signal(to: "yoda", try signal(.update)))
        #expect(script.texts(luke) == ["Sent to yoda."])
        // The server notices the loss, and then the client comes back.
        script.disconnect(after, acknowledged: nil)
        let again = client("yoda", &script)
        script.send(again, .signal(to: "luke", try signal(.renew, "film")))
        script.send(luke, .signal(to: "yoda", try signal(.accept, "here")))
        #expect(signals(again, script) == ["luke ACCEPT here"])
    }

    @Test func theFirstThatTakesItHasIt() throws {
        var script = HubScript()
        let yoda = client("yoda", &script)
        let (phone, laptop) = (client("luke", &script), client("luke", &script))
        script.send(yoda, .signal(to: "luke", try signal(.offer, "film")))
        script.send(phone, .signal(to: "yoda", try signal(.accept, "phone")))
        script.forget(laptop)
        for verb in [TransferSignal.Verb.accept, .decline, .refuse, .update] {
            script.send(laptop, .signal(to: "yoda", try signal(verb, "laptop")))
        }
        #expect(script.texts(laptop) == [Self.gone, Self.gone, Self.gone, Self.gone])
        // A repeated answer has no further effect.
        script.send(phone, .signal(to: "yoda", try signal(.accept, "phone")))
        #expect(signals(yoda, script) == ["luke ACCEPT phone"])
        // A client that has accepted and reconnected asks as another session.
        script.disconnect(phone, acknowledged: nil)
        let again = client("luke", &script)
        script.send(again, .signal(to: "yoda", try signal(.update)))
        #expect(script.texts(again) == ["Sent to yoda."])
        script.send(yoda, .signal(to: "luke", try signal(.renew, "film")))
        #expect(script.texts(yoda).last == Reply.offerGone("luke").text)
    }

    @Test func aRefusalIsFinalWhenNoOtherSessionCanTakeIt() throws {
        var script = HubScript()
        let yoda = client("yoda", &script)
        let (never, asking) = (client("luke", &script), client("luke", &script))
        // A session that cannot transfer files keeps no offer open.
        _ = script.logIn("luke")
        script.send(yoda, .signal(to: "luke", try signal(.offer, "film")))
        script.forget(asking)
        script.send(never, .signal(to: "yoda", try signal(.refuse)))
        #expect(script.texts(never) == ["Sent to yoda."])
        #expect(
            script.lines.suffix(2) == [
                "Received command: /decline from user: luke.", "User: luke successfully declined a file from: yoda.",
            ])
        #expect(signals(asking, script) == [])
        #expect(signals(yoda, script) == [])
        script.send(asking, .signal(to: "yoda", try signal(.refuse)))
        #expect(signals(yoda, script) == ["luke DECLINE "])
        // The offer is closed, whatever was in flight.
        script.send(yoda, .signal(to: "luke", try signal(.renew, "film")))
        #expect(script.texts(yoda).last == Reply.offerGone("luke").text)
    }

    @Test func theOneThatCouldHaveTakenItLeaves() throws {
        var script = HubScript()
        let yoda = client("yoda", &script)
        let (never, asking) = (client("luke", &script), client("luke", &script))
        script.send(yoda, .signal(to: "luke", try signal(.offer, "film")))
        script.send(never, .signal(to: "yoda", try signal(.refuse)))
        script.send(yoda, .signal(to: "luke", try signal(.renew, "film")))
        #expect(signals(yoda, script) == [])
        script.disconnect(asking, acknowledged: nil)
        script.send(yoda, .signal(to: "luke", try signal(.renew, "film")))
        #expect(signals(yoda, script) == ["luke DECLINE "])
    }

    /// A restarted server does not know the offers from before.
    @Test func whatTheServerHasForgotten() throws {
        var script = HubScript()
        let (yoda, luke) = (client("yoda", &script), client("luke", &script))
        script.send(luke, .signal(to: "yoda", try signal(.decline)))
        #expect(signals(yoda, script) == ["luke DECLINE "])
        script.send(luke, .signal(to: "yoda", try signal(.accept, id: "f2")))
        #expect(script.texts(luke).last == Self.gone)
        script.send(yoda, .signal(to: "luke", try signal(.renew, "film", id: "f2")))
        #expect(signals(luke, script) == ["yoda OFFER film"])
        script.send(luke, .signal(to: "yoda", try signal(.accept, "here", id: "f2")))
        #expect(signals(yoda, script).last == "luke ACCEPT here")
    }

    @Test func aSessionHasSoManyAtMost() {
        var book = OfferBook()
        let (mine, other) = (SessionID(rawValue: 1), SessionID(rawValue: 2))
        func key(_ number: Int) -> OfferBook.Key { .init(from: AccountID(rawValue: 1), to: AccountID(rawValue: 2), id: "f\(number)") }
        for number in 0...OfferBook.limit { book[key(number)] = OfferBook.Offer(session: mine) }
        #expect(book.count == OfferBook.limit)
        #expect(book[key(0)] == nil)
        book[key(1)]?.session = other
        book.end(of: mine)
        #expect(book.count == 1)
        book.end(of: other)
        #expect(book.count == 0)
    }

    /// A relay is for the two sessions that have made and accepted an offer, and for nobody else.
    @Test func aRelayIsGrantedToTheTwoSessionsOfAnAcceptedOffer() throws {
        var configuration = HubConfiguration()
        configuration.relaysFiles = true
        var script = HubScript(configuration)
        let (yoda, luke) = (client("yoda", &script), client("luke", &script))
        let (other, hans) = (client("luke", &script), client("hans", &script))
        script.send(yoda, .signal(to: "luke", try signal(.offer, "film")))
        // Not before it is accepted, and not for an offer that was never made.
        script.send(yoda, .signal(to: "luke", try signal(.relay)))
        script.send(luke, .signal(to: "yoda", try signal(.relay)))
        script.send(luke, .signal(to: "yoda", try signal(.relay, id: "f2")))
        #expect(script.grants.isEmpty)
        #expect(script.texts(luke).last == Self.gone)
        script.send(luke, .signal(to: "yoda", try signal(.accept, "key")))
        for stranger in [other, hans] { script.send(stranger, .signal(to: "yoda", try signal(.relay))) }
        #expect(script.grants.isEmpty)
        script.send(yoda, .signal(to: "luke", try signal(.relay, "whatever a client sends here goes nowhere")))
        script.send(luke, .signal(to: "yoda", try signal(.relay)))
        #expect(script.grants.map(\.session) == [yoda, luke] && script.grants.map(\.isOffering) == [true, false])
        // Both name the same transfer, and the account of the side that offers.
        #expect(Set(script.grants.map(\.sessions)) == [[yoda, luke]] && Set(script.grants.map(\.account)).count == 1)
        #expect(!signals(luke, script).contains { $0.contains("RELAY") })
        script.send(yoda, .signal(to: "luke", try signal(.cancel)))
        script.send(luke, .signal(to: "yoda", try signal(.relay)))
        #expect(script.grants.count == 2)
    }

    @Test func aServerWithoutARelaySaysSo() throws {
        var script = HubScript()
        let (yoda, luke) = (client("yoda", &script), client("luke", &script))
        script.send(yoda, .signal(to: "luke", try signal(.offer, "film")))
        script.send(luke, .signal(to: "yoda", try signal(.accept, "key")))
        script.send(luke, .signal(to: "yoda", try signal(.relay)))
        #expect(script.texts(luke).last == Reply.noRelay.text && script.grants.isEmpty)
    }
}
