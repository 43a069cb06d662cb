import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

/// Whole transfers over bad paths: each arrives byte-exact, or ends with the right error. A failing seed can be run alone.
@Suite(.longComputation) struct TransferSimulationTests {
    /// Sends one file and expects it to arrive within so many virtual seconds.
    private func transfer(
        _ simulation: Simulation, size: Int, seed: UInt64, within seconds: Int64, _ location: SourceLocation = #_sourceLocation
    ) throws {
        let file = Simulation.file(size: size, seed: seed)
        let connection = try simulation.send([file])
        let ended = simulation.runToEnd(within: .seconds(seconds))
        #expect(ended, "seed \(seed): not over after \(seconds) s: \(connection.statistics)", sourceLocation: location)
        #expect(simulation.sender.outcome == .complete, "seed \(seed)", sourceLocation: location)
        #expect(simulation.receiver.outcome == .complete, "seed \(seed)", sourceLocation: location)
        #expect(simulation.receiver.received[0] == file.bytes, "seed \(seed)", sourceLocation: location)
        #expect(simulation.longestStall < 50, "seed \(seed)", sourceLocation: location)
        #expect(simulation.sender.delivered == [0] && simulation.receiver.placed == [0], "seed \(seed)", sourceLocation: location)
    }

    @Test func aCleanPathIsFilled() throws {
        for control in TransferConfiguration.CongestionControl.allCases {
            var configuration = TransferConfiguration()
            configuration.congestionControl = control
            let simulation = try Simulation(seed: 1, forward: LinkModel(rate: 100e6), configuration: configuration)
            let start = simulation.now
            try transfer(simulation, size: 4_000_000, seed: 1, within: 60)
            #expect((simulation.now - start).inSeconds < 0.8, "\(control)")
        }
    }

    @Test(arguments: 0..<24 as Range<UInt64>) func anyLossIsRepaired(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var model = LinkModel(rate: 50e6, delay: .milliseconds(Int64.random(in: 1...60, using: &random)))
        model.loss = [0.001, 0.01, 0.05, 0.1, 0.2, 0.3][Int(seed % 6)]
        var configuration = TransferConfiguration()
        configuration.congestionControl = seed % 4 < 2 ? .bbr : .cubic
        try transfer(try Simulation(seed: seed, forward: model, configuration: configuration), size: 300_000, seed: seed, within: 600)
    }

    @Test(arguments: 0..<10 as Range<UInt64>) func handshakeAndDataSurviveBurstsOfThree(seed: UInt64) throws {
        // In the worst case of the interoperability runner, 30 % of datagrams begin a burst; here 30 % are lost.
        let model = LinkModel(rate: 20e6, loss: 0.125, burst: 3)
        try transfer(try Simulation(seed: seed, forward: model), size: 100_000, seed: seed, within: 900)
    }

    @Test(arguments: 0..<16 as Range<UInt64>) func anyCorruptionIsRepaired(seed: UInt64) throws {
        let model = LinkModel(rate: 50e6, corrupt: [0.001, 0.02, 0.1, 0.3][Int(seed % 4)])
        let simulation = try Simulation(seed: seed, forward: model)
        try transfer(simulation, size: 400_000, seed: seed, within: 600)
    }

    @Test(arguments: 0..<16 as Range<UInt64>) func reorderingDuplicationAndJitterAreHarmless(seed: UInt64) throws {
        var model = LinkModel(rate: 50e6)
        model.reorder = [0.01, 0.2][Int(seed % 2)]
        model.duplicate = [0.01, 0.2][Int(seed / 2 % 2)]
        model.jitter = .milliseconds(5)
        try transfer(try Simulation(seed: seed, forward: model), size: 400_000, seed: seed, within: 120)
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func everythingAtOnce(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        func some(_ most: Double) -> Double { .random(in: 0..<most, using: &random) }
        var model = LinkModel(rate: .random(in: 2e6..<100e6, using: &random), delay: .seconds(some(0.1)))
        model.loss = some(0.15)
        model.burst = .random(in: 1...3, using: &random)
        model.corrupt = some(0.1)
        model.duplicate = some(0.1)
        model.reorder = some(0.1)
        model.queue = .random(in: 8_000..<300_000, using: &random)
        model.mtu = [65_535, 1452, 1300, 1200][Int.random(in: 0..<4, using: &random)]
        let simulation = try Simulation(seed: seed, forward: model)
        if seed % 3 == 0 { simulation.rebindEvery = .seconds(some(4) + 1) }
        try transfer(simulation, size: 200_000, seed: seed, within: 1200)
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func blackholesAreOutlived(seed: UInt64) throws {
        var model = LinkModel(rate: 2e6)
        model.blackhole = (on: .seconds(Int64(5)), off: .seconds(Int64(2)))
        try transfer(try Simulation(seed: seed, forward: model), size: 3_000_000, seed: seed, within: 300)
    }

    @Test(arguments: 0..<6 as Range<UInt64>) func aPeerWhoseAddressChangesIsFollowed(seed: UInt64) throws {
        let simulation = try Simulation(seed: seed, forward: LinkModel(rate: 4e6, loss: seed % 2 == 0 ? 0 : 0.02))
        simulation.rebindEvery = .seconds(Int64(1))
        simulation.rebindsHost = seed >= 3
        let before = simulation.sender.address
        try transfer(simulation, size: 2_000_000, seed: seed, within: 120)
        #expect(simulation.sender.address != before)
    }

    @Test func aLongRoundTripIsNoObstacle() throws {
        try transfer(
            try Simulation(seed: 5, forward: LinkModel(rate: 10e6, delay: .milliseconds(375))), size: 1_000_000, seed: 5, within: 120)
    }

    @Test(arguments: [1200, 1280, 1350, 1452]) func smallDatagramsOnlyStillPass(mtu: Int) throws {
        try transfer(try Simulation(seed: 8, forward: LinkModel(rate: 50e6, mtu: mtu)), size: 500_000, seed: 8, within: 60)
    }

    @Test func aSlowReceiverSlowsTheSenderAndBoundsMemory() throws {
        var configuration = TransferConfiguration()
        configuration.windowRecords = 16
        let simulation = try Simulation(seed: 3, forward: LinkModel(rate: 1e9, delay: .milliseconds(1)), configuration: configuration)
        simulation.receiver.secondsPerByte = 1 / 1e6
        let start = simulation.now
        try transfer(simulation, size: 3_000_000, seed: 3, within: 60)
        // The disk takes 1 MB a second: the transfer is no faster, and not much slower.
        let took = (simulation.now - start).inSeconds
        #expect(took > 2.9 && took < 4.5)
    }

    @Test func aFullDiskPausesAndGoesOn() throws {
        let simulation = try Simulation(seed: 4, forward: LinkModel(rate: 100e6))
        simulation.receiver.diskBlockedUntil = simulation.now + .seconds(Int64(300))
        let file = Simulation.file(size: 30_000_000, seed: 4)
        let connection = try simulation.send([file])
        #expect(!simulation.runToEnd(within: .seconds(Int64(100))))
        let steps = simulation.steps
        #expect(!simulation.runToEnd(within: .seconds(Int64(100))))
        // Waiting costs an occasional packet, and no processor time.
        #expect(simulation.steps - steps < 500)
        #expect(simulation.longestStall < 50)
        #expect(connection.statistics.limit == .receiver)
        simulation.receiver.endpoint.connections.first?.setPaused(true)
        #expect(simulation.run(for: .seconds(Int64(20))) { simulation.sender.sawPause })
        #expect(simulation.runToEnd(within: .seconds(Int64(200))))
        #expect(simulation.sender.outcome == .complete)
        #expect(simulation.receiver.received[0] == file.bytes)
    }

    @Test func aSenderThatVanishesIsGivenUpAndWhatCameIsKept() throws {
        let simulation = try Simulation(seed: 6, forward: LinkModel(rate: 10e6))
        try simulation.send([Simulation.file(size: 3_000_000, seed: 6)])
        simulation.run(for: .seconds(Int64(1))) { false }
        simulation.sender.stopsAnswering = true
        #expect(simulation.run(for: .seconds(Int64(70))) { simulation.receiver.outcome != nil })
        #expect(simulation.receiver.outcome == .failed(.timedOut))
        #expect(!simulation.receiver.received[0]!.isEmpty)
    }

    @Test func aReceiverThatVanishesIsGivenUp() throws {
        let simulation = try Simulation(seed: 7, forward: LinkModel(rate: 10e6))
        try simulation.send([Simulation.file(size: 3_000_000, seed: 7)])
        simulation.run(for: .seconds(Int64(1))) { false }
        simulation.receiver.stopsAnswering = true
        #expect(simulation.run(for: .seconds(Int64(70))) { simulation.sender.outcome != nil })
        #expect(simulation.sender.outcome == .failed(.timedOut))
    }

    /// Two idle sides keep each other alive, within the other's idle timeout.
    @Test func aSourceThatPausesIsNotGivenUp() throws {
        var configuration = TransferConfiguration()
        configuration.idleTimeout = .seconds(Int64(2))
        let simulation = try Simulation(seed: 21, forward: LinkModel(rate: 10e6), configuration: configuration)
        try simulation.send([Simulation.file(size: 1000, seed: 21)], ends: false)
        #expect(!simulation.runToEnd(within: .seconds(Int64(120))))
        #expect(simulation.sender.delivered == [0] && simulation.sender.outcome == nil && simulation.receiver.outcome == nil)
    }

    /// A close that arrives is answered: neither side stays to repeat it.
    @Test func theEndTakesOneRoundTrip() throws {
        let simulation = try Simulation(seed: 22, forward: LinkModel(delay: .milliseconds(50)))
        try simulation.send([Simulation.file(size: 1000, seed: 22)])
        #expect(simulation.runToEnd(within: .seconds(Int64(5))))
        let start = simulation.now
        #expect(simulation.run(for: .seconds(Int64(5))) { simulation.sender.endpoint.isQuiet && simulation.receiver.endpoint.isQuiet })
        #expect((simulation.now - start).inSeconds < 0.11)
    }

    @Test func nobodyThereIsUnreachable() throws {
        let simulation = try Simulation(seed: 8)
        simulation.receiver.stopsAnswering = true
        try simulation.send([Simulation.file(size: 1000, seed: 8)])
        #expect(simulation.run(for: .seconds(Int64(30))) { simulation.sender.outcome != nil })
        #expect(simulation.sender.outcome == .failed(.unreachable))
    }

    @Test func aWrongSecretIsRefused() throws {
        let simulation = try Simulation(seed: 9)
        simulation.receiver.endpoint.invitations = [Invitation(preSharedKey: [UInt8](repeating: 8, count: 32))]
        try simulation.send([Simulation.file(size: 1000, seed: 9)])
        #expect(simulation.run(for: .seconds(Int64(30))) { simulation.sender.outcome != nil })
        #expect(simulation.sender.outcome == .failed(.refused))
        #expect(simulation.receiver.established == 0)
    }

    @Test func aSenderWithAnotherKeyThanInvitedIsRefused() throws {
        let simulation = try Simulation(seed: 10)
        simulation.receiver.endpoint.invitations = [
            Invitation(preSharedKey: Simulation.secret, senderKey: [UInt8](repeating: 9, count: 32))
        ]
        try simulation.send([Simulation.file(size: 1000, seed: 9)])
        #expect(simulation.run(for: .seconds(Int64(30))) { simulation.sender.outcome != nil })
        #expect(simulation.sender.outcome == .failed(.refused))
    }

    @Test func anInterruptedTransferResumes() throws {
        let file = Simulation.file(size: 1_000_000, seed: 11)
        let bytes = try #require(file.bytes)
        let simulation = try Simulation(seed: 11, forward: LinkModel(rate: 50e6))
        // The first part is intact except for one damaged block.
        var part = Array(bytes[..<655_360])
        part[70_000] ^= 1
        simulation.receiver.parts = [file.offer.name: part]
        let connection = try simulation.send([file])
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.receiver.received[0] == file.bytes)
        #expect(simulation.sender.outcome == .complete)
        let stats = connection.statistics
        #expect(stats.bytesDone == 1_000_000)
        // Only the missing part and the damaged block are sent.
        #expect(stats.bytesSent < 600_000)
    }

    @Test func aWholeFileAlreadyThereCostsNoData() throws {
        let file = Simulation.file(size: 500_000, seed: 12)
        let simulation = try Simulation(seed: 12)
        simulation.receiver.parts = [file.offer.name: try #require(file.bytes)]
        let connection = try simulation.send([file])
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.sender.outcome == .complete)
        #expect(connection.statistics.bytesSent < 20_000)
    }

    @Test func aSourceThatChangesIsAnErrorAndNeverKept() throws {
        let simulation = try Simulation(seed: 13, forward: LinkModel(rate: 50e6))
        var file = Simulation.file(size: 300_000, seed: 13)
        file.changes = true
        try simulation.send([file])
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.sender.failures == [0: .sourceChanged])
        #expect(simulation.receiver.failures == [0: .sourceChanged])
        #expect(simulation.receiver.placed.isEmpty)
    }

    @Test func aSourceThatGetsShorterIsAnError() throws {
        let simulation = try Simulation(seed: 14, forward: LinkModel(rate: 50e6))
        var file = Simulation.file(size: 300_000, seed: 14)
        file.bytes?.removeLast(100_000)
        try simulation.send([file])
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.receiver.failures == [0: .sourceChanged])
        #expect(simulation.receiver.placed.isEmpty)
    }

    @Test(arguments: 0..<3 as Range<UInt64>) func manyFilesOfAllSizesArrive(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let simulation = try Simulation(seed: seed, forward: LinkModel(rate: 50e6, loss: 0.03))
        let files = (0..<300).map { index in
            Simulation.file(
                "d/\(index)", size: [0, 1, 100, 5000, 16_383, 16_384, 16_385][Int.random(in: 0..<7, using: &random)], seed: UInt64(index))
        }
        simulation.receiver.answer = { $0.name.hasSuffix("7") ? .decline(.exists) : .accept(held: []) }
        try simulation.send(files)
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.sender.outcome == .complete && simulation.receiver.outcome == .complete)
        for (index, file) in files.enumerated() where index % 10 != 7 {
            #expect(simulation.receiver.received[FileID(index)] == file.bytes, "seed \(seed), file \(index)")
            #expect(simulation.sender.delivered.contains(FileID(index)))
        }
        #expect(simulation.receiver.placed.count == 270)
    }

    @Test func smallFilesCostNoRoundTripEach() throws {
        let simulation = try Simulation(seed: 15, forward: LinkModel(rate: 100e6, delay: .milliseconds(100)))
        let start = simulation.now
        try simulation.send((0..<1000).map { Simulation.file("f\($0)", size: 300, seed: UInt64($0)) })
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.receiver.placed.count == 1000)
        #expect((simulation.now - start).inSeconds < 4)
    }

    @Test func aPipeGetsItsBytesInOrder() throws {
        let simulation = try Simulation(seed: 16, forward: LinkModel(rate: 50e6, loss: 0.05))
        simulation.receiver.inOrder = true
        try transfer(simulation, size: 500_000, seed: 16, within: 60)
        #expect(simulation.receiver.writtenInOrder)
    }

    @Test func aStreamOfUnknownLengthEndsByItself() throws {
        let simulation = try Simulation(seed: 17, forward: LinkModel(rate: 50e6, loss: 0.02))
        var file = Simulation.file("-", size: 123_457, seed: 17)
        file.offer.size = nil
        try simulation.send([file])
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.receiver.received[0] == file.bytes)
        #expect(simulation.receiver.placed == [0])
    }

    @Test func eitherSideCanCancel() throws {
        for senderCancels in [true, false] {
            let simulation = try Simulation(seed: 18, forward: LinkModel(rate: 10e6))
            let connection = try simulation.send([Simulation.file(size: 3_000_000, seed: 18)])
            simulation.run(for: .seconds(Int64(1))) { false }
            if senderCancels {
                connection.close(.cancelled, "no more")
            } else {
                simulation.receiver.endpoint.connections.first?.close(.cancelled, "no more")
            }
            #expect(simulation.runToEnd(within: .seconds(Int64(2))))
            let (closing, told) = senderCancels ? (simulation.sender, simulation.receiver) : (simulation.receiver, simulation.sender)
            #expect(closing.outcome == .failed(.cancelled))
            #expect(told.outcome == .failed(.closedByPeer(.cancelled, "no more")))
        }
    }

    @Test func underLoadACookieComesFirst() throws {
        var configuration = TransferConfiguration()
        configuration.halfOpenBeforeCookie = 0
        let simulation = try Simulation(seed: 19, forward: LinkModel(rate: 50e6, loss: 0.1), configuration: configuration)
        try transfer(simulation, size: 50_000, seed: 19, within: 60)
    }

    @Test func aRateLimitIsKept() throws {
        var configuration = TransferConfiguration()
        configuration.rateLimit = 500_000
        let simulation = try Simulation(seed: 20, forward: LinkModel(rate: 100e6), configuration: configuration)
        let start = simulation.now
        try transfer(simulation, size: 1_000_000, seed: 20, within: 60)
        let took = (simulation.now - start).inSeconds
        #expect(took > 1.9 && took < 2.6)
    }

    @Test(arguments: TransferConfiguration.CongestionControl.allCases, [(100e6, TransferStatistics.Limit.limit), (3e6, .path)])
    func whatLimitsIsTheLimitWhereItIsLessThanThePath(
        control: TransferConfiguration.CongestionControl, path: (rate: Double, limit: TransferStatistics.Limit)
    ) throws {
        var configuration = TransferConfiguration()
        configuration.rateLimit = 500_000
        configuration.congestionControl = control
        let simulation = try Simulation(seed: 21, forward: LinkModel(rate: path.rate), configuration: configuration)
        let connection = try simulation.send([Simulation.file(size: 4_000_000, seed: 21)])
        simulation.run(for: .seconds(Int64(4))) { false }
        #expect(connection.statistics.limit == path.limit, "\(connection.statistics)")
    }
}
