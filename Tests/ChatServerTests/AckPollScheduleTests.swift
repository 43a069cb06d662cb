import Testing

@testable import ChatServer

@Suite struct AckPollScheduleTests {
    /// Each connection is polled within about a second, however many are stuck, and no poll covers many.
    @Test(arguments: [1, 16, 17, 100, 300, 1000, 10_000])
    func everybodyHasItsTurnWithinASecond(watched: Int) {
        var schedule = AckPollSchedule()
        let count = AckPollSchedule.atOnce(watched: watched)
        #expect(count >= 1 && count <= max(16, watched / 50))
        for _ in 0..<2000 {
            let pauses = (watched + count - 1) / count
            #expect(Int64(pauses) * schedule.pause(watched: watched) <= 1100)
            schedule.recordPoll(of: count, hasMoved: false, watched: watched)
        }
    }

    /// Polls become rare while nothing moves, and frequent again as soon as something does.
    @Test func stillnessIsLookedAtSeldom() {
        var schedule = AckPollSchedule()
        #expect(schedule.pause(watched: 1) == 20)
        for _ in 0..<10 { schedule.recordPoll(of: 1, hasMoved: false, watched: 1) }
        #expect(schedule.pause(watched: 1) == 1000)
        let wasLate = schedule.recordAddition()
        #expect(wasLate)
        #expect(schedule.pause(watched: 2) == 20)
        let isLate = schedule.recordAddition()
        #expect(!isLate)
        for _ in 0..<3 { schedule.recordPoll(of: 1, hasMoved: false, watched: 1) }
        #expect(schedule.pause(watched: 1) == 160)
        schedule.recordPoll(of: 1, hasMoved: true, watched: 1)
        #expect(schedule.pause(watched: 1) == 20)
        // Polls of some connections without progress say nothing about the others.
        for _ in 0..<5 { schedule.recordPoll(of: 16, hasMoved: false, watched: 100) }
        #expect(schedule.pause(watched: 1) == 20)
    }
}
