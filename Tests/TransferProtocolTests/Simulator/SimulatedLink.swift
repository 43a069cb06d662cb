@testable import TransferProtocol

/// One direction of a path: what it does to a datagram. Times are virtual, chance is seeded.
struct LinkModel {
    /// Bits a second; nil for no bottleneck.
    var rate: Double?
    var delay = TransferDuration.milliseconds(10)
    var jitter = TransferDuration.zero
    /// Bytes that wait at the bottleneck at most.
    var queue = 256 * 1024
    /// Chances from 0 to 1.
    var loss = 0.0
    /// Losses come so many in a row.
    var burst = 1
    var duplicate = 0.0
    var corrupt = 0.0
    /// Sent early, past the queue.
    var reorder = 0.0
    var mtu = 65_535
    /// In every `on + off`, `off` of nothing.
    var blackhole: (on: TransferDuration, off: TransferDuration)?
}

/// The state of one direction.
struct SimulatedLink {
    let model: LinkModel
    var random: SplitMix
    private var freeAt = TransferInstant.zero
    private var lastDue = TransferInstant.zero
    private var burstLeft = 0
    private(set) var bytes: UInt64 = 0
    private(set) var dropped = 0

    init(_ model: LinkModel, seed: UInt64) {
        self.model = model
        random = SplitMix(seed: seed)
    }

    private mutating func chance(_ p: Double) -> Bool { p > 0 && Double.random(in: 0..<1, using: &random) < p }

    /// What arrives of `datagram`, and when.
    mutating func carry(_ datagram: [UInt8], at now: TransferInstant) -> [(TransferInstant, [UInt8])] {
        if datagram.count > model.mtu { return drop() }
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
        if let rate = model.rate {
            let waiting = (freeAt - now).inSeconds * rate / 8
            if Int(waiting) + datagram.count > model.queue { return drop() }
            leaves = max(freeAt, now) + .seconds(Double(datagram.count) * 8 / rate)
            freeAt = leaves
        }
        bytes += UInt64(datagram.count)
        var arrivals: [(TransferInstant, [UInt8])] = []
        for _ in 0..<(chance(model.duplicate) ? 2 : 1) {
            var copy = datagram
            if chance(model.corrupt) {
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
            arrivals.append((due, copy))
        }
        return arrivals
    }

    private mutating func drop() -> [(TransferInstant, [UInt8])] {
        dropped += 1
        return []
    }
}
