import Foundation
import TestSupport
import Testing
import TransferProtocol
import TransferSimulator

@testable import TransferIO

/// Several files at once over a bad path, to real files of which an earlier attempt left parts.
@Suite(.longComputation) struct ResumeSimulationTests {
    private static let chunk = 1 << 20

    /// Leaves a part file with some chunks of the file, one of them perhaps damaged, and sometimes with none.
    private func leavePart(of file: SimulatedHost.Source, in folder: TemporaryFolder, _ random: inout SeededGenerator) throws {
        let bytes = try #require(file.bytes)
        let destination = try DestinationFileTests.destination(folder, file.offer.name, size: bytes.count, modified: file.offer.modified)
        for start in stride(from: 0, to: bytes.count, by: Self.chunk) where Bool.random(using: &random) {
            var piece = Array(bytes[start..<min(start + Self.chunk, bytes.count)])
            if Int.random(in: 0..<4, using: &random) == 0 { piece[0] ^= 1 }
            try piece.withUnsafeBytes { try destination.write($0, at: UInt64(start)) }
        }
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func whatOvertakesTheWordAboutWhatStaysCounts(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var model = LinkModel(rate: 80e6, delay: .milliseconds(Int64.random(in: 1...40, using: &random)))
        model.loss = [0.02, 0.1, 0.25][Int(seed % 3)]
        model.reorder = [0, 0.1][Int(seed % 2)]
        let simulation = try Simulation(seed: seed, forward: model)
        let folder = try TemporaryFolder()
        var files = (0..<4).map { Simulation.file("\($0).mp4", size: 3 * Self.chunk + 1000 * $0, seed: seed &+ UInt64($0)) }
        files.append(Simulation.file("small", size: 100, seed: seed))
        files.append(Simulation.file("empty", size: 0, seed: seed))
        for file in files { try leavePart(of: file, in: folder, &random) }
        let failing = Int.random(in: 0..<files.count, using: &random)
        // Detected at its end, or while it is being read.
        if seed % 4 < 2 || files[failing].offer.size == 0 {
            files[failing].changes = true
        } else {
            files[failing].bytes?.removeLast(50)
        }
        simulation.receiver.openDestination = { offer in
            try DestinationFileTests.destination(
                folder, offer.name, size: offer.size.map { Int($0) }, modified: offer.modified)
        }
        // Staggered, so that for some files the ranges to keep arrive when the path is well filled.
        simulation.receiver.hashingTime = { offer in .seconds(0.3 * Double(files.firstIndex { $0.offer.name == offer.name } ?? 0)) }
        let connection = try simulation.send(files)
        let ended = simulation.runToEnd(within: .seconds(Int64(600)))
        #expect(ended, "seed \(seed): \(connection.statistics)")
        #expect(simulation.sender.failures == [FileID(failing): .sourceChanged], "seed \(seed)")
        #expect(simulation.receiver.failures == [FileID(failing): .sourceChanged], "seed \(seed)")
        for (index, file) in files.enumerated() where index != failing {
            #expect(simulation.sender.delivered.contains(FileID(index)), "seed \(seed)")
            #expect(try folder.read(file.offer.name) == file.bytes, "seed \(seed), \(file.offer.name)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.file(files[failing].offer.name)), "seed \(seed)")
    }
}
