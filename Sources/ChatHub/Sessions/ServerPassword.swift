import ChatProtocol

/// IRC's `PASS`, which is `account:password` or `password`; and passwords have colons, too.
struct ServerPassword {
    private let nick: String
    private let text: String
    /// What stands before the first colon, where it can be an account's name.
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

    /// The whole is the password of the nick's account.
    var ofNick: Hub.Credentials { Hub.Credentials(name: nick, shown: nick, password: text, begins: false) }

    /// Of the account before the colon. Where there is none, it may have been the beginning of a password, which is not for the log.
    var ofName: Hub.Credentials { Hub.Credentials(name: name?.text ?? nick, shown: nick, password: rest, begins: false) }
}
