import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import TestSupport
import Testing

/// A session above its rate waits. Nothing is refused, so its commands keep their order.
@Suite struct FloodControlTests {
    /// Commands of any rhythm and length, with lines among them that have no answer, are all executed, in order, and no sooner than the
    /// rate allows.
    @Test(arguments: 0..<UInt64(20)) func whatIsSentTooFastKeepsItsOrder(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let (rate, byteRate) = (Double.random(in: 1...10, using: &random), Double.random(in: 500...20_000, using: &random))
        var configuration = HubConfiguration()
        configuration.messageRate = rate
        configuration.byteRate = byteRate
        var script = HubScript(configuration)
        let yoda = script.logIn("yoda")
        script.holdsBack = true
        let (start, count) = (script.now.uptime, 120)
        // Some commands take time: they name an account that the store has to look up.
        let expected = (1...count).map { $0.isMultiple(of: 7) ? Reply.noSuchUser("nobody\($0)").text : "\($0)" }
        var (next, bytes, isTooSoon) = (1, 0, false)
        for _ in 0..<20_000 where (script.answers[yoda]?.count ?? 0) < count {
            // As in the connection, input that is not read stays with the client.
            if next <= count, !script.paused.contains(yoda) {
                let to = next.isMultiple(of: 7) ? "nobody\(next)" : "luke"
                let length = Int.random(in: 1...IRCCodec.maximumLine / 4, using: &random)
                bytes += length
                script.handle(.command(yoda, .message(to: to, text: "\(next)", isNotice: false), label: nil, bytes: length))
                next += 1
                if Int.random(in: 0..<8, using: &random) == 0 { script.handle(.inputConsumed(yoda, lines: 1, bytes: 1)) }
            }
            if next > count || Int.random(in: 0..<4, using: &random) == 0 {
                script.advance(milliseconds: Int64.random(in: 0...1000, using: &random))
            }
            if Bool.random(using: &random) { script.settle() }
            let seconds = Double(script.now.uptime - start) / 1000
            if Double(script.answers[yoda]?.count ?? 0) > rate * (10 + seconds) + 1e-6 { isTooSoon = true }
        }
        #expect(answers(of: yoda, in: script) == expected, "seed \(seed)")
        #expect(!isTooSoon, "seed \(seed)")
        #expect(Double(bytes) <= max(10 * byteRate, Double(IRCCodec.maximumLine)) + byteRate * Double(script.now.uptime - start) / 1000)
        #expect(script.closed.isEmpty, "seed \(seed)")
    }

    private func answers(of id: SessionID, in script: HubScript) -> [String] {
        (script.told[id] ?? []).compactMap { outgoing in
            switch outgoing {
            case .accepted(let message): message.text
            case .reply(.kept): nil
            case .reply(let reply): reply.text
            default: nil
            }
        }
    }

    /// The input that waits in the hub is bounded: reading stops, and continues when little is left.
    @Test func readingStopsWhileMuchWaits() {
        var configuration = HubConfiguration()
        configuration.messageRate = 2
        var script = HubScript(configuration)
        let yoda = script.logIn("yoda")
        for _ in 1...83 { script.send(yoda, .answeredByCodec) }
        #expect(!script.paused.contains(yoda))
        script.send(yoda, .answeredByCodec)
        #expect(script.paused.contains(yoda))
        script.advance(milliseconds: 23_500)
        #expect(script.paused.contains(yoda))
        script.advance(milliseconds: 500)
        #expect(!script.paused.contains(yoda))
    }

    /// Lines without an answer, such as an empty one in a paste, are waited for as well.
    @Test func linesThatNothingAnswersStopTheReading() {
        var configuration = HubConfiguration()
        configuration.messageRate = 2
        var script = HubScript(configuration)
        let yoda = script.logIn("yoda")
        script.handle(.inputConsumed(yoda, lines: 20, bytes: 20))
        #expect(!script.paused.contains(yoda))
        script.handle(.inputConsumed(yoda, lines: 10_000, bytes: 10_000))
        #expect(script.paused.contains(yoda), "and owes no more than it can have saved up")
        script.advance(milliseconds: 9_999)
        #expect(script.paused.contains(yoda))
        script.advance(milliseconds: 1)
        #expect(!script.paused.contains(yoda))
        #expect(script.closed.isEmpty)
    }

    /// A message has the time of its execution, not of its arrival, so no answer precedes its question.
    @Test func whatWaitedIsSaidWhenItsTurnComes() {
        var configuration = HubConfiguration()
        configuration.messageRate = 1
        var script = HubScript(configuration)
        let (yoda, luke) = (script.logIn("yoda"), script.logIn("luke"))
        for number in 1...12 { script.send(yoda, .message(to: "luke", text: "\(number)", isNotice: false)) }
        script.advance(milliseconds: 1500)
        script.send(luke, .message(to: "yoda", text: "between", isNotice: false))
        script.advance(milliseconds: 1500)
        let kept = script.kept.compactMap { if case .message(let message) = $0 { message } else { nil } }
        #expect(kept.map(\.text) == (1...11).map(String.init) + ["between", "12"])
        #expect(kept.map(\.time) == kept.map(\.time).sorted())
        #expect(kept.map(\.id) == kept.map(\.id).sorted())
    }
}
