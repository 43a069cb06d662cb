import TransferProtocol

/// The properties of one direction of a path. Times are virtual, randomness is seeded.
package struct LinkModel {
    /// Bits a second; nil for no bottleneck.
    package var rate: Double?
    /// The time from which it has another rate, and that rate, bits a second.
    package var change: (at: TransferInstant, rate: Double)?
    package var delay = TransferDuration.milliseconds(10)
    package var jitter = TransferDuration.zero
    /// The length of the queue at the bottleneck, bytes.
    package var queue = 256 * 1024
    /// The size of the bottleneck's token bucket (tc-tbf(8)), bytes; full at first.
    package var bucket = 0
    /// The probability of a loss, from 0 to 1.
    package var loss = 0.0
    /// Losses and damaged datagrams come in runs of this length.
    package var burst = 1
    package var duplicate = 0.0
    package var corrupt = 0.0
    /// The probability that a datagram is sent early, past the queue.
    package var reorder = 0.0
    package var mtu = 65_535
    /// With more bytes than this in the queue, ECN-capable datagrams are marked.
    package var markAbove: Int?
    /// Whether it clears the ECN bits, as some routers do.
    package var erasesECN = false
    /// Whether it drops datagrams with an ECN bit set.
    package var dropsCapable = false
    /// A rule that takes effect during the transfer.
    package var filter: Filter?
    /// A periodic outage: after every `on`, nothing passes for `off`.
    package var blackhole: (on: TransferDuration, off: TransferDuration)?

    package init(
        rate: Double? = nil, delay: TransferDuration = .milliseconds(10), queue: Int = 256 * 1024, loss: Double = 0, burst: Int = 1,
        corrupt: Double = 0, mtu: Int = 65_535
    ) {
        self.rate = rate
        self.delay = delay
        self.queue = queue
        self.loss = loss
        self.burst = burst
        self.corrupt = corrupt
        self.mtu = mtu
    }
}

/// A rule of a firewall or a queue that takes effect in the middle of a transfer.
package struct Filter {
    /// The time from which the rule applies.
    package var at: TransferInstant
    /// Datagrams of more bytes are dropped.
    package var maximum = Int.max
    /// Whether a batch that the kernel segments later counts as one datagram, as in a filter on the sending host.
    package var countsBatches = false
    /// Whether datagrams with an ECN bit set are dropped.
    package var dropsCapable = false

    package init(at: TransferInstant, maximum: Int = .max, countsBatches: Bool = false, dropsCapable: Bool = false) {
        self.at = at
        self.maximum = maximum
        self.countsBatches = countsBatches
        self.dropsCapable = dropsCapable
    }

    func drops(_ bytes: Int, of batch: Int, ecn: UInt8, at now: TransferInstant) -> Bool {
        now >= at && ((countsBatches ? max(batch, bytes) : bytes) > maximum || (dropsCapable && ecn != 0))
    }
}

/// The state of one direction.
package struct SimulatedLink {
    package let model: LinkModel
    var random: SplitMix
    private var freeAt = TransferInstant.zero
    private var lastDue = TransferInstant.zero
    private var burstLeft = 0
    private var damageLeft = 0
    package private(set) var bytes: UInt64 = 0
    package private(set) var dropped = 0
    package private(set) var marked = 0

    package init(_ model: LinkModel, seed: UInt64) {
        self.model = model
        random = SplitMix(seed: seed)
    }

    private mutating func chance(_ p: Double) -> Bool { p > 0 && Double.random(in: 0..<1, using: &random) < p }

    /// What arrives of `datagram`, and when.
    /// - Parameter batch: the size of the batch that the host passed to the kernel with it, bytes.
    package mutating func carry(
        _ datagram: [UInt8], of batch: Int = 0, ecn: UInt8, at now: TransferInstant
    ) -> [(TransferInstant, [UInt8], UInt8)] {
        if let filter = model.filter, filter.drops(datagram.count, of: batch, ecn: ecn, at: now) { return drop() }
        if datagram.count > model.mtu || (model.dropsCapable && ecn != 0) { return drop() }
        var ecn = model.erasesECN ? 0 : ecn
        if let (on, off) = model.blackhole, (now - .zero).nanoseconds % (on + off).nanoseconds >= on.nanoseconds { return drop() }
        if burstLeft > 0 {
            burstLeft -= 1
            return drop()
        }
        if chance(model.loss) {
            burstLeft = model.burst - 1
            return drop()
        }
        var leaves = now
        if var rate = model.rate {
            if let change = model.change, now >= change.at { rate = change.rate }
            // `freeAt` is when the bucket would be full again; up to its depth, a datagram passes at once.
            let depth = TransferDuration.seconds(Double(model.bucket) * 8 / rate)
            let waiting = (freeAt - now - depth).inSeconds * rate / 8
            if Int(waiting) + datagram.count > model.queue { return drop() }
            // RFC 3168: marks where a datagram that is not ECN-capable would soon be dropped.
            if let mark = model.markAbove, ecn == 1 || ecn == 2, Int(waiting) > mark {
                ecn = 3
                marked += 1
            }
            freeAt = max(freeAt, now) + .seconds(Double(datagram.count) * 8 / rate)
            leaves = now + max(freeAt - now - depth, .zero)
        }
        bytes += UInt64(datagram.count)
        var arrivals: [(TransferInstant, [UInt8], UInt8)] = []
        for _ in 0..<(chance(model.duplicate) ? 2 : 1) {
            var copy = datagram
            if damageLeft > 0 || chance(model.corrupt) {
                damageLeft = damageLeft > 0 ? damageLeft - 1 : model.burst - 1
                copy[Int.random(in: 0..<copy.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            }
            var due = leaves + model.delay
            if chance(model.reorder) {
                due = now + model.delay / 2
            } else {
                if model.jitter > .zero {
                    due = due + TransferDuration(nanoseconds: .random(in: 0..<model.jitter.nanoseconds, using: &random))
                }
                due = max(due, lastDue)
                lastDue = due
            }
            arrivals.append((due, copy, ecn))
        }
        return arrivals
    }

    private mutating func drop() -> [(TransferInstant, [UInt8], UInt8)] {
        dropped += 1
        return []
    }
}
