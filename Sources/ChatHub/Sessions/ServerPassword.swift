import ChatProtocol

/// The text of IRC's `PASS`: `account:password`, or a password alone. Passwords may contain colons as well.
struct ServerPassword {
    private let nick: String
    private let text: String
    /// The text before the first colon, if it is a valid name.
    let name: Name?
    private let rest: String

    init(nick: String, _ text: String) {
        self.nick = nick
        self.text = text
        let first = text.upTo(":")
        name = text.holds(":") ? try? Name(first) : nil
        rest = text.rest(behind: first + ":") ?? ""
    }

    var isNick: Bool { name?.folded.isSame(as: Name.fold(nick)) == true }

    /// Credentials with the whole text as the password of the nick's account.
    var ofNick: Hub.Credentials { Hub.Credentials(name: nick, shown: nick, password: text, begins: false) }

    /// Credentials of the account before the colon. Without such an account that text may be the beginning of a password, so the log shows
    /// the nick.
    var ofName: Hub.Credentials { Hub.Credentials(name: name?.text ?? nick, shown: nick, password: rest, begins: false) }
}
