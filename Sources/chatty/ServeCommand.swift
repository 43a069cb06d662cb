/// `chatty serve`.
enum ServeCommand {
    static func run(_ arguments: Arguments) async throws(UsageError) -> ExitStatus {
        Diagnostics.say("serve is not part of this build.")
        return .failed
    }
}
