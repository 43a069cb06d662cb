import Glibc
import NIOConcurrencyHelpers
import NetworkIO
import Synchronization
import Testing

@testable import TransferIO
@testable import TransferProtocol

/// Files that fail while they wait for room, or for something to read.
@Suite(.timeLimit(.minutes(20))) struct WaitingFileTests {
    /// The processor time of the thread that called ``use()`` last.
    private final class ThreadClock: Sendable {
        private let clock = NIOLockedValueBox(clockid_t(0))

        func use() {
            var id = clockid_t(0)
            pthread_getcpuclockid(pthread_self(), &id)
            clock.withLockedValue { [id] in $0 = id }
        }

        var seconds: Double {
            var time = timespec()
            clock_gettime(clock.withLockedValue(\.self), &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
    }

    private final class FullDestination: TransferDestination {
        let clock = ThreadClock()
        var held: [HeldRange] { [] }
        func resume(keeping kept: [Range<UInt64>]) {}
        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
            clock.use()
            throw DestinationFull()
        }
        func finish(size: UInt64) {}
        func abandon() {}
    }

    /// A condition that holds a second later, during which there is nothing to do.
    private static func second() -> () -> Bool {
        let end = LoopCore.clock() + .seconds(Int64(1))
        return { LoopCore.clock() >= end }
    }

    @Test func nobodyWaitsForRoomForAFileThatFailed() async throws {
        let transfer = try await HandDrivenTransfer()
        let full = FullDestination()
        transfer.sender.offsets = [0]
        try await transfer.accept(0, into: full)
        try await transfer.sender.run { transfer.updates.has("paused true") }
        try await transfer.fail()
        try await transfer.accept(4, into: FullDestination())
        #expect(transfer.updates.all.suffix(3) == ["paused true", "paused false", "failed 0"])
        let before = full.clock.seconds
        try await transfer.sender.run(until: Self.second())
        #expect(full.clock.seconds - before < 0.2)
        await transfer.end()
    }

    /// A source of one record, which then waits on a descriptor that cannot be watched.
    private final class WaitingSource: TransferSource {
        let clock = ThreadClock()
        let offer = FileOffer(name: "waiting", size: nil)
        let isWaiting = Atomic(false)
        private let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)

        deinit { close(descriptor) }

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
            clock.use()
            guard offset > 0 else { return buffer.count }
            isWaiting.store(true, ordering: .releasing)
            throw SourceNotReady(descriptor: descriptor)
        }
        func matches(_ held: HeldRange) -> Bool { false }
        func isUnchanged() -> Bool { true }
    }

    /// A full destination that fails once its source waits.
    private final class BrokenDestination: TransferDestination {
        let source: WaitingSource
        init(_ source: WaitingSource) { self.source = source }
        var held: [HeldRange] { [] }
        func resume(keeping kept: [Range<UInt64>]) {}
        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
            throw source.isWaiting.load(ordering: .acquiring) ? DestinationError.incomplete("waiting") : DestinationFull() as any Error
        }
        func finish(size: UInt64) {}
        func abandon() {}
    }

    @Test func nobodyWaitsForASourceThatFailed() async throws {
        let receiver = try TransferLoopFilesTests.Receiver()
        let sender = try TransferLoop(socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes, incoming: { _ in })
        let source = WaitingSource()
        // The second file is never answered.
        let session = sender.send(
            [source, WaitingSource()], to: [receiver.address], remoteKey: receiver.key.publicKey, preSharedKey: TransferLoopFilesTests.psk)
        Task { [sessions = receiver.sessions] in
            for await session in sessions {
                for await update in session.updates {
                    if case .offered(0, _) = update { session.accept(0, into: BrokenDestination(source)) }
                }
            }
        }
        for await update in session.updates {
            if case .failed = update { break }
        }
        let before = source.clock.seconds
        try await Task.sleep(for: .seconds(1))
        #expect(source.clock.seconds - before < 0.2)
        await sender.shutDown(within: .zero)
        await receiver.loop.shutDown(within: .zero)
    }
}
