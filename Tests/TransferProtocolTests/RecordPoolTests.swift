import TestSupport
import Testing

@testable import TransferProtocol

@Suite(.longComputation) struct RecordPoolTests {
    @Test func oneAloneHasHalf() {
        let pool = RecordPool(limit: 2048)
        #expect(pool.reserve(upTo: 5000, holding: 0) == 1024)
        #expect(pool.reserve(upTo: 5000, holding: 1024) == 0)
    }

    /// Windows open, fill and close in any order: reservations exceed the pool only by one for each holder without any, nobody starves, and
    /// no more memory is allocated than was reserved.
    @Test(arguments: 0..<20 as Range<UInt64>) func reservationsAreBounded(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pool = RecordPool(limit: 256)
        var held = [Int](repeating: 0, count: Int.random(in: 1...40, using: &random))
        var slots = held.map { _ in [Int32]() }
        for _ in 0..<5000 {
            let index = Int.random(in: held.indices, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                held[index] += pool.reserve(upTo: 128 - held[index], holding: held[index])
                #expect(held[index] > 0, "seed \(seed)")
            case 1: if slots[index].count < held[index] { slots[index].append(pool.allocate()) }
            default:
                if let slot = slots[index].popLast() {
                    pool.free(slot)
                    pool.release(1)
                    held[index] -= 1
                }
            }
            #expect(pool.reserved == held.reduce(0, +), "seed \(seed)")
            #expect(pool.reserved <= 256 + held.count, "seed \(seed)")
        }
        #expect(Set(slots.joined()).count == slots.reduce(0) { $0 + $1.count }, "no slot has two owners, seed \(seed)")
        #expect(pool.slotsMade <= 256 + held.count + 16, "seed \(seed)")
    }
}
