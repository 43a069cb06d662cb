import ChatProtocol

/// What is given to prove that one is who one says.
public enum Proof: Hashable, Sendable {
    case password(String)
    /// A resume token: it opens sessions and does nothing else, so where only the password will do none of its like is made of what was typed.
    case token(String)

    /// What was given in the place of a password to log in.
    init(toLogIn text: String) { self = ResumeTokenText.isOne(text) ? .token(text) : .password(text) }
}
