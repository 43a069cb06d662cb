import ChatProtocol

// Own messages without a confirmation: a person is shown each one that takes long, and then its outcome.

extension Console {
    /// Above this number of pending messages, only their number in the prompt is shown.
    private static let listedPending = 5
    /// The number of characters shown of a message, enough to recognise it.
    private static let excerptLength = 60

    /// Own messages that the server has not confirmed yet.
    public var unconfirmed: Int { pending.values.count { if case .message = $0 { true } else { false } } }

    /// Shows each message that waits for its confirmation, once.
    mutating func showPending() {
        guard configuration.isInteractive, unconfirmed + queued.count <= Console.listedPending else { return }
        for (id, purpose) in pending.sorted(by: { $0.key < $1.key }) where !shownPending.contains(id) {
            guard case .message(let conversation, let text) = purpose else { continue }
            shownPending.insert(id)
            showState("Pending", Console.shortened(text), conversation)
        }
    }

    /// Shows that a pending message has been stored.
    mutating func showStored(_ text: String, in conversation: ReceivedMessage.Conversation) {
        showState("Delivered to the server", Console.shortened(text), conversation)
    }

    /// Shows which message failed if it may not be the line typed last. The whole text is shown, so that it can be sent again.
    mutating func showUndelivered(_ text: String, in conversation: ReceivedMessage.Conversation) {
        guard configuration.isInteractive, showsPending || unconfirmed > 0 else { return }
        showState("Failed", text, conversation)
    }

    private mutating func showState(_ state: String, _ text: String, _ conversation: ReceivedMessage.Conversation) {
        effects.append(.show(formatter.dim(formatter.safe("\(state), to \(Console.shown(conversation)): \(Notice.typed(text))"))))
    }

    /// `hans`, `#jedi`.
    static func shown(_ conversation: ReceivedMessage.Conversation) -> String {
        switch conversation {
        case .user(let name): name
        case .group(let name): "#" + name
        }
    }

    private static func shortened(_ text: String) -> String {
        text.count > excerptLength ? text.prefix(excerptLength) + "…" : text
    }
}
