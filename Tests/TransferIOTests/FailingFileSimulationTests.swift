import TestSupport
import Testing
import TransferIO
import TransferProtocol
import TransferSimulator

/// One of several files cannot be read or written: the others arrive, and nobody waits for ever.
@Suite(.longComputation) struct FailingFileSimulationTests {
    enum Failure: CaseIterable { case becameShorter, changed, cannotBeWritten }

    /// A destination that refuses the second half of the file.
    private final class TooLarge: TransferDestination {
        private let size: UInt64
        init(_ size: UInt64) { self.size = size }
        var held: [HeldRange] { [] }
        func resume(keeping kept: [Range<UInt64>]) {}
        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
            if offset >= size / 2 { throw DestinationError.incomplete("too large") }
        }
        func finish(size: UInt64) throws { throw DestinationError.incomplete("too large") }
        func abandon() {}
    }

    @Test(arguments: Failure.allCases, 0..<4 as Range<Int>) func theOthersArrive(failure: Failure, failing: Int) throws {
        var configuration = TransferConfiguration()
        // Less than a file, so that it fails while more of it has to be read.
        configuration.windowRecords = 8
        let simulation = try Simulation(seed: 30, forward: LinkModel(rate: 50e6, loss: 0.01), configuration: configuration)
        let folder = try TemporaryFolder()
        // The last file is empty, so it is never read.
        var files = [700_000, 400_000, 300_000, 200_000, 0].enumerated().map { index, size in
            Simulation.file("\(index)", size: size, seed: UInt64(index))
        }
        switch failure {
        case .becameShorter: files[failing].bytes?.removeLast(100_000)
        case .changed: files[failing].changes = true
        case .cannotBeWritten: break
        }
        simulation.receiver.openDestination = { offer in
            if failure == .cannotBeWritten, offer.name == "\(failing)" { return TooLarge(offer.size ?? 0) }
            return try DestinationFileTests.destination(folder, offer.name, size: offer.size.map { Int($0) })
        }
        let connection = try simulation.send(files)
        let ended = simulation.runToEnd(within: .seconds(Int64(30)))
        #expect(ended, "\(connection.statistics)")
        #expect(simulation.sender.outcome == .complete && simulation.receiver.outcome == .complete)
        let expected = [FileID(failing): failure == .cannotBeWritten ? FileFailure.destinationFailed : .sourceChanged]
        #expect(simulation.sender.failures == expected && simulation.receiver.failures == expected)
        for (index, file) in files.enumerated() where index != failing {
            #expect(simulation.sender.delivered.contains(FileID(index)))
            #expect(try folder.read("\(index)") == file.bytes)
        }
    }
}
