import ChatProtocol

/// The secret by which a client proves its identity.
public enum Proof: Hashable, Sendable {
    case password(String)
    /// A resume token. It opens sessions and does nothing else. Where only the password counts, the text is never read as a token.
    case token(String)

    /// The proof in the text that was given as the password of a log-in.
    init(toLogIn text: String) { self = ResumeTokenText.isOne(text) ? .token(text) : .password(text) }
}
