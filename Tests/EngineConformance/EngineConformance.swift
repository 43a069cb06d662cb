import ChatProtocol
import ChatStore
import Testing

/// An engine on one store. A new store has the accounts `yoda`, `luke` and `hans` (1, 2, 3).
public struct EngineUnderTest: Sendable {
    /// A change of an account, given by its name, that another process makes.
    public enum Deed: Sendable {
        case add(String)
        case block(String)
        case remove(String)
    }

    /// Opens an engine on the store in its present state. Called again for each restart, after the engine before has been stopped.
    public let open: @Sendable () throws -> any Engine
    /// Makes the store full, or gives it space again.
    public let setFull: @Sendable (Bool) throws -> Void
    /// Makes a change as another process; returns when it is stored.
    public let other: @Sendable (Deed) throws -> Void

    public init(
        open: @escaping @Sendable () throws -> any Engine, setFull: @escaping @Sendable (Bool) throws -> Void,
        other: @escaping @Sendable (Deed) throws -> Void
    ) {
        self.open = open
        self.setFull = setFull
        self.other = other
    }
}

/// The conformance tests that every ``Engine`` passes. Each runs on a new store.
public struct EngineConformance: Sendable, CustomTestStringConvertible {
    public let name: String
    private let body: @Sendable (EngineUnderTest) throws -> Void

    public var testDescription: String { name }
    public func run(on engine: EngineUnderTest) throws { try body(engine) }

    private init(_ name: String, _ body: @escaping @Sendable (EngineUnderTest) throws -> Void) {
        self.name = name
        self.body = body
    }

    static let yoda = AccountID(rawValue: 1)
    static let luke = AccountID(rawValue: 2)
    static let hans = AccountID(rawValue: 3)

    public static let all: [EngineConformance] = [
        .init("everything has one order", oneOrder), .init("a repetition is the first message", repetitions),
        .init("conflicts are refused", conflicts), .init("limits hold whatever is on its way", limits),
        .init("a group ends with its last member", lastMember), .init("what happened is there after a restart", restart),
        .init("without room nothing happens", fullStore), .init("others come in order", others),
        .init("what others did rules changes out", othersFirst), .init("reading keeps to its range", reading),
        .init("what was proposed is decided before the end", stopping), .init("a password is the one set last", passwords),
        .init("a token ends with its time, its password and its account", tokens),
    ]

    private static func passwords(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        let generation = client.state.accounts.first { $0.id == luke }?.passwordGeneration ?? 0
        #expect(client.decide([.setPassword(luke, passwordHash: "first")]).first?.entry != nil)
        #expect(try client.password(of: luke) == PasswordRecord(hash: "first", generation: generation + 1))
        client.replaceHash("another", of: luke, by: "wrong")
        #expect(try client.password(of: luke)?.hash == "first")
        // The same password, stored in another way.
        client.replaceHash("first", of: luke, by: "stronger")
        #expect(try client.password(of: luke) == PasswordRecord(hash: "stronger", generation: generation + 1))
        try test.other(.remove("luke"))
        client.catchUp()
        #expect(try client.password(of: luke) == nil)
        client.stop()
    }

    private static func tokens(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        let time = try #require(client.decide([.record(.lockOutsEnded([]))]).first?.entry).time
        func grant(_ number: UInt8, _ account: AccountID, seconds: Int64, generation: Int) -> [UInt8] {
            let hash = [UInt8](repeating: number, count: 32)
            _ = client.decide([
                .record(
                    .token(
                        TokenGrant(
                            hash: hash, account: account, passwordGeneration: generation,
                            expires: time.adding(milliseconds: seconds * 1000), at: time)))
            ])
            return hash
        }
        let generation = client.state.accounts.first { $0.id == luke }?.passwordGeneration ?? 0
        let good = grant(1, luke, seconds: 86_400, generation: generation)
        #expect(try client.findToken(good, of: luke) == generation)
        #expect(try client.findToken(good, of: hans) == nil, "it is one account's")
        #expect(try client.findToken([UInt8](repeating: 9, count: 32), of: luke) == nil)
        #expect(try client.findToken(grant(2, luke, seconds: -1, generation: generation), of: luke) == nil, "its time is over")
        #expect(try client.findToken(grant(3, luke, seconds: 86_400, generation: generation + 1), of: luke) == nil, "no such password")
        _ = client.decide([.setPassword(luke, passwordHash: "new")])
        #expect(try client.findToken(good, of: luke) == nil, "its password was replaced")
        let blocked = grant(4, hans, seconds: 86_400, generation: client.state.accounts.first { $0.id == hans }?.passwordGeneration ?? 0)
        #expect(try client.findToken(blocked, of: hans) != nil)
        try test.other(.block("hans"))
        client.catchUp()
        #expect(try client.findToken(blocked, of: hans) == nil, "its account is blocked")
        client.stop()
    }

    private static func oneOrder(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        let start = client.state.position
        let outcomes = client.decide(
            try [
                .message(draft(yoda, to: luke, "one")), .createGroup(Name("jedi"), founder: yoda, isOpen: true, invited: [hans]),
                .record(.lockOut(.init(name: "x", failures: 1, blockedUntil: nil, last: .init(milliseconds: 5)))),
                .message(draft(luke, to: yoda, "two")),
            ])
        let later = client.decide([.message(try draft(yoda, to: yoda, "three"))])
        let entries = (outcomes + later).compactMap(\.entry)
        #expect(entries.count == 5)
        #expect(entries.allSatisfy { $0.position > start } && zip(entries, entries.dropFirst()).allSatisfy { $0.position < $1.position })
        #expect(client.entries == entries, "each once, in the order of the positions")
        for entry in entries {
            if case .message(let message) = entry.content { #expect(message.id == entry.position && message.time == entry.time) }
        }
        client.stop()
    }

    private static func repetitions(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        let said = Change.message(try draft(yoda, to: luke, "once", nonce: "n"))
        let outcomes = client.decide([said, said, .message(try draft(luke, to: yoda, "mine", nonce: "n"))])
        guard let first = outcomes[0].entry else { return expect(outcomes, "stored") }
        #expect(outcomes[1] == .duplicate(first.position, first.time), "also where the first is on its way")
        #expect(outcomes[2].entry != nil, "another's is another")
        #expect(client.decide([.message(try draft(yoda, to: hans, "other words", nonce: "n"))]) == [.duplicate(first.position, first.time)])
        client.stop()
        let again = try EngineClient(test)
        #expect(again.decide([said]) == [.duplicate(first.position, first.time)])
        again.stop()
    }

    private static func conflicts(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        let (jedi, nobody, nowhere) = (try Name("jedi"), AccountID(rawValue: 99), GroupID(rawValue: 99))
        let made = client.decide([.createGroup(jedi, founder: yoda, isOpen: false, invited: [luke])])
        guard case .groupCreated(let group)? = made[0].entry?.content else { return expect(made, "stored") }
        #expect(group.members == [yoda] && group.invited == [luke: yoda])
        let refused: [(Change, Conflict)] = [
            (.createGroup(try Name("JEDI"), founder: luke, isOpen: true, invited: []), .nameTaken(try Name("JEDI"))),
            (.createGroup(try Name("sith"), founder: luke, isOpen: false, invited: [nobody]), .noSuchAccount(nobody)),
            (.joinGroup(group.id, hans), .notInvited), (.joinGroup(group.id, yoda), .alreadyMember),
            (.joinGroup(nowhere, yoda), .noSuchGroup(nowhere)),
            (.leaveGroup(group.id, hans), .notMember), (.invite(hans, to: group.id, by: luke), .notMember),
            (.invite(yoda, to: group.id, by: yoda), .alreadyMember), (.invite(nobody, to: group.id, by: yoda), .noSuchAccount(nobody)),
            (.message(try draft(luke, to: group.id, jedi, "let me in")), .notMember),
            (.message(try draft(yoda, to: nobody, "x")), .noSuchAccount(nobody)),
            (.setPassword(nobody, passwordHash: "x"), .noSuchAccount(nobody)),
            (.markRead(luke, .group(group.id), .init(milliseconds: 1)), .notMember),
        ]
        #expect(client.decide(refused.map(\.0)) == refused.map { .refused($0.1) })
        // Changes within one batch, which depend on the changes before them.
        let sequence = client.decide([
            .joinGroup(group.id, luke), .joinGroup(group.id, luke), .leaveGroup(group.id, luke), .leaveGroup(group.id, luke),
            .joinGroup(group.id, luke),
        ])
        #expect(sequence.map { $0.entry != nil } == [true, false, true, false, false])
        #expect([sequence[1], sequence[3], sequence[4]] == [.refused(.alreadyMember), .refused(.notMember), .refused(.notInvited)])
        let marks = client.decide([5, 5, 4, 6].map { .markRead(yoda, .user(luke), Timestamp(milliseconds: $0)) })
        #expect([marks[1], marks[2]] == [.refused(.notForward), .refused(.notForward)] && marks[3].entry != nil)
        #expect(client.entries.count == 1 + 2 + 2, "what is refused is told nobody")
        client.stop()
    }

    private static func limits(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        let changes = try (1...Limits.groupsPerAccount + 1).map { number in
            Change.createGroup(try Name("g\(number)"), founder: yoda, isOpen: true, invited: [])
        }
        let outcomes = client.decide(changes)
        #expect(outcomes.dropLast().allSatisfy { $0.entry != nil } && outcomes.last == .refused(.tooManyGroups))
        client.stop()
    }

    private static func lastMember(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        let create = Change.createGroup(try Name("jedi"), founder: yoda, isOpen: false, invited: [luke])
        let made = client.decide([create])
        guard case .groupCreated(let first)? = made[0].entry?.content else { return expect(made, "stored") }
        let gone = client.decide([.leaveGroup(first.id, yoda), .joinGroup(first.id, luke), create])
        #expect(gone[1] == .refused(.noSuchGroup(first.id)))
        guard case .groupCreated(let second)? = gone[2].entry?.content else { return expect(gone, "stored") }
        #expect(second.id > first.id, "a number is never another group's")
        _ = client.decide([.leaveGroup(second.id, yoda)])
        client.stop()
        let again = try EngineClient(test)
        #expect(again.state.groups.isEmpty)
        let third = again.decide([create])
        guard case .groupCreated(let group)? = third[0].entry?.content else { return expect(third, "stored") }
        #expect(group.id > second.id)
        again.stop()
    }

    private static func restart(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        var directory = Directory(client.state)
        let made = client.decide([.createGroup(try Name("jedi"), founder: yoda, isOpen: false, invited: [luke, hans])])
        guard case .groupCreated(let group)? = made[0].entry?.content else { return expect(made, "stored") }
        let cursor = DeliveryCursor(
            reached: MessageID(rawValue: 9), undelivered: [.init(MessageRange(after: .zero, upTo: MessageID(rawValue: 5)), client: "c")])
        let row = StoreState.LockOut(name: "luke", failures: 2, blockedUntil: nil, last: .init(milliseconds: 7))
        let outcomes = client.decide(
            try [
                .joinGroup(group.id, luke), .message(draft(luke, to: group.id, group.name, "hello")),
                .markRead(luke, .group(group.id), .init(milliseconds: 3)), .setPassword(hans, passwordHash: "hash"),
                .record(.cursors([luke: cursor])), .record(.lockOut(row)),
                .record(.lockOut(.init(name: "x", failures: 1, blockedUntil: nil, last: .init(milliseconds: 1)))),
                .record(.lockOutsEnded(["x"])),
            ])
        #expect(outcomes.allSatisfy { $0.entry != nil })
        client.stop()
        for entry in client.entries { directory.apply(entry) }
        let again = try EngineClient(test)
        #expect(Directory(again.state) == directory)
        #expect(again.state.cursors == [luke: cursor] && again.state.lockOuts == [row])
        let next = again.decide([.message(try draft(yoda, to: luke, "more"))])
        #expect(next[0].entry.map { $0.position > directory.position } == true)
        again.stop()
    }

    private static func fullStore(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        let create = Change.createGroup(try Name("jedi"), founder: yoda, isOpen: true, invited: [])
        let said = Change.message(try draft(yoda, to: luke, "hello", nonce: "n"))
        try test.setFull(true)
        #expect(client.decide([create, said]) == [.failed, .failed])
        #expect(client.entries.isEmpty)
        try test.setFull(false)
        #expect(client.decide([create, said]).allSatisfy { $0.entry != nil }, "it did not happen, so it can happen now")
        client.stop()
    }

    private static func others(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        try test.other(.add("leia"))
        client.catchUp()
        guard case .accountSet(let leia)? = client.entries.last?.content else { return expect(client.entries, "leia") }
        #expect(leia.name.text == "leia" && !leia.isBlocked)
        try test.other(.block("leia"))
        try test.other(.remove("hans"))
        let own = client.decide([.message(try draft(yoda, to: leia.id, "hello"))])
        guard let message = own[0].entry else { return expect(own, "stored") }
        let entries = client.entries
        #expect(entries.count == 4 && entries.last == message)
        #expect(entries[1].content == .accountSet(Account(id: leia.id, name: leia.name, isBlocked: true)))
        #expect(entries[2].content == .accountRemoved(hans))
        #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.position < $1.position })
        client.stop()
        // A change that happened while no engine ran is in the state, and is not reported again.
        try test.other(.remove("leia"))
        let again = try EngineClient(test)
        again.catchUp()
        #expect(again.state.accounts.map(\.name.text) == ["yoda", "luke"] && again.entries.isEmpty)
        #expect(again.state.position > message.position)
        again.stop()
    }

    private static func othersFirst(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        let made = client.decide([.createGroup(try Name("jedi"), founder: luke, isOpen: true, invited: [hans])])
        guard case .groupCreated(let group)? = made[0].entry?.content else { return expect(made, "stored") }
        try test.other(.remove("luke"))
        let outcomes = client.decide([
            .message(try draft(yoda, to: luke, "too late")), .joinGroup(group.id, yoda), .message(try draft(luke, to: yoda, "still here")),
        ])
        #expect(outcomes == [.refused(.noSuchAccount(luke)), .refused(.noSuchGroup(group.id)), .refused(.noSuchAccount(luke))])
        #expect(client.entries.last?.content == .accountRemoved(luke), "and why was told before")
        client.stop()
    }

    private static func reading(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        let made = client.decide([.createGroup(try Name("jedi"), founder: yoda, isOpen: true, invited: [])])
        guard case .groupCreated(let group)? = made[0].entry?.content else { return expect(made, "stored") }
        let outcomes = client.decide(
            try [
                .message(draft(yoda, to: group.id, group.name, "before")), .joinGroup(group.id, luke),
                .message(draft(yoda, to: group.id, group.name, "a")), .message(draft(hans, to: luke, "b")),
                .message(draft(luke, to: hans, "own")), .message(draft(yoda, to: hans, "of others")), .message(draft(yoda, to: luke, "c")),
            ])
        let positions = outcomes.compactMap { $0.entry?.position }
        #expect(positions.count == 7)
        let all = MessageRange.all(after: .zero)
        let never = MessageID(rawValue: .max)
        #expect(client.texts(.missed(luke, all, ownAfter: never, limit: 9)) == ["a", "b", "c"])
        #expect(client.texts(.missed(luke, all, ownAfter: .zero, limit: 9)) == ["a", "b", "own", "c"])
        #expect(client.texts(.missed(luke, all, ownAfter: never, limit: 2)) == ["a", "b"])
        let range = MessageRange(after: positions[2], upTo: positions[3])
        #expect(client.texts(.missed(luke, range, ownAfter: never, limit: 9)) == ["b"], "up to a position")
        let latest = HistoryRange(takesLatest: true, limit: 1)
        #expect(client.texts(.history(luke, .user(yoda, latest))) == ["c"])
        #expect(client.texts(.history(yoda, .group(group.id, HistoryRange(takesLatest: true, limit: 9)))) == ["before", "a"])
        client.stop()
    }

    private static func stopping(_ test: EngineUnderTest) throws {
        let client = try EngineClient(test)
        let changes = try (1...50).map { Change.message(try draft(yoda, to: luke, "\($0)")) }
        let requests = client.propose(changes)
        client.stop()
        #expect(requests.allSatisfy { client.outcome(of: $0)?.entry != nil })
        let again = try EngineClient(test)
        #expect(again.texts(.missed(luke, .all(after: .zero), ownAfter: .zero, limit: 99)) == (1...50).map { "\($0)" })
        again.stop()
    }

    private static func expect(_ given: some Any, _ wanted: String) { Issue.record("\(wanted) was expected, not \(given)") }

    private static func draft(_ sender: AccountID, to other: AccountID, _ text: String, nonce: String? = nil) throws -> MessageDraft {
        MessageDraft(
            sender: sender, senderName: try Name("sender"), target: .user(other, try Name("other")), text: text, nonce: nonce)
    }

    private static func draft(_ sender: AccountID, to group: GroupID, _ name: Name, _ text: String) throws -> MessageDraft {
        MessageDraft(sender: sender, senderName: try Name("sender"), target: .group(group, name), text: text)
    }
}

extension Outcome {
    fileprivate var entry: Entry? { if case .stored(let entry) = self { entry } else { nil } }
}
