import ChatProtocol

/// A stored message: a draft with its place in the order. A class, because it passes through many queues. It never changes.
public final class ChatMessage: Hashable, Sendable {
    public enum Target: Hashable, Sendable {
        case user(AccountID, Name)
        case group(GroupID, Name)
    }

    public let id: MessageID
    /// When the message was stored; the one timestamp shown everywhere.
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

/// A message as its sender proposes it, without a place in the order.
public final class MessageDraft: Hashable, Sendable {
    public let sender: AccountID
    public let senderName: Name
    public let target: ChatMessage.Target
    public let text: String
    /// Whether the message is an IRC NOTICE, which no program answers.
    public let isNotice: Bool
    /// The sender's identifier of the message, by which a repetition is recognised; see ``DedupWindow``.
    public let nonce: String?
    /// Client tags, which are delivered live and not stored.
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
