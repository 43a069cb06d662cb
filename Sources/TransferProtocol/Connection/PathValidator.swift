/// Validates a new path to the peer, at another address of either side, before the connection migrates to it (RFC 9000 §8.2 and §9).
struct PathValidator {
    private struct Candidate {
        var path: NetworkPath
        var challenge: UInt64
        var attempts = 0
        var nextAt: TransferInstant
        /// Bytes that may still be sent on the path: three times those received, until it is validated.
        var allowance: Int
    }

    private static let maximumAttempts = 6
    private static let fullAttempts = 3
    private static let maximumResponses = 4

    private var candidate: Candidate?
    private var responses: [(path: NetworkPath, challenge: UInt64, size: Int)] = []

    /// Starts or continues to validate a path other than the current one, on which an authentic packet arrived.
    mutating func recordPacket(on path: NetworkPath, bytes: Int, challenge: @autoclosure () -> UInt64, at now: TransferInstant) {
        if candidate?.path == path {
            candidate?.allowance += 3 * bytes
            return
        }
        // One candidate at a time; a newer one replaces the older only after two challenges.
        if let candidate, candidate.attempts < 2 { return }
        candidate = Candidate(path: path, challenge: challenge(), nextAt: now, allowance: 3 * bytes)
    }

    /// Queues the response to a PATH_CHALLENGE.
    /// - Parameter bytes: the size of the challenge's datagram. The response has the same size: the return path must carry what this one
    ///   does, and a stranger who sends a copy gets no amplification.
    mutating func challenged(on path: NetworkPath, _ challenge: UInt64, bytes: Int) {
        if responses.count < Self.maximumResponses { responses.append((path, challenge, min(PathMTU.base, bytes))) }
    }

    /// - Returns: the validated path if the response matches the challenge.
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
        // Large at first, which proves that the path carries the minimum datagram size (RFC 9000 §8.2.1); a path that only carries less is
        // better than none.
        let size = min(current.attempts < Self.fullAttempts ? PathMTU.base : PathMTU.least, current.allowance)
        candidate?.attempts += 1
        candidate?.nextAt = now + probeTimeout
        guard size >= 64 else { return nil }
        candidate?.allowance -= size
        return .challenge(current.challenge, on: current.path, size: size)
    }

    /// Gives up a candidate that never answered.
    mutating func expire(at now: TransferInstant) {
        if let candidate, candidate.attempts >= Self.maximumAttempts, candidate.nextAt <= now { self.candidate = nil }
    }

    var nextTimeout: TransferInstant? { candidate?.nextAt }
}
