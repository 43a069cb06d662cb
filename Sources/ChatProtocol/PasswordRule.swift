/// The rule of all passwords, however they are set and whichever codec they come through: 1 to ``Limits/passwordBytes`` bytes without
/// control characters, which do not look like a resume token. A text that looks like one is never tried as a password.
public enum PasswordRule {
    /// The reason why a text cannot be a password.
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

    /// Like ``check(_:)``, but returns the defect instead of throwing it; nil for a valid password.
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
    /// The defect as a clause.
    public var reason: String {
        switch self {
        case .empty: "the password is empty"
        case .tooLong: "the password is longer than \(Limits.passwordBytes) bytes"
        case .controlCharacter: "the password contains a control character"
        case .resumeToken: "the password looks like a resume token"
        }
    }

    /// The defect as a sentence.
    public var text: String { "T" + reason.dropFirst() + "." }
}
