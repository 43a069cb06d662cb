import ChatProtocol

/// Decides when the client acknowledges shown messages (`SEEN`): one line names the last of them, some time after the first that the server
/// does not know of.
struct Acknowledgement: Sendable {
    private(set) var shown: MessageID?
    /// When the line is due; nil if the server knows everything.
    private(set) var due: Int64?

    mutating func record(_ message: MessageID, by time: Int64) {
        guard message > shown ?? .zero else { return }
        shown = message
        if due == nil { due = time }
    }

    /// The line to send, which then counts as sent; nil if the server knows everything.
    mutating func popLine() -> IRCMessage? {
        guard due != nil, let shown else { return nil }
        due = nil
        return Acknowledgement.line(shown)
    }

    /// The acknowledgement at the beginning of a connection. It names the client, so that the server knows which connection this one
    /// replaces.
    mutating func opening(as client: String) -> IRCMessage {
        due = nil
        return IRCMessage("SEEN", shown?.description ?? "*", client)
    }

    static func line(_ message: MessageID) -> IRCMessage { IRCMessage("SEEN", message.description) }
}
