/// The textual form of resume tokens, by which they are distinguished from passwords.
public enum ResumeTokenText {
    public static let prefix = "chatty-resume-"
    /// Number of hexadecimal digits after the prefix: 256 random bits.
    public static let digits = 64

    /// Whether `text` has the form of a resume token; such a text is never tried as a password.
    public static func isOne(_ text: String) -> Bool { text.utf8.count == prefix.utf8.count + digits && text.begins(with: prefix) }
}
