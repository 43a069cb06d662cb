/// What each member of each group has got of each other member: whether anything is lost, comes twice or out of its order.
struct Deliveries {
    private let groupSize: Int
    /// For each receiver and each sender of its group: the number behind the highest that came, and which of the last 32 came (the lowest bit: the last).
    private var seen: [(next: UInt32, recent: UInt32)]
    private(set) var distinct = 0
    private(set) var repeated = 0
    private(set) var reordered = 0

    init(_ load: Load) {
        groupSize = load.groupSize
        seen = Array(repeating: (0, 0), count: load.kind == .idle ? 0 : load.clients * load.groupSize)
    }

    /// - Returns: false for one that came before.
    mutating func note(_ number: UInt32, from sender: Int, to receiver: Int) -> Bool {
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
