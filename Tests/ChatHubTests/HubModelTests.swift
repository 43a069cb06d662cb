import ChatHub
import ChatProtocol
import TestSupport
import Testing

/// Random sequences of events against what must hold whatever happens.
struct HubModelTests {
    private let users = ["yoda", "luke", "hans", "leia"]
    private let groups = ["jedi", "sith"]

    /// Every accepted message reaches each who should get it exactly once and in order, over log-outs, failing stores and answers in any rhythm;
    /// nobody else gets it; every command is answered once; a blocked name never gets in.
    @Test(arguments: 0..<UInt64(150))
    func invariants(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var script = HubScript(users: users)
        script.holdsBack = true
        var open: [SessionID: String] = [:]
        var received: [String: [MessageID: Int]] = [:]
        var order: [SessionID: MessageID] = [:]
        var counted: [SessionID: Int] = [:]
        var commands: [SessionID: Int] = [:]
        var failures: [String: Int] = [:]
        var blockedUntil: [String: Int64] = [:]
        var text = 0

        func check(_ script: HubScript) {
            for (id, user) in open {
                let told = script.told[id] ?? []
                for outgoing in told[(counted[id] ?? 0)...] {
                    guard case .message(let message) = outgoing else { continue }
                    if message.senderName.folded != user { received[user, default: [:]][message.id, default: 0] += 1 }
                    #expect(message.id > order[id] ?? .zero, "out of order or twice (seed \(seed))")
                    order[id] = message.id
                }
                counted[id] = told.count
            }
        }
        func lastWritten(_ id: SessionID) -> MessageID? { order[id] }

        for _ in 0..<300 {
            let user = users.randomElement(using: &random) ?? "yoda"
            let session = open.filter { $0.value == user }.keys.sorted().first
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<10 where session == nil:
                // One session an account, so that "exactly once" can be counted.
                let id = script.connect()
                open[id] = user
                script.send(id, .logIn(name: user, password: "pw-" + user, begins: true))
                // Only until it is answered: the replay goes on among what follows.
                while script.told[id]?.isEmpty ?? true { script.settleOne(using: &random) }
                if blockedUntil[user] ?? 0 > script.now.uptime {
                    #expect(script.told[id] == [.reply(.blocked)], "a blocked name got in (seed \(seed))")
                    script.handle(.disconnected(id, .closed, written: nil))
                    open[id] = nil
                } else {
                    failures[user] = 0
                }
            case 10..<14:
                if let session {
                    script.settle()
                    check(script)
                    script.handle(.disconnected(session, .closed, written: lastWritten(session)))
                    open[session] = nil
                }
            case 14..<18:
                let id = script.connect()
                script.send(id, .logIn(name: user, password: "wrong", begins: true))
                script.settle()
                if blockedUntil[user] ?? 0 <= script.now.uptime {
                    failures[user, default: 0] += 1
                    if failures[user] == 3 {
                        failures[user] = 0
                        blockedUntil[user] = script.now.uptime + 10_000
                    }
                }
                script.handle(.disconnected(id, .closed, written: nil))
            case 18..<22:
                if let session {
                    command(&script, session, .createGroup(name: groups.randomElement(using: &random) ?? "jedi", members: []))
                }
            case 22..<30:
                if let session {
                    command(&script, session, .joinGroup(name: groups.randomElement(using: &random) ?? "jedi", createsMissing: false))
                }
            case 30..<55:
                text += 1
                if let session {
                    command(&script, session, .message(to: users.randomElement(using: &random) ?? "luke", text: "\(text)", isNotice: false))
                }
            case 55..<75:
                text += 1
                if let session {
                    command(
                        &script, session,
                        .groupMessage(group: groups.randomElement(using: &random) ?? "jedi", text: "\(text)", isNotice: false))
                }
            case 75..<95: script.settleOne(using: &random)
            case 95: script.storeFails.toggle()
            case 96: script.advance(milliseconds: Int64.random(in: 0..<6000, using: &random))
            default: script.handle(.tick(written: order.filter { open[$0.key] != nil }))
            }
            check(script)
        }
        func command(_ script: inout HubScript, _ session: SessionID, _ command: Command) {
            commands[session, default: 1] += 1
            script.send(session, command)
        }

        script.storeFails = false
        script.settle()
        check(script)
        for (id, _) in open { #expect(script.answers[id]?.count == commands[id] ?? 1, "an answer a command (seed \(seed))") }
        // Everybody comes once more; then all that was kept has been received exactly once.
        for (id, _) in open { script.handle(.disconnected(id, .closed, written: lastWritten(id))) }
        open = [:]
        script.advance(milliseconds: 20_000)
        for user in users {
            let id = script.connect()
            open[id] = user
            script.send(id, .logIn(name: user, password: "pw-" + user, begins: true))
            script.settle()
            check(script)
        }
        for user in users {
            guard let account = script.accounts[user]?.id else { continue }
            let due = script.missed(account, after: .zero).map(\.id)
            #expect(received[user, default: [:]].filter { $0.value != 1 } == [:], "\(user) got something twice (seed \(seed))")
            let lost = Set(due).subtracting(received[user, default: [:]].keys)
            #expect(lost.isEmpty, "\(user) never got \(lost.count) messages (seed \(seed))")
        }
    }
}
