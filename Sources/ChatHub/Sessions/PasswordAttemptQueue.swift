import ChatProtocol
import DequeModule

/// The queue of passwords to verify. Of each name, one is verified at a time and the others wait in line. So one blocking period judges no
/// more than the allowed number (see ``LockOutTable``), however many connections guess at once.
struct PasswordAttemptQueue {
    struct Attempt {
        let session: SessionID
        /// See ``Session/open(label:)``.
        let sequence: Int
        /// As typed.
        let name: String
        /// The name for the log, if no account has `name`.
        let shown: String
        let begins: Bool
        /// Whether the proof is a token. It cannot be guessed, so it is charged only if it fails.
        let isToken: Bool
        /// The address of the client, for the log.
        let address: String
        /// The key for ``AttemptThrottle``; nil for a connection that is not counted.
        let network: String?
        /// The requested change, if the password is the old one of a logged-in session.
        var change: PasswordChange?
    }

    /// The new password of a session, and the request for it.
    struct PasswordChange {
        let request: Request
        let new: String
    }

    /// An attempt with its proof. The proof is released as soon as its verification begins.
    struct Guess {
        let attempt: Attempt
        let proof: Proof
    }

    enum Admission: Equatable { case verify, wait, refuse }

    /// Attempts that may wait for one name.
    static let maximumWaiting = 64

    private struct Line {
        var isVerifying = true
        var waiting: Deque<Guess> = []
    }

    /// By folded name; only names with an attempt under way or waiting.
    private var lines: [String: Line] = [:]

    /// Admits an attempt to its verification now (`verify`), queues it (`wait`), or refuses it because too many wait.
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

    /// Ends a verification and returns the next attempt in line, which has *not* been admitted yet.
    /// - Parameter name: folded.
    mutating func finish(_ name: String) -> Guess? {
        lines[name]?.isVerifying = false
        let next = lines[name]?.waiting.popFirst()
        if next == nil || lines[name]?.waiting.isEmpty == true { lines[name] = nil }
        return next
    }
}
