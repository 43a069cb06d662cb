/// One exchange of messages between a host, who shows a code, and a guest, who types one: both prove to each other that it is the same code,
/// and then say what only they can read. How the messages travel is not its concern.
///
/// | kind | from | then |
/// |---|---|---|
/// | 1 | guest | message of SPAKE2 (32) |
/// | 2 | host | message of SPAKE2 (32) |
/// | 3 | guest | confirmation (32) |
/// | 4 | host | confirmation (32) |
/// | 5 | host | nothing: the code is wrong |
/// | 6 | either | number of the text, from 0 in each direction (1), the text sealed |
///
/// The guest confirms first: a host reveals nothing by which a guess could be tested before the guest has shown its own, which counts.
/// A guest reveals its confirmation to whoever answers, who can test one guess with it.
///
/// Held by `MeetingExchangeTests`.
struct MeetingExchange {
    /// The longest text, bytes: with all around it, it fits into a datagram that every path carries.
    static let maximumText = 1100
    /// Texts in one direction.
    static let maximumTexts = 8

    enum Step: Equatable {
        /// To be sent to the other side.
        case send([UInt8])
        /// The other side knows the code. A host sends the message.
        case confirmed(send: [UInt8]?)
        /// The other side does not know the code, which is to end. A host sends the message.
        case wrong(send: [UInt8]?)
        /// What the other side says.
        case text([UInt8])
        /// No message of the other side at this point; the exchange is over.
        case malformed
    }

    private enum Kind {
        static let guestKey: UInt8 = 1
        static let hostKey: UInt8 = 2
        static let guestConfirmation: UInt8 = 3
        static let hostConfirmation: UInt8 = 4
        static let wrong: UInt8 = 5
        static let text: UInt8 = 6
    }

    private enum Phase {
        case keys
        case confirmation(MeetingKeys)
        case open(MeetingKeys, sent: UInt8, received: UInt8)
        case over
    }

    private let role: MeetingRole
    private let place: [UInt8]
    private let password: PasswordExchange
    private var phase = Phase.keys

    /// - Parameter place: what both sides know of where they meet.
    /// - Returns: nil if memory is exhausted.
    init?(role: MeetingRole, code: MeetingCode, place: [UInt8]) {
        guard let password = PasswordExchange(role: role, password: code.password, place: place) else { return nil }
        self.role = role
        self.place = place
        self.password = password
    }

    /// The guest's first message.
    var opening: [UInt8] { [Kind.guestKey] + password.message }

    var isOpen: Bool { if case .open = phase { true } else { false } }

    /// Seals a text for the other side; nil before the confirmation, and for one text too many or too long.
    mutating func message(_ text: [UInt8]) -> [UInt8]? {
        guard case .open(let keys, let sent, let received) = phase, sent < Self.maximumTexts, text.count <= Self.maximumText,
            let sealed = keys.sealed(text, number: sent)
        else { return nil }
        phase = .open(keys, sent: sent + 1, received: received)
        return [Kind.text, sent] + sealed
    }

    mutating func receive(_ message: [UInt8]) -> Step {
        let step = next(message)
        switch step {
        case .malformed, .wrong: phase = .over
        case .send, .confirmed, .text: break
        }
        return step
    }

    private mutating func next(_ message: [UInt8]) -> Step {
        guard let kind = message.first else { return .malformed }
        let body = Array(message.dropFirst())
        switch phase {
        case .keys:
            guard kind == (role == .host ? Kind.guestKey : Kind.hostKey), let secret = password.key(from: body) else { return .malformed }
            let (guest, host) = role == .host ? (body, password.message) : (password.message, body)
            let keys = MeetingKeys(role: role, secret: secret, place: place, guest: guest, host: host)
            phase = .confirmation(keys)
            return .send(role == .host ? [Kind.hostKey] + password.message : [Kind.guestConfirmation] + keys.confirmation)
        case .confirmation(let keys):
            if role == .guest, kind == Kind.wrong, body.isEmpty { return .wrong(send: nil) }
            guard kind == (role == .host ? Kind.guestConfirmation : Kind.hostConfirmation), body.count == 32 else { return .malformed }
            guard keys.isConfirmation(body) else { return .wrong(send: role == .host ? Self.refusal : nil) }
            phase = .open(keys, sent: 0, received: 0)
            return .confirmed(send: role == .host ? [Kind.hostConfirmation] + keys.confirmation : nil)
        case .open(let keys, let sent, let received):
            guard kind == Kind.text, received < Self.maximumTexts, body.first == received,
                body.count <= 1 + Self.maximumText + 16, let text = keys.opened(Array(body.dropFirst()), number: received)
            else { return .malformed }
            phase = .open(keys, sent: sent, received: received + 1)
            return .text(text)
        case .over: return .malformed
        }
    }

    /// What a host sends to a guest whose code is wrong, or no longer valid.
    static let refusal: [UInt8] = [Kind.wrong]
}
