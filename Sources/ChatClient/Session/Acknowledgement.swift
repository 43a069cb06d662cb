import ChatProtocol

/// What the server is to be told of what has been shown (`SEEN`): the last message, some time after the first that it has not been told of.
struct Acknowledgement: Sendable {
    private(set) var shown: MessageID?
    /// When it is to be told; nil where it knows.
    private(set) var due: Int64?

    mutating func record(_ message: MessageID, by time: Int64) {
        guard message > shown ?? .zero else { return }
        shown = message
        if due == nil { due = time }
    }

    /// The line that says it; nil where there is nothing to say.
    mutating func popLine() -> IRCMessage? {
        guard due != nil, let shown else { return nil }
        due = nil
        return Acknowledgement.line(shown)
    }

    /// What a new connection begins with, by the same client as the one before.
    mutating func opening(as client: String) -> IRCMessage {
        due = nil
        return IRCMessage("SEEN", shown?.description ?? "*", client)
    }

    static func line(_ message: MessageID) -> IRCMessage { IRCMessage("SEEN", message.description) }
}
