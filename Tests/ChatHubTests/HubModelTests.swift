import ChatHub
import ChatProtocol
import ChatStore
import TestSupport
import Testing

/// Random sequences of events, checked against invariants.
@Suite(.longComputation) struct HubModelTests {
    /// Every accepted message reaches each recipient exactly once and in order, and nobody else, over connections that end at any moment
    /// with any part of their data in flight, failing stores, clock steps and answers in any order. Every command has one answer. A message
    /// sent again is the same message. A blocked name and an ended token never get in.
    @Test(arguments: 0..<UInt64(200))
    func invariants(seed: UInt64) {
        var model = HubModel(seed: seed)
        for _ in 0..<300 { model.step() }
        model.finish()
    }

    /// Each account has several sessions at once. Each session gets its messages in order and once, and all of them get what is sent while
    /// they are there. What one loses with its connection is sent again, and a client that acknowledges continues from there.
    @Test(arguments: 0..<UInt64(100))
    func severalSessions(seed: UInt64) {
        var model = HubModel(seed: seed, sessionsPerAccount: 3)
        for _ in 0..<300 { model.step() }
        model.finish()
    }

    /// Two hubs on one log, which follow it at any time. An account's next session may be at the other hub, groups are created and left at
    /// both, and the same invariants hold for both.
    @Test(arguments: 0..<UInt64(200))
    func twoHubs(seed: UInt64) {
        var model = HubModel(seed: seed, hubs: 2)
        for _ in 0..<300 { model.step() }
        model.finish()
    }
}

extension HubModelTests {
    /// Two hubs that crash, with outcomes on their way to them, on a store that fails at times. A client that lost its connection
    /// reconnects to any of them, while the hub of its old connection may still take that for open. Everything is delivered; what a hub knew
    /// and could not store before it crashed may be delivered again, but not twice to one session.
    @Test(arguments: 0..<UInt64(200))
    func crashingHubs(seed: UInt64) {
        var model = HubModel(seed: seed, hubs: 2, haveFaults: true)
        for _ in 0..<300 { model.step() }
        model.finish()
    }
}

/// The model: random actions of users, and the expected results without the hub.
private struct HubModel {
    private static let users = ["yoda", "luke", "hans", "leia"]
    private static let groups = ["jedi", "sith", "rebels"]

    private let seed: UInt64
    private let sessionsPerAccount: Int
    /// Whether hubs crash, and the store fails while there are several.
    private let haveFaults: Bool
    private var random: SeededGenerator
    private var hubs: [HubScript]
    /// The hub of the current session.
    private var place = 0
    /// The index in ``hubs`` of each script, by its number: the scripts that crashed have successors.
    private var indices: [Int]
    /// The sessions that are logged in, with their users.
    private var open: [SessionID: String] = [:]
    private var received: [String: [MessageID: Int]] = [:]
    private var order: [SessionID: MessageID] = [:]
    private var counted: [SessionID: Int] = [:]
    /// The messages sent to each session, in order. ``had`` is the number of them that its client has received.
    private var stream: [SessionID: [ChatMessage]] = [:]
    private var had: [SessionID: Int] = [:]
    /// The sessions whose clients acknowledge messages, with the names of these clients.
    private var saying: [SessionID: String] = [:]
    /// Sessions whose clients have reconnected while the hub has not noticed their end.
    private var ghosts: [SessionID] = []
    /// The messages that sessions lost with their connections, until a later session has received them.
    private var undelivered: [String: [MessageID: SessionID]] = [:]
    /// The order in which the sessions began, independent of their ids.
    private var born: [SessionID: Int] = [:]
    private var nonces: [String: [String]] = [:]
    private var commands: [SessionID: Int] = [:]
    private var failures: [String: Int] = [:]
    /// The end of each name's block, in milliseconds of uptime.
    private var blockedUntil: [String: Int64] = [:]
    private var text = 0

    init(seed: UInt64, sessionsPerAccount: Int = 1, hubs count: Int = 1, haveFaults: Bool = false) {
        self.seed = seed
        self.sessionsPerAccount = sessionsPerAccount
        self.haveFaults = haveFaults
        indices = Array(0..<count)
        random = SeededGenerator(seed: seed)
        let first = HubScript(users: HubModel.users)
        hubs = [first] + (1..<count).map { _ in HubScript(in: first.world) }
        for index in hubs.indices { hubs[index].holdsBack = true }
    }

    private mutating func connect() -> SessionID {
        let id = hubs[place].connect()
        born[id] = born.count + 1
        return id
    }

    private func place(of session: SessionID) -> Int { indices[Int(session.rawValue / HubScript.sessionsOfAHub)] }

    /// All hubs apply all entries, and answer.
    private mutating func settleAll() {
        for _ in 0..<2 {
            for index in hubs.indices {
                hubs[index].watch()
                hubs[index].settle()
            }
        }
    }

    private func isBlocked(_ user: String) -> Bool { blockedUntil[user] ?? 0 > hubs[place].now.uptime }

    private mutating func user() -> String { HubModel.users.randomElement(using: &random) ?? "yoda" }
    private mutating func group() -> String { HubModel.groups.randomElement(using: &random) ?? "jedi" }

    mutating func step() {
        let user = user()
        let sessions = open.filter { $0.value == user }.keys.sorted()
        let session = sessions.randomElement(using: &random)
        switch Int.random(in: 0..<112, using: &random) {
        case 0..<10: if sessions.count < sessionsPerAccount { logIn(user, password: "pw-" + user, isRight: true) }
        case 10..<13: if let session { leave(session) }
        case 13:
            if let session, saying[session] != nil, let next = resume(session) { open[next] = user }
        // Wrong passwords that cannot be stored count at one hub only.
        case 14..<18: if !haveFaults || !hubs[0].storeFails { guess(user) }
        case 18..<20: if let session { command(session, .createGroup(name: group(), members: [])) }
        case 20..<22: if let session { command(session, .createGroup(name: group(), members: [self.user(), self.user()])) }
        case 22..<28: if let session { command(session, .joinGroup(name: group(), createsMissing: false)) }
        case 28..<30: if let session { command(session, .joinGroup(name: group(), createsMissing: true)) }
        case 30..<55:
            text += 1
            if let session {
                let nonce = nonces[user]?.randomElement(using: &random).flatMap { Bool.random(using: &random) ? $0 : nil } ?? "n\(text)"
                nonces[user, default: []].append(nonce)
                command(session, .message(to: self.user(), text: "\(text)", isNotice: false, nonce: nonce))
            }
        case 55..<75:
            text += 1
            if let session { command(session, .groupMessage(group: group(), text: "\(text)", isNotice: false)) }
        case 75..<95: hubs[Int.random(in: hubs.indices, using: &random)].settleOne(using: &random)
        // If a hub's record of deliveries is not stored, another hub delivers these messages again.
        case 95:
            if hubs.count == 1 || haveFaults && Bool.random(using: &random) {
                hubs[0].storeFails.toggle()
            } else {
                hubs[Int.random(in: hubs.indices, using: &random)].watch()
            }
        case 96:
            hubs[0].advance(milliseconds: Int64.random(in: 0..<6000, using: &random))
            for index in hubs.indices.dropFirst() { hubs[index].advance(milliseconds: 0) }
        // After a restart the wall clock says how long a block lasts.
        case 97 where haveFaults: crash(Int.random(in: hubs.indices, using: &random))
        case 97: hubs[place].stepClock(milliseconds: Int64.random(in: -90_000_000...90_000_000, using: &random))
        case 98..<101: if let session { command(session, .leaveGroup(name: group())) }
        case 101..<103: if let session { command(session, .invite(user: self.user(), group: group())) }
        case 103..<105: if let session { command(session, .issueToken) }
        case 105: if let token = hubs[place].tokens.keys.sorted().randomElement(using: &random) { hubs[place].tokens[token] = nil }
        case 106..<109: if sessions.count < sessionsPerAccount { tryToken(user) }
        default:
            for id in open.keys { receiveSome(id) }
            for index in hubs.indices {
                var written: [SessionID: MessageID] = [:]
                for id in open.keys where saying[id] == nil && place(of: id) == index { written[id] = lastHad(id) }
                hubs[index].handle(.arrived(written))
                hubs[index].handle(.tick)
            }
            if let ghost = ghosts.popLast() { hubs[place(of: ghost)].disconnect(ghost, acknowledged: nil) }
            for id in open.keys.sorted() where saying[id] != nil { if let last = lastHad(id) { command(id, .shown(last)) } }
        }
        check()
    }

    private func lastHad(_ id: SessionID) -> MessageID? { had[id].flatMap { $0 > 0 ? stream[id]?[$0 - 1].id : nil } }

    /// Some more of the messages that were sent to a session reach its client.
    private mutating func receiveSome(_ id: SessionID) {
        guard let user = open[id], let told = stream[id] else { return }
        let before = had[id] ?? 0
        let after = Int.random(in: before...told.count, using: &random)
        for message in told[before..<after] {
            if message.senderName.folded != user { received[user, default: [:]][message.id, default: 0] += 1 }
            if let loser = undelivered[user]?[message.id], born[loser] ?? 0 < born[id] ?? 0 { undelivered[user]?[message.id] = nil }
        }
        had[id] = after
    }

    /// Some of what was on its way from the hub to its clients arrives; nothing else of the hub is left.
    private mutating func crash(_ index: Int) {
        check()
        for (session, user) in open.filter({ place(of: $0.key) == index }).sorted(by: { $0.key < $1.key }) {
            receiveSome(session)
            open[session] = nil
            lose(stream[session].map { $0[(had[session] ?? 0)...] } ?? [], session, of: user)
        }
        ghosts = ghosts.filter { place(of: $0) != index }
        hubs[index].crash()
        indices.append(index)
    }

    private mutating func command(_ session: SessionID, _ command: Command) {
        commands[session, default: 1] += 1
        hubs[place(of: session)].send(session, command)
    }

    private mutating func logIn(_ user: String, password: String, isRight: Bool) {
        place = Int.random(in: hubs.indices, using: &random)
        let id = connect()
        let says = Bool.random(using: &random)
        hubs[place].send(id, .logIn(name: user, password: password, begins: !says))
        // Only until the log-in is answered: the replay continues among what follows.
        while hubs[place].told[id]?.isEmpty ?? true { hubs[place].settleOne(using: &random) }
        if isBlocked(user) {
            #expect(hubs[place].told[id] == [.reply(.blocked)], "a blocked name got in (seed \(seed))")
        } else if isRight, haveFaults, hubs[place].told[id] == [.reply(.blocked)] || hubs[place].told[id] == [.reply(.storeFailed)] {
            // A success that could not be stored leaves the wrong passwords before it counted at the other hub.
        } else if isRight {
            open[id] = user
            failures[user] = 0
            if says {
                saying[id] = "\(id)"
                command(id, .begin(.whereItLeftOff, client: saying[id]))
            }
            return
        } else {
            #expect(hubs[place].told[id] == [.reply(.tokenExpired)], "an ended token got in (seed \(seed))")
        }
        hubs[place].handle(.disconnected(id, .closed, acknowledged: nil))
    }

    /// Logs in with a token of this account, of another one, or one that has ended. Only the first is valid, and none counts as a wrong
    /// password.
    private mutating func tryToken(_ user: String) {
        let token = hubs[place].tokens.keys.sorted().randomElement(using: &random) ?? HubScript.token(0)
        logIn(user, password: token, isRight: hubs[place].tokens[token] == user)
    }

    private mutating func guess(_ user: String) {
        settleAll()
        place = Int.random(in: hubs.indices, using: &random)
        let id = connect()
        hubs[place].send(id, .logIn(name: user, password: "wrong", begins: true))
        settleAll()
        if !isBlocked(user) {
            failures[user, default: 0] += 1
            if failures[user] == 3 {
                failures[user] = 0
                blockedUntil[user] = hubs[place].now.uptime + 10_000
            }
        }
        hubs[place].handle(.disconnected(id, .closed, acknowledged: nil))
    }

    /// A connection ends with some of its messages in flight, and its client ends with it.
    private mutating func leave(_ session: SessionID) {
        end(session)
        guard let user = open.removeValue(forKey: session) else { return }
        lose((stream[session] ?? [])[(had[session] ?? 0)...], session, of: user)
    }

    /// A later session has to receive these messages.
    private mutating func lose(_ messages: ArraySlice<ChatMessage>, _ session: SessionID, of user: String) {
        for message in messages where message.senderName.folded != user { undelivered[user, default: [:]][message.id] = session }
    }

    private mutating func end(_ session: SessionID) {
        place = place(of: session)
        check()
        receiveSome(session)
        if saying[session] != nil, let last = lastHad(session) {
            command(session, .shown(last))
            // The acknowledgement arrives before the connection ends.
            hubs[place].settle()
            check()
        }
        let written = saying[session] == nil ? lastHad(session) : nil
        hubs[place].disconnect(session, Bool.random(using: &random) ? .closed : .sendQueueExceeded, acknowledged: written)
    }

    /// A client that acknowledges reconnects, and receives exactly what it has not received.
    private mutating func resume(_ session: SessionID) -> SessionID? {
        place = place(of: session)
        let isLetIn = open[session].map { !isBlocked($0) } ?? false
        switch Int.random(in: 0..<3, using: &random) {
        case _ where !isLetIn: end(session)
        case 0: end(session)
        case 1:
            // The connection ended before its last acknowledgement arrived.
            check()
            receiveSome(session)
            hubs[place].disconnect(session, acknowledged: nil)
        default:
            // The server has not noticed the end of the connection.
            check()
            receiveSome(session)
            ghosts.append(session)
        }
        guard let user = open.removeValue(forKey: session), let account = hubs[place].accounts[user]?.id else { return nil }
        hubs[place].settle()
        let mark = lastHad(session)
        // Otherwise to the same one: no other knows which of the sessions is this client's.
        if haveFaults { place = Int.random(in: hubs.indices, using: &random) }
        let id = connect()
        hubs[place].send(id, .logIn(name: user, password: "pw-" + user, begins: false))
        hubs[place].settle()
        guard !isBlocked(user) else { return nil }
        failures[user] = 0
        hubs[place].send(id, .begin(mark.map { .after($0) } ?? .whereItLeftOff, client: saying[session]))
        commands[id] = 2
        hubs[place].settle()
        if let mark {
            #expect(
                hubs[place].messageIDs(id) == hubs[place].missed(account, after: mark, ownAfter: mark).map(\.id),
                "not what it lacks (seed \(seed))")
        }
        saying[id] = saying[session]
        return id
    }

    /// Checks what the sessions have received since the last check.
    private mutating func check() {
        var members: [MessageID: Set<AccountID>]?
        for (id, user) in open {
            let told = hubs[place(of: id)].told[id] ?? []
            for outgoing in told[(counted[id] ?? 0)...] {
                guard case .message(let message) = outgoing else { continue }
                #expect(message.id > order[id] ?? .zero, "out of order or twice (seed \(seed))")
                order[id] = message.id
                stream[id, default: []].append(message)
                let account = hubs[place].accounts[user]?.id
                switch message.target {
                case .user(let target, _):
                    #expect(target == account || message.sender == account, "a message between others (seed \(seed))")
                case .group:
                    let known = members ?? hubs[place].membersAtMessages()
                    members = known
                    #expect(known[message.id]?.contains { $0 == account } == true, "a message to a non-member (seed \(seed))")
                }
            }
            counted[id] = told.count
        }
    }

    mutating func finish() {
        hubs[0].storeFails = false
        settleAll()
        check()
        for (id, _) in open { #expect(hubs[place(of: id)].answers[id]?.count == commands[id] ?? 1, "an answer a command (seed \(seed))") }
        // Every user logs in once more. Then all stored messages have been received; a user with one session has received each exactly
        // once.
        for id in open.keys.sorted() { leave(id) }
        for ghost in ghosts { hubs[place(of: ghost)].disconnect(ghost, acknowledged: nil) }
        hubs[0].advance(milliseconds: 20_000)
        settleAll()
        for user in HubModel.users {
            logIn(user, password: "pw-" + user, isRight: true)
            settleAll()
            check()
        }
        for hub in hubs { #expect(hub.isReplayedAlike, "the hub knows what the log says (seed \(seed))") }
        receiveAll()
        for user in HubModel.users {
            guard let account = hubs[place].accounts[user]?.id else { continue }
            let due = hubs[place].missed(account, after: .zero).map(\.id)
            if sessionsPerAccount == 1, !haveFaults {
                #expect(received[user, default: [:]].filter { $0.value != 1 } == [:], "\(user) got something twice (seed \(seed))")
            }
            // With faults a session may lose what an earlier one had received: its hub could not tell the others.
            let unseen =
                haveFaults ? undelivered[user, default: [:]].filter { received[user]?[$0.key] == nil } : undelivered[user, default: [:]]
            #expect(
                unseen.filter { due.contains($0.key) }.isEmpty, "\(user) never got what a session lost (seed \(seed))")
            let lost = Set(due).subtracting(received[user, default: [:]].keys)
            #expect(lost.isEmpty, "\(user) never got \(lost.count) messages (seed \(seed))")
        }
        var said: Set<String> = []
        for case .message(let message) in hubs[place].kept {
            if let nonce = message.nonce {
                #expect(said.insert("\(message.senderName.folded) \(nonce)").inserted, "said twice (seed \(seed))")
            }
        }
    }

    private mutating func receiveAll() {
        for id in open.keys { while had[id] ?? 0 < stream[id]?.count ?? 0 { receiveSome(id) } }
    }
}
