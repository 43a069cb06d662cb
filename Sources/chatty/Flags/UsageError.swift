/// A command line that was not understood; ends with status 2 and nothing done.
struct UsageError: Error, Equatable {
    /// One line, without `chatty: ` before it and without a full stop where it ends with what the user typed.
    let message: String
    /// The subcommand whose `--help` would tell, if one was named.
    var command: String?

    init(_ message: String, command: String? = nil) {
        self.message = message
        self.command = command
    }
}
