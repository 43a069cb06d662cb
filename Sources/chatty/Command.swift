/// A subcommand: its description in the table of flags, and the function that runs it.
struct Command: Sendable {
    let spec: CommandSpec
    /// Runs the subcommand. A rejected combination of arguments is thrown before anything is done.
    let run: @Sendable (Arguments) async throws(UsageError) -> ExitStatus

    /// All subcommands, in the order of the help and the manual.
    static let all: [Command] = [
        Command(spec: ServeFlags.spec, run: ServeCommand.run),
        Command(spec: ConnectFlags.spec, run: ConnectCommand.run),
        Command(spec: SendFileFlags.spec, run: SendFileCommand.run),
        Command(spec: RecvFileFlags.spec, run: RecvFileCommand.run),
        Command(spec: UsersFlags.spec, run: UsersCommand.run),
    ]

    static var names: [String] { all.map(\.spec.name) }
}
