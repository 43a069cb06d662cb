import ChatProtocol

/// Several lines that were pasted at once, and where they would go. They are text, whatever they begin with: what somebody copies from a
/// page must not run as commands here. Held by `ConsolePasteTests`.
struct Paste: Equatable, Sendable {
    /// The lines that say something, as they are, without their ends.
    var lines: [String]
    let conversation: ReceivedMessage.Conversation

    /// The lines of what was given to the editor at once: LF, CR and CR LF end one, as terminals paste them. Blank ones say nothing and are left out.
    static func lines(of input: String) -> [String] {
        input.utf8.split { $0 == 0x0A || $0 == 0x0D }.map { String(Substring($0)) }.filter { !$0.withoutSpacesAround.isEmpty }
    }
}

/// A line that waits until those before it have gone out.
enum QueuedLine: Equatable, Sendable {
    /// May be a command.
    case typed(String)
    /// A message, whatever it begins with.
    case text(String, in: ReceivedMessage.Conversation)
}
