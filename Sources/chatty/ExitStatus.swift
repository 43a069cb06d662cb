/// The exit statuses of every subcommand; the table in each manual page is made from these.
enum ExitStatus: Int32, CaseIterable, Sendable {
    case done = 0
    case failed = 1
    case usage = 2
    case unreachable = 3
    case refused = 4
    case blocked = 5
    case notDelivered = 6
    case interrupted = 7
    case endedByHangUp = 129
    case endedByInterrupt = 130
    case endedByTerminate = 143

    /// The description of the status in the manual pages.
    var meaning: String {
        switch self {
        case .done: "Done."
        case .failed: "Failed."
        case .usage: "The command line was wrong."
        case .unreachable: "The other side could not be reached."
        case .refused: "Refused: the credentials, the key or the ticket were not accepted."
        case .blocked: "The name is blocked after too many failed log-ins."
        case .notDelivered: "Not delivered, or declined by the other side."
        case .interrupted: "Interrupted. Run the same command again to resume."
        case .endedByHangUp: "Ended by SIGHUP."
        case .endedByInterrupt: "Ended by SIGINT."
        case .endedByTerminate: "Ended by SIGTERM."
        }
    }
}
