import Testing

@testable import ChatServer

@Suite struct AckPollScheduleTests {
    /// However many are stuck, a client that has got something is looked at within about a second, and no look is a long one.
    @Test(arguments: [1, 16, 17, 100, 300, 1000, 10_000])
    func everybodyHasItsTurnWithinASecond(watched: Int) {
        var looks = AckPollSchedule()
        let count = AckPollSchedule.atOnce(watched: watched)
        #expect(count >= 1 && count <= max(16, watched / 50))
        for _ in 0..<2000 {
            let pauses = (watched + count - 1) / count
            #expect(Int64(pauses) * looks.pause(watched: watched) <= 1100)
            looks.noteLook(at: count, hasMoved: false, watched: watched)
        }
    }

    /// Where nothing moves there are few looks; as soon as something does they are frequent again.
    @Test func stillnessIsLookedAtSeldom() {
        var looks = AckPollSchedule()
        #expect(looks.pause(watched: 1) == 20)
        for _ in 0..<10 { looks.noteLook(at: 1, hasMoved: false, watched: 1) }
        #expect(looks.pause(watched: 1) == 1000)
        let wasLate = looks.noteNew()
        #expect(wasLate)
        #expect(looks.pause(watched: 2) == 20)
        let isLate = looks.noteNew()
        #expect(!isLate)
        for _ in 0..<3 { looks.noteLook(at: 1, hasMoved: false, watched: 1) }
        #expect(looks.pause(watched: 1) == 160)
        looks.noteLook(at: 1, hasMoved: true, watched: 1)
        #expect(looks.pause(watched: 1) == 20)
        // A part of them that is still says nothing of the others.
        for _ in 0..<5 { looks.noteLook(at: 16, hasMoved: false, watched: 100) }
        #expect(looks.pause(watched: 1) == 20)
    }
}
