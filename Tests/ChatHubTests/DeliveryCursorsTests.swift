import ChatHub
import ChatProtocol
import ChatStore
import TestSupport
import Testing

@testable import ChatHub

/// The delivery cursors of accounts and their undelivered ranges.
struct DeliveryCursorsTests {
    private static let yoda = AccountID(rawValue: 1)

    private static func id(_ number: Int64) -> MessageID { MessageID(rawValue: number) }
    private static func range(_ behind: Int64, _ upTo: Int64) -> MessageRange { MessageRange(after: id(behind), upTo: id(upTo)) }

    @Test func whatIsDueIsInOrderAndOnce() {
        var cursors = DeliveryCursors([:])
        #expect(cursors.due(to: Self.yoda) == [.all(after: .zero)])
        cursors.advance(to: Self.id(10), Self.yoda)
        cursors.record(Self.yoda, Self.range(6, 8), client: nil)
        cursors.record(Self.yoda, Self.range(2, 4), client: "a")
        cursors.record(Self.yoda, Self.range(3, 5), client: "b")
        #expect(cursors.due(to: Self.yoda) == [Self.range(2, 5), Self.range(6, 8), .all(after: Self.id(10))])
        // One session has lost the range and no other has received it, so the cursor does not move over it.
        cursors.record(Self.yoda, Self.range(9, 20), client: nil)
        #expect(cursors.due(to: Self.yoda) == [Self.range(2, 5), Self.range(6, 8), .all(after: Self.id(9))])
    }

    @Test func rangesAreAcknowledgedByTheirReplayAndDiscardedForTheirClient() {
        var cursors = DeliveryCursors([:])
        cursors.advance(to: Self.id(10), Self.yoda)
        cursors.record(Self.yoda, Self.range(2, 4), client: "a")
        cursors.record(Self.yoda, Self.range(6, 8), client: "b")
        let all = cursors.undelivered(of: Self.yoda, after: .zero)
        #expect(all.count == 2 && cursors.undelivered(of: Self.yoda, after: Self.id(3)).count == 1)
        // A range recorded since then is not acknowledged with them.
        cursors.record(Self.yoda, Self.range(2, 3), client: nil)
        cursors.acknowledge(all, of: Self.yoda, upTo: Self.id(7))
        #expect(cursors.due(to: Self.yoda) == [Self.range(2, 3), Self.range(7, 8), .all(after: Self.id(10))])
        cursors.discard("b", of: Self.yoda)
        #expect(cursors.due(to: Self.yoda) == [Self.range(2, 3), .all(after: Self.id(10))])
    }

    @Test func whatIsStoredIsWhatThereWas() {
        var cursors = DeliveryCursors([:])
        cursors.advance(to: Self.id(10), Self.yoda)
        cursors.record(Self.yoda, Self.range(2, 4), client: "a")
        let rows = cursors.popChanged()
        #expect(rows == [Self.yoda: DeliveryCursor(reached: Self.id(10), undelivered: [.init(Self.range(2, 4), client: "a")])])
        #expect(cursors.popChanged().isEmpty)
        cursors.putBack(Array(rows.keys))
        #expect(cursors.popChanged() == rows)
        var again = DeliveryCursors(rows)
        #expect(again.due(to: Self.yoda) == cursors.due(to: Self.yoda) && again.popChanged().isEmpty)
    }

    /// Many lost ranges take little memory; none is forgotten, although some messages may come twice.
    @Test(arguments: 0..<50 as Range<UInt64>) func manyUndeliveredRangesAreMerged(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var cursors = DeliveryCursors([:])
        cursors.advance(to: Self.id(100_000), Self.yoda)
        var ranges: [MessageRange] = []
        for _ in 0..<200 {
            let behind = Int64.random(in: 0..<99_000, using: &random)
            ranges.append(Self.range(behind, behind + Int64.random(in: 1..<900, using: &random)))
            cursors.record(Self.yoda, ranges[ranges.count - 1], client: Bool.random(using: &random) ? "a" : "b")
        }
        #expect(cursors.undelivered(of: Self.yoda, after: .zero).count == DeliveryCursors.mostUndelivered)
        let due = cursors.due(to: Self.yoda)
        #expect(zip(due, due.dropFirst()).allSatisfy { $0.upTo < $1.after })
        for range in ranges { #expect(due.contains { $0.intersection(range) == range }) }
    }
}

/// Delivery cursors in whole sessions: which messages are sent again at the next log-in.
struct DeliveryMarkSessionTests {
    private func sendMessages(_ texts: String..., in script: inout HubScript, by yoda: SessionID) {
        for text in texts { script.send(yoda, .message(to: "hans", text: text, isNotice: false)) }
    }

    /// The messages that a new client without any state receives at its log-in.
    private func missed(_ script: inout HubScript) -> [String] {
        let id = script.connect()
        script.send(id, .logIn(name: "hans", password: "pw-hans", begins: true))
        return script.messages(id)
    }

    private func begin(_ script: inout HubScript, _ start: Command.ReplayStart, client: String?) -> SessionID {
        let id = script.connect()
        script.send(id, .logIn(name: "hans", password: "pw-hans", begins: false))
        script.send(id, .begin(start, client: client))
        return id
    }

    /// The link is lost after messages were shown and before the client acknowledged them. The hub learns of the end before the client
    /// reconnects, after that, or after the client has left.
    @Test(arguments: 0..<3) func aClientThatReconnectsHasNoUndeliveredRange(noticed: Int) throws {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let first = begin(&script, .whereItLeftOff, client: "c")
        sendMessages("a", "b", "c", in: &script, by: yoda)
        let shown = try #require(script.messageIDs(first).last)
        if noticed == 0 { script.disconnect(first, acknowledged: nil) }
        let second = begin(&script, .after(shown), client: "c")
        sendMessages("d", in: &script, by: yoda)
        if noticed == 1 { script.disconnect(first, acknowledged: nil) }
        #expect(script.messages(second) == ["yoda: d"])
        script.send(second, .shown(try #require(script.messageIDs(second).last)))
        script.disconnect(second, acknowledged: nil)
        if noticed == 2 { script.disconnect(first, acknowledged: nil) }
        #expect(missed(&script) == [])
    }

    /// A client that has shown the messages which another one had lost reconnects.
    @Test func norIsWhatItWasGivenOfOthers() throws {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let killed = begin(&script, .whereItLeftOff, client: "a")
        sendMessages("a", "b", in: &script, by: yoda)
        script.disconnect(killed, acknowledged: nil)
        let first = begin(&script, .whereItLeftOff, client: "b")
        #expect(script.messages(first) == ["yoda: a", "yoda: b"])
        let shown = try #require(script.messageIDs(first).last)
        script.disconnect(first, acknowledged: nil)
        _ = begin(&script, .after(shown), client: "b")
        #expect(missed(&script) == [])
    }

    /// A short session that was cut off during its replay had received nothing, so it has lost nothing.
    @Test func aSessionThatWasSentNothingLeavesNoRange() throws {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let long = script.logIn("hans")
        script.holdsBack = true
        let short = script.connect()
        script.send(short, .logIn(name: "hans", password: "pw-hans", begins: true))
        script.settleOne()
        script.disconnect(short, acknowledged: nil)
        script.settle()
        script.holdsBack = false
        sendMessages("a", "b", in: &script, by: yoda)
        script.handle(.arrived([long: try #require(script.messageIDs(long).last)]))
        #expect(missed(&script) == [])
    }

    /// A client that fetches history itself, or does not, takes nothing from other clients.
    @Test(arguments: [true, false]) func whatOneDidNotAskForIsThereForOthers(missesSome: Bool) throws {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        if missesSome { sendMessages("a", "b", in: &script, by: yoda) }
        let fetching = begin(&script, .nowhere, client: nil)
        sendMessages("live", in: &script, by: yoda)
        #expect(script.messages(fetching) == ["yoda: live"])
        let last: MessageID = try #require(script.messageIDs(fetching).last)
        script.handle(.arrived([fetching: last]))
        script.disconnect(fetching, acknowledged: last)
        #expect(missed(&script) == (missesSome ? ["yoda: a", "yoda: b"] : []))
    }

    @Test func whatCouldNotBeStoredIsStoredLater() throws {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        sendMessages("a", in: &script, by: yoda)
        let hans = script.connect()
        script.storeFails = true
        script.send(hans, .logIn(name: "hans", password: "pw-hans", begins: true))
        let wrong = script.connect()
        script.send(wrong, .logIn(name: "luke", password: "wrong", begins: true))
        let last = try #require(script.messageIDs(hans).last)
        script.disconnect(hans, acknowledged: last)
        script.storeFails = false
        script.handle(.tick)
        let account = try #require(script.accounts["hans"]?.id)
        let cursors = script.records.compactMap { if case .cursors(let cursors) = $0 { cursors[account] } else { nil } }
        #expect(cursors == [DeliveryCursor(reached: last)])
        let rows = script.records.compactMap { if case .lockOut(let row) = $0 { row } else { nil } }
        #expect(rows.map(\.name) == ["luke"] && rows.map(\.failures) == [1])
        // Counts that ended in the meantime are removed from the store, too.
        script.storeFails = true
        script.send(script.connect(), .logIn(name: "luke", password: "pw-luke", begins: true))
        script.storeFails = false
        script.handle(.tick)
        #expect(script.records.contains { if case .lockOutsEnded(["luke"]) = $0 { true } else { false } })
    }

    /// After a crash nothing is sent again that the client's machine has acknowledged, even a moment ago. What clients acknowledge
    /// themselves may wait for the next tick.
    @Test func whatHasArrivedIsStoredAtOnce() throws {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let (hans, luke) = (script.logIn("hans"), script.logIn("luke"))
        script.send(yoda, .message(to: "hans", text: "a", isNotice: false))
        script.send(yoda, .message(to: "luke", text: "a", isNotice: false))
        func cursors() -> [[AccountID: DeliveryCursor]] {
            script.records.compactMap { if case .cursors(let cursors) = $0 { cursors } else { nil } }
        }
        let before = cursors().count
        let (had, shown) = (try #require(script.messageIDs(hans).last), try #require(script.messageIDs(luke).last))
        script.send(luke, .shown(shown))
        script.handle(.arrived([hans: had]))
        #expect(cursors().dropFirst(before) == [[try #require(script.accounts["hans"]?.id): DeliveryCursor(reached: had)]])
        script.handle(.tick)
        #expect(cursors().dropFirst(before + 1) == [[try #require(script.accounts["luke"]?.id): DeliveryCursor(reached: shown)]])
        script.handle(.tick)
        #expect(cursors().count == before + 2)
    }

    @Test func nothingIsStoredOfWhoIsGone() throws {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let hans = script.logIn("hans")
        sendMessages("a", in: &script, by: yoda)
        let account = try #require(script.accounts["hans"]?.id)
        script.removeAccount("hans")
        script.watch()
        script.disconnect(hans, acknowledged: nil)
        script.handle(.tick)
        #expect(!script.records.contains { if case .cursors(let cursors) = $0 { cursors[account] != nil } else { false } })
    }
}
