import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

/// A path that comes to drop some kinds of packets in the middle of a transfer: keep-alives pass and data does not. Either a form of the
/// data is found that passes, or the transfer ends with the right error; a transfer that is idle for another reason continues.
@Suite(.longComputation) struct StalledPathTests {
    typealias Control = TransferConfiguration.CongestionControl

    private static let start = TransferInstant(nanoseconds: 1_000_000_000)
    /// When the path changes.
    private static let change = start + .seconds(Int64(2))
    /// The UDP payload of an IPv4 packet of this many bytes.
    private static func payload(_ packet: Int) -> Int { packet - 28 }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var filter: Filter
        /// Whether the return path has the same rule.
        var isBothWays = false
        var holds: @Sendable (TransferConnection) -> Bool
        var testDescription: String { name }
    }

    private static let cases: [Case] = [
        Case(name: "no batch over 1500", filter: Filter(at: change, maximum: payload(1500), countsBatches: true)) {
            $0.path.fallback.sendsSingly && !$0.path.fallback.sendsUnmarked
        },
        Case(name: "nothing over 1300", filter: Filter(at: change, maximum: payload(1300)), isBothWays: true) {
            $0.path.datagramSize > 1000 && $0.path.datagramSize <= payload(1300) && !$0.path.fallback.sendsSingly
        },
        Case(name: "nothing over 1100", filter: Filter(at: change, maximum: payload(1100))) {
            $0.path.datagramSize == 1000 && !$0.path.fallback.sendsSingly
        },
        Case(name: "nothing over 1100 both ways", filter: Filter(at: change, maximum: payload(1100)), isBothWays: true) {
            $0.path.datagramSize <= 1000
        },
        Case(name: "no batch over 1100", filter: Filter(at: change, maximum: payload(1100), countsBatches: true)) {
            $0.path.datagramSize <= 1000 && $0.path.fallback.sendsSingly
        },
        Case(name: "nothing over 576", filter: Filter(at: change, maximum: payload(576)), isBothWays: true) { $0.path.datagramSize == 512 },
        Case(name: "nothing marked", filter: Filter(at: change, dropsCapable: true)) {
            $0.path.fallback.sendsUnmarked && !$0.path.fallback.sendsSingly && $0.path.datagramSize == 1472
        },
        Case(
            name: "nothing marked, no batch over 1500",
            filter: Filter(at: change, maximum: payload(1500), countsBatches: true, dropsCapable: true),
            holds: { $0.path.fallback.sendsUnmarked && $0.path.fallback.sendsSingly }),
    ]

    @Test(arguments: cases, [0, 0.01]) func whatPassesIsFound(path: Case, loss: Double) throws {
        for control in Control.allCases {
            var configuration = TransferConfiguration()
            configuration.congestionControl = control
            var model = LinkModel(rate: 10e6, loss: loss)
            let back = path.isBothWays ? path.filter : nil
            model.filter = path.filter
            var backModel = LinkModel(rate: 10e6, loss: loss)
            backModel.filter = back
            let simulation = try Simulation(seed: 31, forward: model, back: backModel, configuration: configuration)
            let file = Simulation.file(size: 8_000_000, seed: 31)
            let connection = try simulation.send([file])
            let begun = simulation.now
            #expect(simulation.run(for: .seconds(Int64(40))) { simulation.sender.delivered == [0] }, "\(control) \(connection.statistics)")
            // 6.6 s without the change, and longer for smaller datagrams: with losses CUBIC's rate is proportional to their size.
            let took = (simulation.now - begun).inSeconds
            #expect(took < (loss > 0 ? 30 : 14), "\(control): \(took) s")
            #expect(path.holds(connection), "\(control): \(connection.path.datagramSize) \(connection.path.fallback)")
            #expect(simulation.receiver.received[0] == file.bytes)
            #expect(simulation.runToEnd(within: .seconds(Int64(10))))
            #expect(simulation.sender.outcome == .complete && simulation.receiver.outcome == .complete)
            #expect(simulation.longestStall < 50)
        }
    }

    /// The losses before the change are no congestion: the rate soon recovers.
    @Test(arguments: Control.allCases) func theRateComesBack(control: Control) throws {
        var configuration = TransferConfiguration()
        configuration.congestionControl = control
        var model = LinkModel(rate: 50e6, delay: .milliseconds(40), queue: 500_000)
        model.filter = Filter(at: Self.change, dropsCapable: true)
        let simulation = try Simulation(seed: 32, forward: model, configuration: configuration)
        let connection = try simulation.send([Simulation.file(size: 60_000_000, seed: 32)])
        simulation.run(for: .seconds(Int64(5))) { false }
        let before = connection.statistics.bytesDone
        simulation.run(for: .seconds(Int64(2))) { false }
        let share = Double(connection.statistics.bytesDone - before) * 8 / 2 / 50e6
        #expect(share > 0.75, "\(control): \(share)")
    }

    /// Paths with an outage, which otherwise carry everything: the form of the data stays.
    @Test(arguments: Control.allCases) func aBreakCostsNoForm(control: Control) throws {
        var configuration = TransferConfiguration()
        configuration.congestionControl = control
        var model = LinkModel(rate: 10e6)
        model.blackhole = (on: .seconds(Int64(4)), off: .seconds(Int64(6)))
        let simulation = try Simulation(seed: 33, forward: model, configuration: configuration)
        let connection = try simulation.send([Simulation.file(size: 8_000_000, seed: 33)])
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.sender.outcome == .complete)
        #expect(!connection.path.fallback.sendsSingly && !connection.path.fallback.sendsUnmarked && connection.path.datagramSize == 1472)
    }

    private func short(_ control: Control = .bbr) -> TransferConfiguration {
        var configuration = TransferConfiguration()
        configuration.congestionControl = control
        configuration.idleTimeout = .seconds(Int64(20))
        return configuration
    }

    @Test(arguments: Control.allCases, [0, 0.01]) func whereOnlySignsOfLifePassBothSidesEnd(control: Control, loss: Double) throws {
        for isBothWays in [false, true] {
            var model = LinkModel(rate: 10e6, loss: loss)
            model.filter = Filter(at: Self.change, maximum: 200)
            let back = isBothWays ? model : LinkModel(rate: 10e6, loss: loss)
            let simulation = try Simulation(seed: 34, forward: model, back: back, configuration: short(control))
            try simulation.send([Simulation.file(size: 8_000_000, seed: 34)])
            #expect(simulation.runToEnd(within: .seconds(Int64(30))))
            #expect(simulation.sender.outcome == .failed(.stalled))
            #expect(simulation.receiver.outcome == .failed(.closedByPeer(.stalled, "")))
            let took = (simulation.now - Self.change).inSeconds
            #expect(took > 19.5 && took < 22, "\(took) s")
            #expect(simulation.receiver.received[0]?.isEmpty == false)
        }
    }

    /// If not even keep-alives pass, the outcome is a timeout and not a stall.
    @Test(arguments: Control.allCases) func aDeadPathIsSilence(control: Control) throws {
        var model = LinkModel(rate: 10e6)
        model.filter = Filter(at: Self.change, maximum: 0)
        let simulation = try Simulation(seed: 35, forward: model, back: model, configuration: short(control))
        try simulation.send([Simulation.file(size: 8_000_000, seed: 35)])
        #expect(simulation.runToEnd(within: .seconds(Int64(50))))
        #expect(simulation.sender.outcome == .failed(.timedOut) && simulation.receiver.outcome == .failed(.timedOut))
    }

    // Reasons for idleness that are no stall

    private func goesOn(_ simulation: Simulation, after silence: Int64, _ location: SourceLocation = #_sourceLocation) {
        #expect(!simulation.runToEnd(within: .seconds(silence)), sourceLocation: location)
        #expect(simulation.sender.outcome == nil && simulation.receiver.outcome == nil, sourceLocation: location)
        #expect(simulation.runToEnd(within: .seconds(Int64(60))), sourceLocation: location)
        #expect(simulation.sender.outcome == .complete && simulation.receiver.outcome == .complete, sourceLocation: location)
        #expect(simulation.longestStall < 50, sourceLocation: location)
    }

    @Test(arguments: [0, 0.01]) func aPausedReceiverIsWaitedFor(loss: Double) throws {
        let simulation = try Simulation(seed: 36, forward: LinkModel(rate: 100e6, loss: loss), configuration: short())
        simulation.receiver.diskBlockedUntil = simulation.now + .seconds(Int64(90))
        try simulation.send([Simulation.file(size: 30_000_000, seed: 36)])
        goesOn(simulation, after: 89)
    }

    @Test(arguments: [0, 0.01]) func aStreamWithoutBytesIsWaitedFor(loss: Double) throws {
        let simulation = try Simulation(seed: 37, forward: LinkModel(rate: 10e6, loss: loss), configuration: short())
        simulation.sender.sourceSilentUntil = simulation.now + .seconds(Int64(90))
        var file = Simulation.file("-", size: 300_000, seed: 37)
        file.offer.size = nil
        try simulation.send([file])
        goesOn(simulation, after: 89)
        #expect(simulation.receiver.received[0] == file.bytes)
    }

    @Test(arguments: [0, 0.01]) func aQuestionThatIsNotAnsweredAndAFileThatIsNotSafeAreWaitedFor(loss: Double) throws {
        let simulation = try Simulation(seed: 38, forward: LinkModel(rate: 10e6, loss: loss), configuration: short())
        simulation.receiver.hashingTime = { _ in .seconds(Int64(50)) }
        simulation.receiver.placingTime = .seconds(Int64(50))
        try simulation.send([Simulation.file(size: 300_000, seed: 38)])
        goesOn(simulation, after: 99)
    }

    /// Rate limits from a byte a second, at which a datagram takes 20 minutes, to one at which it takes about as long as the timeout.
    @Test(arguments: [1.0, 55, 60, 65, 130], Control.allCases) func aLimitIsWaitedFor(rate: Double, control: Control) throws {
        for loss in [0, 0.05] {
            var configuration = short(control)
            configuration.rateLimit = rate
            let simulation = try Simulation(seed: 39, forward: LinkModel(rate: 10e6, loss: loss), configuration: configuration)
            let connection = try simulation.send([Simulation.file(size: 4_000_000, seed: 39)])
            #expect(!simulation.runToEnd(within: .seconds(Int64(rate < 10 ? 20_000 : 1_500))))
            let outcomes = [simulation.sender.outcome, simulation.receiver.outcome]
            #expect(outcomes == [nil, nil])
            #expect(connection.statistics.packetsSent > 8)
        }
    }

    /// A stream that trickles: it has some bytes just before the timeout, again and again.
    @Test func aSlowDripIsNoStall() throws {
        let simulation = try Simulation(seed: 40, forward: LinkModel(rate: 10e6), configuration: short())
        var file = Simulation.file("-", size: 100_000, seed: 40)
        file.offer.size = nil
        try simulation.send([file])
        for _ in 0..<6 {
            simulation.sender.sourceSilentUntil = simulation.now + .milliseconds(19_990)
            simulation.sender.bytesUntilSilence = 16_000
            #expect(!simulation.runToEnd(within: .milliseconds(20_000)))
        }
        simulation.sender.bytesUntilSilence = .max
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.sender.outcome == .complete && simulation.receiver.received[0] == file.bytes)
    }
}
