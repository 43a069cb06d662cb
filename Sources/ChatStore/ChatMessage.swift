import ChatProtocol

/// A message as it is kept and shown. An object: it goes through many hands on its way, and is never changed.
public final class ChatMessage: Hashable, Sendable {
    public enum Target: Hashable, Sendable {
        case user(AccountID, Name)
        case group(GroupID, Name)
    }

    public let id: MessageID
    /// When it was kept; the one timestamp shown everywhere.
    public let time: Timestamp
    public let sender: AccountID
    public let senderName: Name
    public let target: Target
    public let text: String
    /// An IRC NOTICE: never answered by programs.
    public let isNotice: Bool
    /// What the sender called it, by which a repetition is known; see ``DedupWindow``.
    public let nonce: String?
    /// What the sender's client tells the others of it; only on its way, not kept.
    public let clientTags: [IRCMessage.Tag]

    public init(
        id: MessageID, time: Timestamp, sender: AccountID, senderName: Name, target: Target, text: String, isNotice: Bool = false,
        nonce: String? = nil, clientTags: [IRCMessage.Tag] = []
    ) {
        self.id = id
        self.time = time
        self.sender = sender
        self.senderName = senderName
        self.target = target
        self.text = text
        self.isNotice = isNotice
        self.nonce = nonce
        self.clientTags = clientTags
    }

    /// What a sender asked to be said, as it was kept.
    public convenience init(_ draft: MessageDraft, id: MessageID, time: Timestamp) {
        self.init(
            id: id, time: time, sender: draft.sender, senderName: draft.senderName, target: draft.target, text: draft.text,
            isNotice: draft.isNotice, nonce: draft.nonce, clientTags: draft.clientTags)
    }

    public static func == (left: ChatMessage, right: ChatMessage) -> Bool {
        left === right
            || left.id == right.id && left.time == right.time && left.sender == right.sender && left.senderName == right.senderName
                && left.target == right.target && left.text == right.text && left.isNotice == right.isNotice && left.nonce == right.nonce
                && left.clientTags == right.clientTags
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// A message that has not got its place in the order yet.
public final class MessageDraft: Hashable, Sendable {
    public let sender: AccountID
    public let senderName: Name
    public let target: ChatMessage.Target
    public let text: String
    public let isNotice: Bool
    public let nonce: String?
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
