import TestSupport
import Testing

@testable import Connectivity

/// SPAKE2, the confirmation, and what is sealed then. The library's secret numbers are its own, so both sides are run against each other.
@Suite struct MeetingExchangeTests {
    private static let place: [UInt8] = Array("here".utf8)

    static func code(_ text: String = "7-guitar-ahead") -> MeetingCode {
        guard let code = try? MeetingCode(text) else { preconditionFailure("\(text) is a code") }
        return code
    }

    private static func side(_ role: MeetingRole, _ code: String = "7-guitar-ahead", place: [UInt8] = place) throws -> MeetingExchange {
        try #require(MeetingExchange(role: role, code: Self.code(code), place: place))
    }

    private static func sent(_ step: MeetingExchange.Step) throws -> [UInt8] {
        switch step {
        case .send(let message), .confirmed(let message?), .wrong(let message?): message
        default: try #require(nil as [UInt8]?, "\(step)")
        }
    }

    /// Both sides after the confirmation.
    private static func met() throws -> (host: MeetingExchange, guest: MeetingExchange) {
        var (host, guest) = (try side(.host), try side(.guest))
        let key = try sent(host.receive(guest.opening))
        let confirmation = try sent(guest.receive(key))
        let answer = try sent(host.receive(confirmation))
        #expect(guest.receive(answer) == .confirmed(send: nil))
        #expect(host.isOpen && guest.isOpen)
        return (host, guest)
    }

    // SPAKE2

    private static func run(
        _ guest: (password: String, place: String) = ("secret", "p"), _ host: (password: String, place: String) = ("secret", "p"),
        hostRole: MeetingRole = .host, change: ([UInt8]) -> [UInt8] = { $0 }
    ) throws -> (guest: [UInt8]?, host: [UInt8]?) {
        let one = try #require(PasswordExchange(role: .guest, password: Array(guest.password.utf8), place: Array(guest.place.utf8)))
        let other = try #require(PasswordExchange(role: hostRole, password: Array(host.password.utf8), place: Array(host.place.utf8)))
        #expect(one.message.count == 32 && other.message.count == 32 && one.message != other.message)
        return (one.key(from: change(other.message)), other.key(from: one.message))
    }

    @Test func onePasswordGivesOneKey() throws {
        let (first, second) = (try Self.run(), try Self.run())
        #expect(first.guest == first.host && first.guest?.count == 64)
        // Each run has a key of its own.
        #expect(second.guest == second.host && second.guest != first.guest)
    }

    @Test func everyOtherRunGivesTwo() throws {
        let wrong = try Self.run(("secret", "p"), ("Secret", "p"))
        #expect(wrong.guest != nil && wrong.guest != wrong.host)
        let elsewhere = try Self.run(("secret", "p"), ("secret", "q"))
        #expect(elsewhere.guest != nil && elsewhere.guest != elsewhere.host)
        let twoGuests = try Self.run(hostRole: .guest)
        #expect(twoGuests.guest != nil && twoGuests.guest != twoGuests.host)
        // A name that continues in the place of another does not make the same key.
        let moved = try Self.run(("secret", "pq"), ("secret", "p"))
        #expect(moved.guest != moved.host)
    }

    @Test func aChangedMessageGivesAnotherKeyOrNone() throws {
        var keys = 0
        for bit in 0..<256 {
            let run = try Self.run(change: { message in
                var changed = message
                changed[bit / 8] ^= 1 << (bit % 8)
                return changed
            })
            #expect(run.guest != run.host)
            keys += run.guest == nil ? 0 : 1
        }
        // About half of all bytes are points of the curve.
        #expect(keys > 20 && keys < 236)
    }

    @Test func aMessageIsTakenOnceAndOnlyWhole() throws {
        let one = try #require(PasswordExchange(role: .guest, password: [1], place: []))
        let other = try #require(PasswordExchange(role: .host, password: [1], place: []))
        #expect(one.key(from: []) == nil && one.key(from: other.message.dropLast()) == nil && one.key(from: other.message + [0]) == nil)
        #expect(one.key(from: other.message) != nil)
        #expect(one.key(from: other.message) == nil)
    }

    /// A point of small order, which takes part without a secret number, leads to a key that depends on the password.
    @Test func aPointWithoutASecretNumberGivesNoCommonKey() throws {
        let identity: [UInt8] = [1] + [UInt8](repeating: 0, count: 31)
        let keys = try ["a", "b"].map { password in
            try #require(PasswordExchange(role: .host, password: Array(password.utf8), place: [])).key(from: identity)
        }
        #expect(keys[0] != nil && keys[0] != keys[1])
    }

    // Confirmation

    @Test func whoKnowsTheCodeIsConfirmed() throws { _ = try Self.met() }

    /// The host tells a guest who has guessed wrongly, before it has shown anything of its own.
    @Test(arguments: ["7-guitar-agile", "7-ahead-guitar", "8-guitar-ahead"]) func whoGuessesIsRefused(code: String) throws {
        var (host, guest) = (try Self.side(.host), try Self.side(.guest, code))
        let key = try Self.sent(host.receive(guest.opening))
        #expect(key.count == 33)
        let confirmation = try Self.sent(guest.receive(key))
        #expect(host.receive(confirmation) == .wrong(send: MeetingExchange.refusal))
        #expect(guest.receive(MeetingExchange.refusal) == .wrong(send: nil))
        // It is over: the right confirmation would be no second guess.
        #expect(host.receive(confirmation) == .malformed && guest.receive(confirmation) == .malformed)
        #expect(host.message([1]) == nil && guest.message([1]) == nil)
    }

    @Test func whoMeetsElsewhereIsRefused() throws {
        var (host, guest) = (try Self.side(.host), try Self.side(.guest, place: [1]))
        let confirmation = try Self.sent(guest.receive(Self.sent(host.receive(guest.opening))))
        #expect(host.receive(confirmation) == .wrong(send: MeetingExchange.refusal))
    }

    /// A host that only says that it knows the code.
    @Test func aFalseHostIsNotConfirmed() throws {
        var (host, guest) = (try Self.side(.host), try Self.side(.guest))
        let confirmation = try Self.sent(guest.receive(Self.sent(host.receive(guest.opening))))
        // The guest's own confirmation, sent back, is none.
        #expect(guest.receive([4] + confirmation.dropFirst()) == .wrong(send: nil))
    }

    @Test func reflectedMessagesAreRefused() throws {
        var guest = try Self.side(.guest)
        #expect(guest.receive(guest.opening) == .malformed)
        // The guest's message as if it were the host's: no key of a run with itself is confirmed.
        var other = try Self.side(.guest)
        let confirmation = try Self.sent(other.receive([2] + other.opening.dropFirst()))
        #expect(other.receive([4] + confirmation.dropFirst()) == .wrong(send: nil))
    }

    @Test func aChangedConfirmationIsAGuess() throws {
        for bit in 0..<256 {
            var (host, guest) = (try Self.side(.host), try Self.side(.guest))
            var confirmation = try Self.sent(guest.receive(Self.sent(host.receive(guest.opening))))
            confirmation[1 + bit / 8] ^= 1 << (bit % 8)
            #expect(host.receive(confirmation) == .wrong(send: MeetingExchange.refusal))
        }
    }

    @Test func messagesOutOfTurnEndIt() throws {
        let (host, guest) = try Self.met()
        let zeros = [UInt8](repeating: 0, count: 32)
        for message in [[], [0], [1], [6], [6, 0], [6, 1] + zeros, guest.opening, [3] + zeros] as [[UInt8]] {
            var (one, other) = (host, guest)
            #expect(one.receive(message) == .malformed && !one.isOpen)
            #expect(other.receive(message) == .malformed && !other.isOpen)
            var fresh = try Self.side(.host)
            if message != guest.opening { #expect(fresh.receive(message) == .malformed) }
        }
    }

    // Texts

    @Test func textsAreReadByTheOtherSideOnceAndInOrder() throws {
        var (host, guest) = try Self.met()
        for number in 0..<MeetingExchange.maximumTexts {
            let text = [UInt8](repeating: UInt8(number), count: number == 7 ? MeetingExchange.maximumText : number)
            let (asked, answered) = (guest.message(text) ?? [], host.message(text) ?? [])
            #expect(host.receive(asked) == .text(text))
            #expect(asked != answered && asked.count == text.count + 18)
            #expect(guest.receive(answered) == .text(text))
        }
        #expect(guest.message([]) == nil && host.message([]) == nil)
    }

    @Test func whatIsRepeatedChangedOrSentBackIsNotRead() throws {
        var (host, guest) = try Self.met()
        let message = guest.message([1, 2, 3]) ?? []
        #expect(!message.isEmpty)
        var mirror = guest
        #expect(mirror.receive(message) == .malformed)
        for bit in 0..<message.count * 8 {
            var changed = message
            changed[bit / 8] ^= 1 << (bit % 8)
            var other = host
            #expect(other.receive(changed) == .malformed)
        }
        #expect(host.receive(message) == .text([1, 2, 3]))
        #expect(host.receive(message) == .malformed)
        var (_, stranger) = try Self.met()
        #expect(guest.message([UInt8](repeating: 0, count: MeetingExchange.maximumText + 1)) == nil)
        #expect(stranger.receive(message) == .malformed)
    }

    /// Nothing that anybody sends does more than end the exchange.
    @Test func noMessageIsConfirmedByChance() throws {
        var random = SeededGenerator(seed: 11)
        let (open, _) = try Self.met()
        let original = try Self.side(.guest).opening
        for _ in 0..<2000 {
            let message = random.mutated(original)
            var fresh = try Self.side(.host)
            switch fresh.receive(message) {
            case .send: #expect(message.count == 33 && message[0] == 1)
            case let step: #expect(step == .malformed)
            }
            var other = open
            #expect(other.receive(message) == .malformed)
        }
    }
}
