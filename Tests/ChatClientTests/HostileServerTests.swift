import ChatProtocol
import TestSupport
import Testing

@testable import ChatClient

/// Session and console keep their invariants whatever a server sends and whenever it closes the connection.
@Suite struct HostileServerTests {
    private static let lines = [
        SessionTranscript.offer, SessionTranscript.taken, ":c CAP * LS * :x y", ":c CAP * NAK :x", "@label=tname ACK",
        "@label=tname FAIL NICK NO_SUCH_USER x :x", "AUTHENTICATE +", "FAIL AUTHENTICATE NOW_BLOCKED 10 :x", "FAIL AUTHENTICATE BUSY :x",
        ":c 903 * :ok", ":c 904 * :no", ":c 001 yoda :hi", "PING", "PING :x", "ERROR :bye", "ERROR", "BATCH +1 labeled-response",
        "@label=t1 BATCH +1 labeled-response", "BATCH -1", "@batch=1 NOTE X Y :z", "@label=t1 ACK", "@label=t2 FAIL X RATE_LIMITED 1 :x",
        "@label=t3 FAIL X RATE_LIMITED 99999999999 :x", "@label=t1 :yoda!y@c PRIVMSG luke :x", ":luke!l@c PRIVMSG yoda :\u{1B}[2J\u{202E}x",
        "@msgid=00000000000A1;time=2026-01-31T12:00:00Z :luke!l@c PRIVMSG #jedi :x", ":yoda!y@c JOIN #jedi", ":luke!l@c PART #jedi",
        ":c 353 yoda = #jedi :@luke yoda", ":c 352 yoda * luke c c luke H :0 x", ":luke!l@c INVITE yoda #jedi",
        #":luke!l@c P2P yoda OFFER a1 :{"name":"x","size":9223372036854775807}"#, ":luke!l@c P2P yoda CANCEL a1 :",
        ":luke!l@c P2P yoda ACCEPT i1 :x",
        ":c 375 yoda :x", ":c 372 yoda :\u{1B}[2J\u{202E}x", ":c 372", ":c 376 yoda :x",
        "FAIL * SHUTTING_DOWN :x", "FAIL * LOGIN_TIMED_OUT 60 :x", "NOTE X RESUME_TOKEN a 1 :x",
        "@label=ttoken NOTE TOKEN RESUME_TOKEN a 1 :x", "",
        ":", "@", "@=;; X", "999", "\u{0}", "401 yoda x :no",
    ]
    private static let typed = [
        "yoda", "secret", "/msgto luke hi", "/groupmsg jedi hi", "/joingroup jedi", "/activeuser", "/accept", "/decline 1", "/cancel",
        "/transfers",
        "/p2pvideo luke x", "/p2pvideo yoda x", "/talk #jedi", "text", "", "a\nb", "yes", "/help", "/reply x", "/logout", "\u{0}",
    ]

    @Test(arguments: 0..<UInt64(300)) func theRulesHold(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var configuration = ClientSession.Configuration()
        configuration.labelPrefix = "t"
        configuration.resumesByToken = seed.isMultiple(of: 2)
        configuration.reconnectFor = seed.isMultiple(of: 3) ? 5000 : nil
        var session = ClientSession(configuration)
        var settings = Console.Configuration()
        settings.isInteractive = !seed.isMultiple(of: 5)
        settings.offers = seed.isMultiple(of: 7) ? .always : .ask
        settings.idPrefix = "i"
        var console = Console(
            settings,
            formatter: ConsoleFormatter(
                settings.isInteractive ? .terminal(colours: false) : .plain, clock: { _ in LocalTime(date: "d", time: "t") }))
        var now: Int64 = 0
        var answered: Set<RequestID> = []
        var leaves = 0

        /// Passes outputs and effects between session and console until both are idle.
        func run(_ inputs: [ClientSession.Input]) {
            var waiting = inputs
            var rounds = 0
            while !waiting.isEmpty {
                rounds += 1
                guard rounds < 1000 else {
                    Issue.record("session and console do not come to rest")
                    return
                }
                for output in session.handle(waiting.removeFirst(), at: now) {
                    switch output {
                    case .connect, .disconnect, .send: break
                    case .event(let event):
                        if case .answered(let id, _) = event, id.rawValue > 0 {
                            #expect(answered.insert(id).inserted, "answered twice")
                        }
                        waiting += sessionInputs(console.handle(.client(event)))
                    }
                }
            }
        }
        func sessionInputs(_ effects: [ConsoleEffect]) -> [ClientSession.Input] {
            effects.compactMap { effect in
                switch effect {
                case .session(let input): return input
                case .leave: leaves += 1
                case .show(let text):
                    #expect(!text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E || ($0.value < 0x20 && $0 != "\n") })
                default: break
                }
                return nil
            }
        }

        run([.start])
        for _ in 0..<200 {
            now += Int64.random(in: 0...300, using: &random)
            switch Int.random(in: 0..<20, using: &random) {
            case 0: run([.disconnected("gone")])
            case 1, 2: run([.connected])
            case 3: run([.timer])
            case 4:
                guard let next = session.nextTimeout else { continue }
                now = max(now, next)
                run([.timer])
                if let following = session.nextTimeout { #expect(following > now, "a timer that stays due in \(session.stage)") }
            case 5...8: run(sessionInputs(console.handle(.line(Self.typed.randomElement(using: &random) ?? ""))))
            case 9:
                run(
                    sessionInputs(
                        console.handle(
                            [.interrupt(hadText: false), .interrupt(hadText: true)].randomElement(using: &random) ?? .endOfInput)))
            case 10:
                let number = Int.random(in: 1...3, using: &random)
                let news: [CarrierEvent] = [
                    .described(number, name: "x", size: 1, payload: "{}"), .ready(number, payload: "x"), .failed(number, "x"),
                    .progress(number, done: .max, total: .max, rate: .infinity), .finished(number, path: "x", bytes: 0, seconds: 0),
                ]
                run(sessionInputs(console.handle(.transfer(news.randomElement(using: &random) ?? .failed(1, "")))))
            default: run([.received(.line(Array((Self.lines.randomElement(using: &random) ?? "").utf8)))])
            }
        }
        #expect(leaves <= 1)
        #expect(session.outstanding.count <= ClientSession.outstandingLimit)
    }
}
