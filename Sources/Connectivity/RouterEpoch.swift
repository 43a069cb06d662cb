/// A router's clock, which begins anew when the router forgets its mappings (RFC 6887 §8.5, RFC 6886 §3.6). From it a client learns that it
/// has to ask again.
struct RouterEpoch: Sendable {
    private var last: (seconds: Int64, at: Duration)?

    /// Takes the seconds that an answer states.
    /// - Returns: whether the router has forgotten its mappings since the answer before.
    mutating func hasBegunAnew(_ seconds: UInt32, at now: Duration) -> Bool {
        let seconds = Int64(seconds)
        defer { last = (seconds, now) }
        guard let last else { return false }
        // Answers may overtake each other by a second.
        if seconds + 1 < last.seconds { return true }
        let own = (now - last.at).components.seconds
        let theirs = seconds - last.seconds
        // Two clocks differ by a sixteenth and two seconds at most.
        return own + 2 < theirs - theirs / 16 || theirs + 2 < own - own / 16
    }
}
