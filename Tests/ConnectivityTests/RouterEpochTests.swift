import Testing

@testable import Connectivity

@Suite struct RouterEpochTests {
    /// RFC 6887 §8.5.
    @Test(
        arguments: [
            (1000, 1000, 0, false), (1000, 1060, 60, false), (1000, 999, 0, false), (1000, 998, 0, true), (1000, 1, 60, true),
            // A clock that is a sixteenth too slow or too fast is one clock still.
            (1000, 1940, 1000, false), (1000, 1900, 1000, true), (1000, 2060, 1000, false), (1000, 2100, 1000, true),
            (UInt32.max, 0, 10, true), (0, UInt32.max, 10, true),
        ] as [(UInt32, UInt32, Int, Bool)])
    func aClockThatBeginsAnewIsSeen(first: UInt32, second: UInt32, later: Int, isNew: Bool) {
        var epoch = RouterEpoch()
        let answers = [(first, 5), (second, 5 + later), (second, 5 + later)].map { epoch.hasBegunAnew($0, at: .seconds($1)) }
        #expect(answers == [false, isNew, false])
    }
}
