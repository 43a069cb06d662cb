import TestSupport
import Testing

@testable import TransferProtocol

/// Scripts of a sender on paths that carry some packets and not others.
@Suite struct PathFallbackTests {
    /// A sender whose data passes only in a form that `carries` allows; small packets pass unless `isDead`.
    private struct Script {
        var fallback = PathFallback()
        var mtu = PathMTU(TransferConfiguration())
        var now = TransferInstant(nanoseconds: 1_000_000_000)
        var hasAck = false
        var isDead = false
        var measures: [PathFallback.Measure] = []

        init(size: Int) {
            _ = mtu.fit(rate: 1e9)
            _ = mtu.acknowledged(size)
        }

        var form: PathFallback.Form {
            .init(datagramSize: mtu.current, isBatched: !fallback.sendsSingly, isMarked: !fallback.sendsUnmarked)
        }

        mutating func timeout() -> PathFallback.Action {
            now = now + .milliseconds(100)
            let action = fallback.timedOut(form, hasAck: hasAck, probeTimeout: .milliseconds(100), at: now)
            hasAck = action != .nothing && !isDead
            if case .apply(let measure) = action {
                measures.append(measure)
                if measure == .baseSize || measure == .smaller { _ = mtu.blackHole() }
            }
            return action
        }

        mutating func deliver(sentAt: TransferInstant? = nil) -> PathFallback.Finding? {
            let finding = fallback.delivered(sentAt: sentAt ?? now)
            if finding?.restoresSize == true { mtu.reopen() }
            return finding
        }

        /// Lets probe timeouts expire until data passes.
        mutating func run(_ carries: (PathFallback.Form) -> Bool) -> PathFallback.Finding? {
            for _ in 0..<30 {
                if carries(form) { return deliver() }
                _ = timeout()
            }
            return nil
        }
    }

    @Test func asLongAsDataPassesNothingIsChanged() {
        var script = Script(size: 1472)
        for _ in 0..<100 {
            #expect(script.timeout() == .nothing)
            #expect(script.timeout() == .ping)
            script.hasAck = true
            #expect(script.deliver() == nil)
        }
        #expect(script.measures.isEmpty && !script.fallback.isStalled)
    }

    @Test func aPathThatCarriesNothingAtAllIsOnlyWaitedFor() {
        var script = Script(size: 1472)
        script.isDead = true
        for _ in 0..<100 { _ = script.timeout() }
        #expect(script.measures.isEmpty && script.mtu.current == 1472)
        // The path recovers, and what was sent on it arrives: no change is needed.
        script.isDead = false
        #expect(script.deliver() == nil)
    }

    @Test func withSignsOfLifeOneThingAfterTheOtherIsChanged() {
        var script = Script(size: 1472)
        #expect(script.timeout() == .nothing)
        #expect(script.timeout() == .ping)
        #expect(script.timeout() == .apply(.baseSize))
        #expect(script.timeout() == .apply(.singly))
        // The ping after the change was lost, so the change is not judged yet.
        script.hasAck = false
        #expect(script.timeout() == .ping)
        #expect(script.timeout() == .apply(.unmarked))
        for size in [1000, 700, 512] {
            #expect(script.timeout() == .apply(.smaller))
            #expect(script.mtu.current == size)
        }
        // All changes are made: an occasional ping, so that the timeouts back off.
        let rest = (0..<16).map { _ in script.timeout() }
        #expect(rest.filter { $0 == .ping }.count == 4 && rest.filter { $0 == .nothing }.count == 12)
    }

    @Test func whatHelpedIsKeptAndTheRestTakenBack() {
        var script = Script(size: 1472)
        #expect(script.run { !$0.isMarked } == .init(helped: .unmarked, restoresSize: true))
        #expect(script.fallback.sendsUnmarked && !script.fallback.sendsSingly)
        #expect(script.mtu.nextProbe ?? 0 >= 1472)

        script = Script(size: 1472)
        #expect(script.run { !$0.isBatched } == .init(helped: .singly, restoresSize: true))
        #expect(script.fallback.sendsSingly && !script.fallback.sendsUnmarked)

        script = Script(size: 1472)
        #expect(script.run { $0.datagramSize <= 1300 } == .init(helped: .baseSize, restoresSize: false))
        #expect(script.mtu.current == 1200 && !script.fallback.sendsSingly && !script.fallback.sendsUnmarked)

        script = Script(size: 1200)
        #expect(script.run { $0.datagramSize <= 1072 } == .init(helped: .smaller, restoresSize: false))
        #expect(script.mtu.current == 1000 && !script.fallback.sendsSingly && !script.fallback.sendsUnmarked)
    }

    @Test func twoCausesAreFoundOneAfterTheOther() {
        var script = Script(size: 1472)
        let carries: (PathFallback.Form) -> Bool = { !$0.isBatched && !$0.isMarked && $0.datagramSize <= 600 }
        for _ in 0..<3 where !carries(script.form) { #expect(script.run(carries) != nil) }
        #expect(carries(script.form))
        #expect(script.fallback.sendsSingly && script.fallback.sendsUnmarked && script.mtu.current == 512)
    }

    /// What is left of a larger datagram passes in a batch that is short by chance. If the stall comes back with the larger size, which
    /// probes have found again, the batch is tried before the size: else the two would take turns for ever.
    @Test func aSizeThatHelpedByChanceIsDoubted() {
        var script = Script(size: 1472)
        #expect(script.run { !$0.isBatched || $0.datagramSize <= 1300 } == .init(helped: .baseSize, restoresSize: false))
        _ = script.mtu.acknowledged(1471)
        script.measures = []
        #expect(script.run { !$0.isBatched } == .init(helped: .singly, restoresSize: false))
        #expect(script.measures == [.singly] && script.mtu.current == 1471 && script.fallback.sendsSingly)

        // A path that has become narrower twice: the doubt costs one more timeout, and the batches stay.
        script = Script(size: 1472)
        for limit in [1300, 1250] {
            _ = script.mtu.acknowledged(limit + 10)
            #expect(script.run { $0.datagramSize <= limit }?.helped == .baseSize)
            #expect(!script.fallback.sendsSingly)
        }
    }

    @Test func whatWasSentBeforeAChangeProvesThatItWasNotNeeded() {
        var script = Script(size: 1472)
        let sent = script.now
        for _ in 0..<4 { _ = script.timeout() }
        #expect(script.measures == [.baseSize, .singly])
        #expect(script.deliver(sentAt: sent) == .init(helped: nil, restoresSize: true))
        #expect(!script.fallback.sendsSingly)
    }

    @Test func timeoutsFarApartAreNoStall() {
        var script = Script(size: 1472)
        for _ in 0..<100 {
            script.now = script.now + .seconds(Int64(6))
            script.hasAck = true
            #expect(script.timeout() == .nothing)
        }
    }
}
