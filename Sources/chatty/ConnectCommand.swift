/// `chatty connect`.
enum ConnectCommand {
    static func run(_ arguments: Arguments) async throws(UsageError) -> ExitStatus {
        Diagnostics.say("connect is not part of this build.")
        return .failed
    }
}
