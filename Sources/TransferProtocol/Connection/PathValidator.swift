/// Follows a peer to another path, at another address of its or of ours, once it has proven to be there (RFC 9000 §8.2 and §9).
struct PathValidator {
    private struct Candidate {
        var path: NetworkPath
        var challenge: UInt64
        var attempts = 0
        var nextAt: TransferInstant
        /// Bytes received from there: at most three times as much goes back before it is proven.
        var allowance: Int
    }

    private static let maximumAttempts = 6
    private static let fullAttempts = 3
    private static let maximumResponses = 4

    private var candidate: Candidate?
    private var responses: [(path: NetworkPath, challenge: UInt64, size: Int)] = []

    /// Something that was really the peer's came on a path that is not the current one.
    mutating func heard(on path: NetworkPath, bytes: Int, challenge: @autoclosure () -> UInt64, at now: TransferInstant) {
        if candidate?.path == path {
            candidate?.allowance += 3 * bytes
            return
        }
        // One at a time; a newer path takes over only when the older had its chance.
        if let candidate, candidate.attempts < 2 { return }
        candidate = Candidate(path: path, challenge: challenge(), nextAt: now, allowance: 3 * bytes)
    }

    /// The peer wants to see that we are reached at the address it wrote to.
    /// - Parameter bytes: of its datagram. As many go back: the way back is to carry what the way here does, and a stranger that sends a copy
    ///   gets no more than it sent.
    mutating func challenged(on path: NetworkPath, _ challenge: UInt64, bytes: Int) {
        if responses.count < Self.maximumResponses { responses.append((path, challenge, min(PathMTU.base, bytes))) }
    }

    /// - Returns: the new path to the peer, if this proves it.
    mutating func answered(on path: NetworkPath, _ response: UInt64) -> NetworkPath? {
        guard let candidate, candidate.path == path, candidate.challenge == response else { return nil }
        self.candidate = nil
        return path
    }

    enum Outgoing {
        case challenge(UInt64, on: NetworkPath, size: Int)
        case response(UInt64, on: NetworkPath, size: Int)
    }

    mutating func next(probeTimeout: TransferDuration, at now: TransferInstant) -> Outgoing? {
        if let last = responses.popLast() { return .response(last.challenge, on: last.path, size: last.size) }
        guard let current = candidate, current.nextAt <= now else { return nil }
        if current.attempts >= Self.maximumAttempts {
            candidate = nil
            return nil
        }
        // Large at first, which proves that the path carries what a path has to (RFC 9000 §8.2.1); one that does not is better than none.
        let size = min(current.attempts < Self.fullAttempts ? PathMTU.base : PathMTU.least, current.allowance)
        candidate?.attempts += 1
        candidate?.nextAt = now + probeTimeout
        guard size >= 64 else { return nil }
        candidate?.allowance -= size
        return .challenge(current.challenge, on: current.path, size: size)
    }

    /// Gives up a path that never answered.
    mutating func expire(at now: TransferInstant) {
        if let candidate, candidate.attempts >= Self.maximumAttempts, candidate.nextAt <= now { self.candidate = nil }
    }

    var nextTimeout: TransferInstant? { candidate?.nextAt }
}
