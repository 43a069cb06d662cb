import Foundation
import NetworkIO
import Synchronization
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

/// Transfers to a disk that is slower than the path.
@Suite(.timeLimit(.minutes(20))) struct SlowDiskTests {
    /// A file on a disk whose writes are slow, and that may be full or fail at one of them.
    private final class SlowDestination: TransferDestination {
        struct Broken: Error {}

        let file: DestinationFile
        let microseconds: UInt32
        /// The number of the write that throws `DestinationFull`.
        let fullAt: Int?
        let brokenAt: Int?
        private let count = Atomic(0)
        /// Samples both sides' statistics at each write.
        private let sample: @Sendable () -> Figures
        private let seen = Mutex<[Figures]>([])
        var figures: [Figures] { seen.withLock { $0 } }
        private let abandoned = Atomic(false)
        var wasAbandoned: Bool { abandoned.load(ordering: .acquiring) }

        init(
            _ file: DestinationFile, microseconds: UInt32, fullAt: Int? = nil, brokenAt: Int? = nil,
            sample: @escaping @Sendable () -> Figures
        ) {
            self.sample = sample
            self.file = file
            self.microseconds = microseconds
            self.fullAt = fullAt
            self.brokenAt = brokenAt
        }

        var held: [HeldRange] { file.held }
        func resume(keeping kept: [Range<UInt64>]) throws { try file.resume(keeping: kept) }
        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
            usleep(microseconds)
            seen.withLock { $0.append(sample()) }
            let number = count.add(1, ordering: .acquiringAndReleasing).newValue
            if number == fullAt { throw DestinationFull() }
            if number == brokenAt { throw Broken() }
            try file.write(bytes, at: offset)
        }
        func finish(size: UInt64) throws { try file.finish(size: size) }
        func abandon() {
            abandoned.store(true, ordering: .releasing)
            file.abandon()
        }
    }

    private struct Figures {
        let sender: TransferStatistics
        let receiver: TransferStatistics
    }

    /// The result of a transfer.
    private struct Result {
        var outcome: TransferOutcome?
        var updates: [TransferUpdate] = []
        var destination: SlowDestination
    }

    private static func transfer(
        _ bytes: [UInt8], into target: TemporaryFolder, microseconds: UInt32, fullAt: Int? = nil, brokenAt: Int? = nil
    ) async throws -> Result {
        let source = try TemporaryFolder()
        try source.write("movie.mp4", bytes)
        var configuration = TransferConfiguration()
        configuration.windowRecords = 64
        let receiver = try TransferLoopFilesTests.Receiver(configuration)
        let sender = try TransferLoop(
            socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes, configuration: configuration, incoming: { _ in })
        let session = sender.send(
            [try SourceFile(path: source.file("movie.mp4"))], to: [receiver.address], remoteKey: receiver.key.publicKey,
            preSharedKey: TransferLoopFilesTests.psk)
        var sessions = receiver.sessions.makeAsyncIterator()
        let receiving = try #require(await sessions.next())
        var destination: SlowDestination?
        for await update in receiving.updates {
            guard case .offered(let id, let offer) = update else { continue }
            let file = try DestinationFile(
                in: ReceiveFolder(path: target.path), name: try #require(SafeName(offer.name)), offer: offer,
                senderKey: DestinationFileTests.key)
            let slow = SlowDestination(file, microseconds: microseconds, fullAt: fullAt, brokenAt: brokenAt) {
                Figures(sender: session.statistics, receiver: receiving.statistics)
            }
            destination = slow
            receiving.accept(id, into: slow)
            break
        }
        var result = Result(destination: try #require(destination))
        (result.outcome, result.updates) = await TransferLoopFilesTests.outcome(of: session)
        await sender.shutDown()
        await receiver.loop.shutDown()
        return result
    }

    private static func bytes(_ count: Int = 5_000_000) -> [UInt8] {
        var random = SeededGenerator(seed: 8)
        return random.bytes(count)
    }

    @Test func itIsTheDiskThatLimitsAndNotThePath() async throws {
        let target = try TemporaryFolder()
        let bytes = Self.bytes(2_500_000)
        // So slow that even a busy machine is not the limit.
        let result = try await Self.transfer(bytes, into: target, microseconds: 50_000)
        #expect(result.outcome == .complete)
        #expect(try target.read("movie.mp4") == bytes)
        // The middle of the transfer, because its start and end have other limits.
        let all = result.destination.figures
        let figures = all[(all.count / 2)...].prefix(all.count / 4)
        try #require(figures.count > 4)
        // The processor may be the limit for moments, and is reported then.
        let receiving = figures.map(\.receiver.limit).filter { $0 != .cpu }
        #expect(receiving.count { $0 == .disk } > receiving.count / 2 || receiving.isEmpty, "\(receiving)")
        let sending = figures.map(\.sender.limit).filter { $0 != .cpu }
        #expect(sending.count { $0 == .receiver } > sending.count / 2 || sending.isEmpty, "\(sending)")
        // Data is acknowledged while the disk is slow; a window of it takes 3.2 s to write.
        let delays = figures.map(\.sender.smoothedRTT.inSeconds).sorted()
        #expect(delays[delays.count / 2] < 1, "\(delays)")
    }

    @Test func aSlowDiskThatIsFullForAMomentIsTriedAgain() async throws {
        let target = try TemporaryFolder()
        let bytes = Self.bytes()
        let result = try await Self.transfer(bytes, into: target, microseconds: 6000, fullAt: 100)
        #expect(result.outcome == .complete)
        #expect(try target.read("movie.mp4") == bytes)
    }

    @Test func aSlowDiskThatBreaksEndsTheFile() async throws {
        let target = try TemporaryFolder()
        let result = try await Self.transfer(Self.bytes(), into: target, microseconds: 6000, brokenAt: 100)
        let failed = result.updates.contains { if case .failed(_, .destinationFailed, _) = $0 { true } else { false } }
        #expect(failed, "\(result.updates)")
        #expect(result.destination.wasAbandoned)
        #expect(!FileManager.default.fileExists(atPath: target.file("movie.mp4")))
    }
}
