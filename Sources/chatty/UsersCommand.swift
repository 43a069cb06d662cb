/// `chatty users`.
enum UsersCommand {
    static func run(_ arguments: Arguments) async throws(UsageError) -> ExitStatus {
        Diagnostics.say("users is not part of this build.")
        return .failed
    }
}
