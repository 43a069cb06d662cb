/// What can be a password, however it is set and whatever way in it will be given by: 1 to ``Limits/passwordBytes`` bytes without control characters, which
/// does not look like a resume token, for what does is never tried as a password.
public enum PasswordRule {
    /// Why a text is no password.
    public enum Defect: String, Error, Equatable, Sendable, CaseIterable {
        case empty = "EMPTY"
        case tooLong = "TOO_LONG"
        case controlCharacter = "CONTROL_CHARACTER"
        case resumeToken = "RESUME_TOKEN"
    }

    public static func check(_ password: String) throws(Defect) {
        guard !password.isEmpty else { throw .empty }
        guard password.utf8.count <= Limits.passwordBytes else { throw .tooLong }
        guard !password.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { throw .controlCharacter }
        guard !ResumeTokenText.isOne(password) else { throw .resumeToken }
    }

    /// The same, for who does not stop at it.
    public static func defect(of password: String) -> Defect? {
        do throws(Defect) {
            try check(password)
            return nil
        } catch {
            return error
        }
    }
}

extension PasswordRule.Defect {
    /// What is wrong, as a clause.
    public var reason: String {
        switch self {
        case .empty: "the password is empty"
        case .tooLong: "the password is longer than \(Limits.passwordBytes) bytes"
        case .controlCharacter: "the password contains a control character"
        case .resumeToken: "the password looks like a resume token"
        }
    }

    /// The same as a sentence.
    public var text: String { "T" + reason.dropFirst() + "." }
}
