import ChatProtocol
import ChatStore
import Testing

@testable import ChatCodec
@testable import ChatHub

/// A password permits everything, a token only sessions; the hub holds neither for longer than its verification takes.
struct ProofTests {
    @Test func aTokenDoesNotChangeThePassword() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.send(yoda, .issueToken)
        script.forget(yoda)
        script.send(yoda, .changePassword(old: HubScript.token(1), new: "stolen"))
        #expect(script.texts(yoda) == ["Invalid credentials. Try again."])
        #expect(script.passwords["yoda"] == "pw-yoda")
        let again = script.connect()
        script.send(again, .logIn(name: "yoda", password: HubScript.token(1), begins: true))
        #expect(script.told[again]?.first == .loggedIn(name: "yoda"), "it opens sessions as before")
    }

    @Test func tokensTriedAsTheOldPasswordAreWrongPasswords() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        for _ in 0..<3 { script.send(yoda, .changePassword(old: HubScript.token(9), new: "new")) }
        #expect(script.texts(yoda).last?.hasPrefix("You are blocked due to multiple failed login attempts.") == true)
    }

    /// For any attempt on a concealed name, the hub asks the outside the same questions whether there is an account or not.
    @Test(arguments: ["wrong", HubScript.token(9)]) func concealedNamesTakeTheSameSteps(proof: String) {
        var configuration = HubConfiguration()
        configuration.concealsUserNames = true
        var script = HubScript(configuration)
        var steps: [[String]] = []
        for name in ["yoda", "nobody"] {
            let id = script.connect()
            let before = script.questions.count
            script.send(id, .identify(name: name))
            script.send(id, .logIn(name: name, password: proof, begins: true))
            steps.append(Array(script.questions.dropFirst(before)))
        }
        #expect(steps == [["catchUp", "verify", "catchUp"], ["catchUp", "verify", "catchUp"]])
    }

    @Test func aPasswordIsLetGoWhenItIsJudged() {
        var configuration = HubConfiguration()
        configuration.concealsUserNames = true
        var hub = Hub(configuration, StoreState(), at: EventTime(wall: Timestamp(milliseconds: 0), uptime: 0))
        let (id, now) = (SessionID(rawValue: 1), EventTime(wall: Timestamp(milliseconds: 0), uptime: 0))
        _ = hub.handle(.connected(id, address: "127.0.0.1", isLoopback: true), at: now)
        let asked = hub.handle(.command(id, .logIn(name: "yoda", password: "my secret", begins: true), label: nil), at: now)
        guard case .catchUp(let requestID)? = asked.last else {
            Issue.record("it was not made sure")
            return
        }
        let judged = hub.handle(.caughtUp(requestID), at: now)
        guard case .verify(_, nil, .password("my secret"), _)? = judged.last else {
            Issue.record("the password was not judged")
            return
        }
        var kept = ""
        dump(hub.pending, to: &kept)
        #expect(kept.contains("yoda") && !kept.contains("my secret"))
    }

    @Test func aChangedPasswordIsNotKeptWithTheRequest() {
        var hub = Hub(HubConfiguration(), ProofTests.state, at: EventTime(wall: Timestamp(milliseconds: 0), uptime: 0))
        let (id, now) = (SessionID(rawValue: 1), EventTime(wall: Timestamp(milliseconds: 0), uptime: 0))
        _ = hub.handle(.connected(id, address: "127.0.0.1", isLoopback: true), at: now)
        for action in hub.handle(.command(id, .logIn(name: "yoda", password: "old secret", begins: true), label: nil), at: now) {
            guard case .verify(let requestID, _, _, _) = action else { continue }
            for next in hub.handle(.verified(requestID, .right()), at: now) {
                if case .catchUp(let requestID) = next { _ = hub.handle(.caughtUp(requestID), at: now) }
            }
        }
        var sent: [Action] = []
        for action in hub.handle(.command(id, .changePassword(old: "old secret", new: "new secret"), label: nil), at: now) {
            if case .verify(let requestID, _, _, _) = action { sent = hub.handle(.verified(requestID, .right()), at: now) }
        }
        #expect(sent.contains { if case .setPassword(_, _, "new secret") = $0 { true } else { false } })
        var kept = ""
        dump(hub.pending, to: &kept)
        #expect(kept.contains("change") && !kept.contains("secret"))
    }

    private static var state: StoreState {
        var state = StoreState()
        if let name = try? Name("yoda") { state.accounts = [Account(id: AccountID(rawValue: 1), name: name)] }
        return state
    }

    /// A password of `PASS` that SASL makes superfluous is not kept.
    @Test func anUnusedServerPasswordIsLetGo() {
        var harness = CodecHarness(IRCCodec())
        harness.send("CAP REQ :sasl\r\nPASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :y\r\nAUTHENTICATE PLAIN\r\n")
        harness.send("AUTHENTICATE AHlvZGEAcHcteW9kYQ==\r\n")
        var kept = ""
        dump(harness.codec, to: &kept)
        #expect(kept.contains("\"yoda\"") && !kept.contains("pw-yoda"))
    }
}
