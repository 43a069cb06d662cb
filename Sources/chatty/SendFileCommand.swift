/// `chatty send-file`.
enum SendFileCommand {
    static func run(_ arguments: Arguments) async throws(UsageError) -> ExitStatus {
        Diagnostics.say("send-file is not part of this build.")
        return .failed
    }
}
