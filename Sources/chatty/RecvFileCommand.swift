/// `chatty recv-file`.
enum RecvFileCommand {
    static func run(_ arguments: Arguments) async throws(UsageError) -> ExitStatus {
        Diagnostics.say("recv-file is not part of this build.")
        return .failed
    }
}
