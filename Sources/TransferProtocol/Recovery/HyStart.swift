/// HyStart++ (RFC 9406): leaves slow start when the round-trip time rises, before the queue overflows.
struct HyStart {
    enum Phase { case slowStart, conservative, done }
    private(set) var phase = Phase.slowStart

    // RFC 9406 §4.3
    private static let minimumThreshold = TransferDuration.milliseconds(4)
    private static let maximumThreshold = TransferDuration.milliseconds(16)
    private static let samples = 8
    private static let conservativeDivisor = 4
    private static let conservativeRounds = 5

    private var roundEnd: UInt64 = 0
    private var lastRoundMinimum: TransferDuration?
    private var roundMinimum: TransferDuration?
    private var baseline: TransferDuration?
    private var sampleCount = 0
    private var rounds = 0

    /// The growth of the window, bytes, for `bytes` acknowledged.
    func growth(_ bytes: Int) -> Int { phase == .conservative ? bytes / Self.conservativeDivisor : bytes }

    /// - Parameters:
    /// - nextPacket: the number of the next packet to be sent.
    mutating func acknowledged(largest: UInt64, nextPacket: UInt64, rtt: TransferDuration?) {
        guard phase != .done else { return }
        if let rtt {
            roundMinimum = min(roundMinimum ?? rtt, rtt)
            sampleCount += 1
        }
        if sampleCount >= Self.samples, let current = roundMinimum, let last = lastRoundMinimum {
            if phase == .slowStart {
                let threshold = max(Self.minimumThreshold, min(last / 8, Self.maximumThreshold))
                if current >= last + threshold {
                    baseline = current
                    phase = .conservative
                    rounds = 0
                }
            } else if let baseline, current < baseline {
                // The rise was transient.
                self.baseline = nil
                phase = .slowStart
            }
        }
        if largest >= roundEnd {
            roundEnd = nextPacket
            lastRoundMinimum = roundMinimum
            roundMinimum = nil
            sampleCount = 0
            if phase == .conservative {
                rounds += 1
                if rounds >= Self.conservativeRounds { phase = .done }
            }
        }
    }

    mutating func finish() { phase = .done }
}
