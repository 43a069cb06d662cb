/// How often an address may fail to log in, whatever the names: so many at once, and then so many a second.
///
/// A guess is taken when it begins and given back when it succeeds, so guesses that are under way at the same time count as well. A resume token, which nobody
/// can guess, counts only when it fails: a whole network that lost its link comes back at once.
struct AttemptThrottle {
    private let burst: Double
    private let perMillisecond: Double
    /// Tries that count, and when they were last reckoned, uptime in milliseconds.
    private var addresses: [String: (tries: Double, at: Int64)] = [:]
    /// Tries that there was none left for, since they were last asked for.
    private var refused: [String: Int] = [:]
    private var nextSweep: Int64 = 0

    /// As many as block ten names, and then as often as one name could be tried; once in ten seconds at least.
    init(maximumAttempts: Int, blockSeconds: Int) {
        burst = Double(max(1, maximumAttempts) * 10)
        perMillisecond = max(Double(maximumAttempts) / Double(max(1, blockSeconds)), 0.1) / 1000
    }

    /// Takes a try.
    /// - Parameters:
    ///   - address: nil for what is not counted.
    ///   - isGuess: otherwise it is only looked whether there is one left.
    /// - Returns: nil where there was one left, else after how many seconds there will be.
    mutating func take(_ address: String?, at uptime: Int64, isGuess: Bool = true) -> Int? {
        guard let address else { return nil }
        let tries = tries(of: address, at: uptime)
        guard tries + 1 <= burst else {
            refused[address, default: 0] += 1
            return max(1, Int(((tries + 1 - burst) / perMillisecond / 1000).rounded(.up)))
        }
        if isGuess { addresses[address] = (tries + 1, uptime) }
        return nil
    }

    /// Counts a try that took none when it began, and failed.
    mutating func count(_ address: String?, at uptime: Int64) {
        guard let address else { return }
        addresses[address] = (min(tries(of: address, at: uptime) + 1, burst), uptime)
    }

    /// That try was none: it succeeded, or was not judged.
    mutating func giveBack(_ address: String?) {
        guard let address, let entry = addresses[address] else { return }
        addresses[address] = entry.tries > 1 ? (entry.tries - 1, entry.at) : nil
    }

    /// Forgets, once a minute, those whose tries are over.
    /// - Returns: how many tries of each address were refused in that minute.
    mutating func sweep(at uptime: Int64) -> [(address: String, count: Int)] {
        guard uptime >= nextSweep else { return [] }
        nextSweep = uptime + 60_000
        addresses = addresses.filter { tries(of: $0.key, at: uptime) > 0 }
        return takeRefused()
    }

    /// How many tries of each address were refused since this was last asked for, so that each need not be told of.
    mutating func takeRefused() -> [(address: String, count: Int)] {
        defer { refused = [:] }
        return refused.sorted { $0.key < $1.key }.map { (address: $0.key, count: $0.value) }
    }

    var count: Int { addresses.count }

    private func tries(of address: String, at uptime: Int64) -> Double {
        guard let entry = addresses[address] else { return 0 }
        return max(0, entry.tries - Double(max(0, uptime - entry.at)) * perMillisecond)
    }
}
