/// What a person is shown of what others do, in the plain form: pipes, `nc`, scripts. Text from others is made safe here.
public enum Notice {
    /// `2026-01-31T12:34:56Z yoda: text`
    public static func direct(from sender: String, at time: Timestamp, text: String) -> String {
        "\(time) \(sender): \(SafeText.shown(text, isolates: false))"
    }

    /// `2026-01-31T12:34:56Z #jedi yoda: text`
    public static func toGroup(_ group: String, from sender: String, at time: Timestamp, text: String) -> String {
        "\(time) #\(group) \(sender): \(SafeText.shown(text, isolates: false))"
    }

    public static func joined(user: String, group: String) -> String { "\(user) joined the group chat \(group)." }
    public static func left(user: String, group: String) -> String { "\(user) left the group chat \(group)." }
    public static func invited(by user: String, group: String) -> String {
        "\(user) invited you to the group chat \(group). Join it with /joingroup \(group)"
    }
    public static func offeredToText(by user: String) -> String { "\(user) offers a file. \(Reply.needsClient.text)" }
}
