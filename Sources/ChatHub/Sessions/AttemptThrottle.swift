/// Limits failed log-ins per address, whatever the names: a burst, and then a steady rate.
///
/// A guess at a password is charged when it begins and refunded if it succeeds, so concurrent guesses count as well. A resume token cannot
/// be guessed, so it is charged only if it fails: a whole network that lost its link may reconnect at once.
struct AttemptThrottle {
    private let burst: Double
    private let perMillisecond: Double
    /// The attempts charged to each address, and the uptime in milliseconds at which that number was right. It decays since then.
    private var addresses: [String: (tries: Double, at: Int64)] = [:]
    /// Refused attempts per address since the last call of ``popRefused()``.
    private var refused: [String: Int] = [:]
    private var nextSweep: Int64 = 0

    /// The burst is what blocks ten names. The steady rate is that at which one name can be tried, and at least one attempt in ten seconds.
    init(maximumAttempts: Int, blockSeconds: Int) {
        burst = Double(max(1, maximumAttempts) * 10)
        perMillisecond = max(Double(maximumAttempts) / Double(max(1, blockSeconds)), 0.1) / 1000
    }

    /// Charges an attempt to an address, or refuses it.
    /// - Parameters:
    ///   - address: nil for a connection that is not counted.
    ///   - isGuess: false checks the limit without a charge.
    /// - Returns: nil if the attempt is allowed, else the seconds until the next one is.
    mutating func charge(_ address: String?, at uptime: Int64, isGuess: Bool = true) -> Int? {
        guard let address else { return nil }
        let tries = tries(of: address, at: uptime)
        guard tries + 1 <= burst else {
            refused[address, default: 0] += 1
            return max(1, Int(((tries + 1 - burst) / perMillisecond / 1000).rounded(.up)))
        }
        if isGuess { addresses[address] = (tries + 1, uptime) }
        return nil
    }

    /// Charges an attempt that was admitted without a charge and has failed.
    mutating func count(_ address: String?, at uptime: Int64) {
        guard let address else { return }
        addresses[address] = (min(tries(of: address, at: uptime) + 1, burst), uptime)
    }

    /// Refunds an attempt that succeeded or was not judged.
    mutating func giveBack(_ address: String?) {
        guard let address, let entry = addresses[address] else { return }
        addresses[address] = entry.tries > 1 ? (entry.tries - 1, entry.at) : nil
    }

    /// Drops addresses without charged attempts, at most once a minute.
    /// - Returns: the number of refused attempts per address in that minute.
    mutating func sweep(at uptime: Int64) -> [(address: String, count: Int)] {
        guard uptime >= nextSweep else { return [] }
        nextSweep = uptime + 60_000
        addresses = addresses.filter { tries(of: $0.key, at: uptime) > 0 }
        return popRefused()
    }

    /// Removes and returns the number of refused attempts per address, so that the log has one line for all of them.
    mutating func popRefused() -> [(address: String, count: Int)] {
        defer { refused = [:] }
        return refused.sorted { $0.key < $1.key }.map { (address: $0.key, count: $0.value) }
    }

    var count: Int { addresses.count }

    private func tries(of address: String, at uptime: Int64) -> Double {
        guard let entry = addresses[address] else { return 0 }
        return max(0, entry.tries - Double(max(0, uptime - entry.at)) * perMillisecond)
    }
}
