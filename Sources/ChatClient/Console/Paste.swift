import ChatProtocol

/// Several lines that were pasted at once, and the conversation they would go to. They are text, whatever they begin with: what somebody
/// copies from a page must not run as commands. Held by `ConsolePasteTests`.
struct Paste: Equatable, Sendable {
    /// The lines that are not blank, unchanged, without their line ends.
    var lines: [String]
    let conversation: ReceivedMessage.Conversation

    /// Splits one input of the editor into lines. LF, CR and CR LF end a line, as terminals paste them; blank lines are left out.
    static func lines(of input: String) -> [String] {
        input.utf8.split { $0 == 0x0A || $0 == 0x0D }.map { String(Substring($0)) }.filter { !$0.withoutSpacesAround.isEmpty }
    }
}

/// A line that waits until the lines before it are sent.
enum QueuedLine: Equatable, Sendable {
    /// A line that may be a command.
    case typed(String)
    /// A message, whatever it begins with.
    case text(String, in: ReceivedMessage.Conversation)
}
