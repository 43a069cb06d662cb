/// How the texts of resume tokens are told from passwords.
public enum ResumeTokenText {
    public static let prefix = "chatty-resume-"
    /// Behind the prefix: 256 random bits, hexadecimal.
    public static let digits = 64

    /// Whether it looks like one; what does is never tried as a password.
    public static func isOne(_ text: String) -> Bool { text.utf8.count == prefix.utf8.count + digits && text.begins(with: prefix) }
}
