/// Counts the messages that each member of a group receives from each other one, and finds those that are lost, repeated or out of order.
struct Deliveries {
    private let groupSize: Int
    /// For each receiver and each sender of its group: one more than the highest number received, and a bit mask of the last 32 (the lowest
    /// bit is the highest number).
    private var seen: [(next: UInt32, recent: UInt32)]
    private(set) var distinct = 0
    private(set) var repeated = 0
    private(set) var reordered = 0

    init(_ load: Load) {
        groupSize = load.groupSize
        seen = Array(repeating: (0, 0), count: load.kind == .idle ? 0 : load.clients * load.groupSize)
    }

    /// Records that a message has arrived.
    /// - Returns: false for a message that has arrived before.
    mutating func record(_ number: UInt32, from sender: Int, to receiver: Int) -> Bool {
        let place = receiver * groupSize + sender % groupSize
        let (next, recent) = seen[place]
        if number >= next {
            let step = number + 1 - next
            seen[place] = (number + 1, step >= 32 ? 1 : recent << step | 1)
        } else {
            let behind = next - 1 - number
            guard behind < 32, recent >> behind & 1 == 0 else {
                repeated += 1
                return false
            }
            seen[place].recent |= 1 << behind
            reordered += 1
        }
        distinct += 1
        return true
    }
}
