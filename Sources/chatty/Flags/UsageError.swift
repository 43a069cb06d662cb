/// An invalid command line; the command ends with status 2 and does nothing.
struct UsageError: Error, Equatable {
    /// The message: one line without `chatty: ` before it, and without a full stop if it ends with what the user typed.
    let message: String
    /// The subcommand whose `--help` explains it, if one was named.
    var command: String?

    init(_ message: String, command: String? = nil) {
        self.message = message
        self.command = command
    }
}
