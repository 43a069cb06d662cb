/// Messages in the form of plain-text sessions, which `nc`, pipes and scripts read. Foreign text is made safe here.
public enum Notice {
    /// `2026-01-31T12:34:56Z yoda: text`
    public static func direct(from sender: String, at time: Timestamp, text: String) -> String {
        "\(time) \(sender): \(SafeText.shown(typed(text), isolates: false))"
    }

    /// `2026-01-31T12:34:56Z #jedi yoda: text`
    public static func toGroup(_ group: String, from sender: String, at time: Timestamp, text: String) -> String {
        "\(time) #\(group) \(sender): \(SafeText.shown(typed(text), isolates: false))"
    }

    /// The message text that `/me` sends, as IRC clients do (CTCP ACTION).
    public static func action(_ text: String) -> String { "\u{1}ACTION \(text)\u{1}" }

    /// A CTCP ACTION as the `/me` that was typed; any other text unchanged.
    public static func typed(_ text: String) -> String {
        guard let rest = text.rest(behind: "\u{1}ACTION ") else { return text }
        return "/me " + (rest.rest(before: "\u{1}") ?? rest)
    }

    public static func joined(user: String, group: String) -> String { "\(user) joined the group chat \(group)." }
    public static func left(user: String, group: String) -> String { "\(user) left the group chat \(group)." }
    public static func invited(by user: String, group: String) -> String {
        "\(user) invited you to the group chat \(group). Join it with /joingroup \(group)"
    }
    public static func offeredToText(by user: String) -> String { "\(user) offers a file. \(Reply.needsClient.text)" }
}
