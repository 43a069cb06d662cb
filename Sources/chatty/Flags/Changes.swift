/// The changes of each version that users notice: the section CHANGES of chatty(1). A new version becomes ``current``, and the one before
/// moves to ``earlier``.
enum Changes {
    struct Version: Sendable {
        /// Three numbers, separated by dots.
        let number: String
        /// The date as in the manual pages: `November 22, 2026`.
        let date: String
        /// The changes, each in whole sentences. `word` in backticks is shown as literal.
        let changes: [String]
    }

    /// The version of this program.
    static let current = Version(
        number: "0.1.0", date: "November 22, 2026",
        changes: [
            "This is the first version.",
            """
            `chatty serve` is a chat server for this client, for IRC clients and for plain text over TCP. It has direct messages, groups and a \
            history, and stores messages until they are delivered.
            """,
            "`chatty connect` is a client for people at a terminal, for scripts and for programs that read JSON.",
            """
            `chatty send-file` and `chatty recv-file` send files and folders straight from one machine to another, encrypted, and resume what \
            was interrupted. `/p2pvideo` does the same in the chat.
            """,
            "`chatty users` manages the accounts of a server, also while the server runs.",
        ])

    /// The earlier versions, the newest first.
    static let earlier: [Version] = []

    static var all: [Version] { [current] + earlier }
}
