import ChatProtocol
import TestSupport
import Testing

@testable import ChatStore

/// The rules of the ledger, and rollback.
@Suite struct LedgerTests {
    private static let users = (1...5).map { AccountID(rawValue: $0) }
    private static let names = ["jedi", "sith", "rebels", "Jedi"]

    static func state() -> StoreState {
        var state = StoreState()
        for user in users {
            guard let name = try? Name("user\(user.rawValue)") else { continue }
            state.accounts.append(Account(id: user, name: name))
        }
        return state
    }

    /// A random change, sensible or not.
    static func change(using random: inout SeededGenerator) -> Change {
        func user() -> AccountID { AccountID(rawValue: Int64.random(in: 1...6, using: &random)) }
        func group() -> GroupID { GroupID(rawValue: Int64.random(in: 1...12, using: &random)) }
        guard let name = try? Name(names[Int.random(in: 0..<names.count, using: &random)]), let sender = try? Name("sender") else {
            return .record(.lockOutsEnded([]))
        }
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1:
            let invited = Set((0..<Int.random(in: 0...2, using: &random)).map { _ in user() })
            return .createGroup(name, founder: user(), isOpen: invited.isEmpty, invited: invited)
        case 2, 3: return .joinGroup(group(), user())
        case 4, 5: return .leaveGroup(group(), user())
        case 6: return .invite(user(), to: group(), by: user())
        case 7:
            let target: ReadTarget = Bool.random(using: &random) ? .user(user()) : .group(group())
            return .markRead(user(), target, Timestamp(milliseconds: Int64.random(in: 0...2000, using: &random)))
        case 8: return .setPassword(user(), passwordHash: "hash")
        case 9: return .record(.lockOutsEnded(["x"]))
        default:
            let nonce = Bool.random(using: &random) ? "n\(Int.random(in: 0...5, using: &random))" : nil
            let target: ChatMessage.Target = Bool.random(using: &random) ? .user(user(), name) : .group(group(), name)
            return .message(MessageDraft(sender: user(), senderName: sender, target: target, text: "text", nonce: nonce))
        }
    }

    private static func moment(_ number: Int64) -> EventTime { EventTime(wall: Timestamp(milliseconds: number), uptime: number) }

    /// Any log, whoever has appended to it: the same entries make the same directory.
    @Test(arguments: 0..<UInt64(60)) func anyLogIsReplayedIntoAnEqualDirectory(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let log = MemoryLog(Self.state(), at: Self.moment(0))
        for number in 1...Int64(300) {
            // A clock that is sometimes set back.
            let now = Self.moment(Int64.random(in: max(0, number - 50)...number, using: &random))
            if Int.random(in: 0..<40, using: &random) == 0 {
                log.append(.accountRemoved(AccountID(rawValue: Int64.random(in: 1...6, using: &random))), at: now)
            } else {
                _ = log.decide(Self.change(using: &random), at: now)
            }
        }
        var replayed = Directory(Self.state())
        for entry in log.entries { replayed.apply(entry) }
        #expect(replayed == log.directory)
        #expect(zip(log.entries, log.entries.dropFirst()).allSatisfy { $0.position < $1.position }, "one order")
        for group in replayed.groups.values {
            #expect(!group.members.isEmpty && group.members.allSatisfy { replayed.accounts[$0] != nil }, "nobody who is gone")
        }
    }

    /// Entries that make no sense change only the position, and never trap.
    @Test(arguments: 0..<UInt64(30)) func applyingIsTotal(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var directory = Directory(Self.state())
        for number in 1...Int64(300) {
            let (group, user) = (GroupID(rawValue: Int64.random(in: 1...4, using: &random)), Self.users.randomElement(using: &random))
            let account = user ?? AccountID(rawValue: 9)
            let name = try Name(Self.names[Int.random(in: 0..<4, using: &random)])
            let contents: [Entry.Content] = [
                .memberJoined(group, account), .memberLeft(group, account), .invited(account, to: group, by: account),
                .readMarked(account, .group(group), Timestamp(milliseconds: number)), .accountRemoved(account),
                .accountSet(Account(id: account, name: try Name("user\(account.rawValue)"))),
                .groupCreated(
                    Group(id: group, name: name, founder: account, isOpen: true, created: .init(milliseconds: 0), members: [account])),
            ]
            guard let content = contents.randomElement(using: &random) else { return }
            directory.apply(Entry(position: MessageID(rawValue: number), time: Timestamp(milliseconds: number), content))
            #expect(directory.position.rawValue == number)
        }
    }

    /// A rolled-back transaction leaves everything as it was, and its changes can be proposed again.
    @Test(arguments: 0..<UInt64(60)) func whatIsTakenBackDidNotHappen(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var ledger = Ledger(Self.state(), at: Self.moment(0))
        for number in 1...Int64(60) {
            let before = ledger.directory
            let changes = (0..<Int.random(in: 1...6, using: &random)).map { _ in Self.change(using: &random) }
            ledger.begin()
            let first = changes.map { ledger.decide($0, at: Self.moment(number)) }
            if Bool.random(using: &random) {
                ledger.commit()
                continue
            }
            ledger.rollBack()
            // Positions of the rolled-back transaction are not used again.
            #expect(ledger.directory.isEqualButPosition(to: before))
            ledger.begin()
            let second = changes.map { ledger.decide($0, at: Self.moment(number)) }
            // A group that is created again has another number, so later changes do not refer to it.
            let until = changes.firstIndex { if case .createGroup = $0 { true } else { false } } ?? changes.count
            #expect(first.prefix(until).map(Self.kind) == second.prefix(until).map(Self.kind))
            ledger.commit()
        }
    }

    private static func kind(_ decision: Ledger.Decision) -> String {
        switch decision {
        case .entry: "entry"
        case .duplicate: "duplicate"
        case .refused(let conflict): "\(conflict)"
        }
    }
}

extension Directory {
    fileprivate func isEqualButPosition(to other: Directory) -> Bool {
        let last = max(position, other.position)
        var (one, two) = (self, other)
        let entry = Entry(position: last, time: Timestamp(milliseconds: 0), .recorded(.lockOutsEnded([])))
        one.apply(entry)
        two.apply(entry)
        return one == two
    }
}
