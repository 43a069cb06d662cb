import ChatProtocol
import ChatStore
import TestSupport
import Testing

@testable import ChatHub

/// Which failures are counted by name, for how long, and which counts are evicted.
@Suite(.longComputation) struct LockOutTableTests {
    private static let day: Int64 = 86_400_000
    private static let start = EventTime(wall: Timestamp(milliseconds: 1_700_000_000_000), uptime: 1_000_000)

    private static func later(_ milliseconds: Int64) -> EventTime {
        EventTime(wall: start.wall.adding(milliseconds: milliseconds), uptime: start.uptime + milliseconds)
    }

    private static var concealed: HubConfiguration {
        var configuration = HubConfiguration()
        configuration.concealsUserNames = true
        return configuration
    }

    private func wrong(_ script: inout HubScript, _ id: SessionID, _ name: String = "yoda", password: String = "no") -> [String] {
        script.forget(id)
        script.send(id, .logIn(name: name, password: password, begins: true))
        return script.texts(id)
    }

    @Test func namesWithoutAccountMakeRoomForEachOtherAndForNobodyElse() {
        var table = LockOutTable(maximumAttempts: 3, blockSeconds: 10, forgetsAll: true)
        _ = table.recordFailure(of: "yoda", hasAccount: true, at: Self.start)
        for index in 0..<LockOutTable.capacity + 5 {
            _ = table.recordFailure(of: "name\(index)", hasAccount: false, at: Self.later(Int64(index)))
        }
        #expect(table.count == LockOutTable.capacity + 1)
        #expect(table.popEnded(3) == ["name0", "name1", "name2"], "the oldest, out of the store as well")
        #expect(table.popEnded(1000) == ["name3", "name4"] && table.popEnded(1000) == [])
        // A name that fails again becomes the newest.
        _ = table.recordFailure(of: "name5", hasAccount: false, at: Self.later(200_000))
        _ = table.recordFailure(of: "another", hasAccount: false, at: Self.later(200_001))
        #expect(table.popEnded(1000) == ["name6"])
        #expect(table.recordFailure(of: "yoda", hasAccount: true, at: Self.later(200_002)).row.failures == 2)
    }

    @Test func whatHasFailedAgainIsNotTakenOutOfTheStore() {
        var table = LockOutTable(maximumAttempts: 3, blockSeconds: 10)
        _ = table.recordFailure(of: "yoda", hasAccount: true, at: Self.start)
        table.recordSuccess(of: "yoda")
        _ = table.recordFailure(of: "yoda", hasAccount: true, at: Self.start)
        #expect(table.popEnded(1000) == [])
    }

    /// A store full of strangers' attempts locks nobody out.
    @Test func aFullTableIsRestoredAndLetsEverybodyIn() {
        var state = StoreState()
        state.lockOuts = (0..<LockOutTable.capacity + 1).map {
            StoreState.LockOut(
                name: "name\($0)", failures: 1, blockedUntil: nil, last: Self.start.wall.adding(milliseconds: Int64($0) - 200_000))
        }
        var script = HubScript(Self.concealed, state: state)
        let id = script.connect()
        script.send(id, .logIn(name: "yoda", password: "pw-yoda", begins: true))
        #expect(script.told[id]?.first == .loggedIn(name: "yoda"))
        let stranger = script.connect()
        #expect(wrong(&script, stranger, "nobody") == ["Invalid credentials. Try again."])
        script.handle(.tick)
        var ended: [String] = []
        for case .lockOutsEnded(let names) in script.records { ended += names }
        #expect(ended == ["name0", "name1"], "the two above the bound")
    }

    @Test func endedBlocksGoFromTheStore() {
        var script = HubScript()
        script.handle(.tick)
        let id = script.connect()
        for _ in 0..<3 { _ = wrong(&script, id) }
        script.advance(milliseconds: 60_000)
        script.handle(.tick)
        #expect(script.records.last == .lockOutsEnded(["yoda"]))
        // Blocks that ended while no server ran are removed as well.
        var state = StoreState()
        state.lockOuts = [
            StoreState.LockOut(
                name: "luke", failures: 0, blockedUntil: Self.start.wall.adding(milliseconds: -1),
                last: Self.start.wall.adding(milliseconds: -10_001))
        ]
        var next = HubScript(state: state)
        next.handle(.tick)
        #expect(next.records == [.lockOutsEnded(["luke"])])
    }

    /// The count of a name without an account, or of any name if names are concealed, lasts for a day; others last until the right
    /// password.
    @Test(arguments: [true, false]) func countsEndAfterADayWhereNamesAreConcealed(isConcealed: Bool) {
        var script = HubScript(isConcealed ? Self.concealed : HubConfiguration())
        script.handle(.tick)
        let id = script.connect()
        let names = isConcealed ? ["yoda", "nobody"] : ["yoda"]
        for name in names { for _ in 0..<2 { _ = wrong(&script, id, name) } }
        script.advance(milliseconds: Self.day + 1)
        for name in names { #expect(wrong(&script, id, name).count == (isConcealed ? 1 : 2), "\(name)") }
    }

    @Test func agesGoOnOverARestart() {
        for (age, answers) in [(Self.day + 1, 1), (Self.day - 1000, 2), (-Self.day, 2)] {
            var state = StoreState()
            state.lockOuts = [
                StoreState.LockOut(name: "yoda", failures: 2, blockedUntil: nil, last: Self.start.wall.adding(milliseconds: -age))
            ]
            var script = HubScript(Self.concealed, state: state)
            #expect(wrong(&script, script.connect()).count == answers, "\(age)")
        }
    }

    /// No password is that long: none is hashed, no name is counted, and the address pays.
    @Test func whatIsTooLongForAPasswordIsNoGuess() {
        let long = String(repeating: "x", count: Limits.passwordBytes + 1)
        var script = HubScript(Self.concealed)
        let id = script.connect(from: "192.0.2.1")
        for _ in 0..<30 { #expect(wrong(&script, id, password: long) == ["Invalid credentials. Try again."]) }
        #expect(script.lines.last == "User: yoda failed to log in: the password is longer than 512 bytes (from 192.0.2.1).")
        #expect(wrong(&script, id, password: long) == ["Too many failed log-ins from your address. Try again 4 seconds later."])
        #expect(script.verifications == 0 && script.kept.isEmpty)
        let yoda = script.connect()
        script.send(yoda, .logIn(name: "yoda", password: "pw-yoda", begins: true))
        #expect(script.told[yoda]?.first == .loggedIn(name: "yoda"))
    }

    @Test func whatCannotBeANameIsNotCounted() {
        var script = HubScript(Self.concealed)
        let id = script.connect()
        for _ in 0..<5 {
            #expect(wrong(&script, id, String(repeating: "x", count: 4000)) == ["Invalid credentials. Try again."])
        }
        #expect(script.verifications == 0 && script.kept.isEmpty)
    }
}
