import ChatProtocol
import DequeModule

/// Who waits to have a password judged: at most one of a name is being verified at any time, the others wait in line. So never more than the allowed number
/// are judged in one blocking period (see ``LockOutTable``), however many connections guess at once.
struct PasswordAttemptQueue {
    struct Attempt {
        let session: SessionID
        /// See ``Session/open(_:)``.
        let sequence: Int
        /// As typed.
        let name: String
        /// Who it is in the log where the name is no account's.
        let shown: String
        let begins: Bool
        /// Nothing that could be guessed, so nothing that has to be counted before it fails.
        let isToken: Bool
        /// Of whose it is, for the log.
        let address: String
        /// Where it came from, for ``AttemptThrottle``; nil where that is not counted.
        let network: String?
        /// Where it is the old password of who wants a new one.
        var change: PasswordChange?
    }

    /// What a session that knows its password changes it to.
    struct PasswordChange {
        let request: Request
        let new: String
    }

    /// An attempt that has not been judged yet. The proof is let go as soon as somebody judges it.
    struct Guess {
        let attempt: Attempt
        let proof: Proof
    }

    enum Admission: Equatable { case verify, wait, refuse }

    /// Attempts that wait for one name, at most.
    static let maximumWaiting = 64

    private struct Line {
        var isVerifying = true
        var waiting: Deque<Guess> = []
    }

    /// By folded name; those of which one is being verified or waits.
    private var lines: [String: Line] = [:]

    /// Asks for the right to have a password of that name verified now. `wait`: it has been put in line.
    mutating func admit(_ guess: Guess) -> Admission {
        let name = Name.fold(guess.attempt.name)
        guard let line = lines[name], line.isVerifying else {
            lines[name, default: Line()].isVerifying = true
            return .verify
        }
        guard line.waiting.count < PasswordAttemptQueue.maximumWaiting else { return .refuse }
        lines[name]?.waiting.append(guess)
        return .wait
    }

    /// The verification under way has ended: gives the next one in line, which has *not* been admitted yet.
    /// - Parameter name: folded.
    mutating func finish(_ name: String) -> Guess? {
        lines[name]?.isVerifying = false
        let next = lines[name]?.waiting.popFirst()
        if next == nil || lines[name]?.waiting.isEmpty == true { lines[name] = nil }
        return next
    }
}
