import ChatProtocol

/// A message as it is kept and shown: what its sender asked to be said, at its place in the order. An object, because it goes through many queues on its way;
/// it never changes.
public final class ChatMessage: Hashable, Sendable {
    public enum Target: Hashable, Sendable {
        case user(AccountID, Name)
        case group(GroupID, Name)
    }

    public let id: MessageID
    /// When it was kept; the one timestamp shown everywhere.
    public let time: Timestamp
    private let draft: MessageDraft

    public var sender: AccountID { draft.sender }
    public var senderName: Name { draft.senderName }
    public var target: Target { draft.target }
    public var text: String { draft.text }
    public var isNotice: Bool { draft.isNotice }
    public var nonce: String? { draft.nonce }
    public var clientTags: [IRCMessage.Tag] { draft.clientTags }

    public init(_ draft: MessageDraft, id: MessageID, time: Timestamp) {
        self.draft = draft
        self.id = id
        self.time = time
    }

    public convenience init(
        id: MessageID, time: Timestamp, sender: AccountID, senderName: Name, target: Target, text: String, isNotice: Bool = false,
        nonce: String? = nil, clientTags: [IRCMessage.Tag] = []
    ) {
        self.init(
            MessageDraft(
                sender: sender, senderName: senderName, target: target, text: text, isNotice: isNotice, nonce: nonce,
                clientTags: clientTags), id: id, time: time)
    }

    public static func == (left: ChatMessage, right: ChatMessage) -> Bool {
        left === right || left.id == right.id && left.time == right.time && left.draft == right.draft
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// What a sender asks to be said: a message that has not got its place in the order yet.
public final class MessageDraft: Hashable, Sendable {
    public let sender: AccountID
    public let senderName: Name
    public let target: ChatMessage.Target
    public let text: String
    /// An IRC NOTICE: never answered by programs.
    public let isNotice: Bool
    /// What the sender called it, by which a repetition is known; see ``DedupWindow``.
    public let nonce: String?
    /// What the sender's client tells the others of it; only on its way, not kept.
    public let clientTags: [IRCMessage.Tag]

    public init(
        sender: AccountID, senderName: Name, target: ChatMessage.Target, text: String, isNotice: Bool = false, nonce: String? = nil,
        clientTags: [IRCMessage.Tag] = []
    ) {
        self.sender = sender
        self.senderName = senderName
        self.target = target
        self.text = text
        self.isNotice = isNotice
        self.nonce = nonce
        self.clientTags = clientTags
    }

    public static func == (left: MessageDraft, right: MessageDraft) -> Bool {
        left === right
            || left.sender == right.sender && left.senderName == right.senderName && left.target == right.target && left.text == right.text
                && left.isNotice == right.isNotice && left.nonce == right.nonce && left.clientTags == right.clientTags
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(sender)
        hasher.combine(text)
    }
}
