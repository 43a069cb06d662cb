import Connectivity
import Foundation
import NIOConcurrencyHelpers
import NetworkIO
import TestSupport
import Testing

@testable import TransferIO
@testable import TransferProtocol

/// A full send buffer: nothing is lost, and the loop does not spin.
@Suite struct FullBufferTests {
    /// Refuses to send for a while in the middle of a transfer, as if its buffer were full, and then continues in the middle of a batch.
    private final class FullSocket: UDPSocket {
        struct Counts {
            var calls = 0
            var refused = 0
            var fullUntil: ContinuousClock.Instant?
        }

        let counts = NIOLockedValueBox(Counts())
        var stall = Duration.zero
        var isOutOfMemory = false

        override func send(
            _ pieces: UnsafeMutableBufferPointer<iovec>, segmentSize: Int, segments: Int, to address: NetworkAddress,
            from local: inout LocalAddress, skip: Int, ecn: UInt8, separately: Bool
        ) -> SendResult {
            let now = ContinuousClock.now
            let (isFull, isFirst) = counts.withLockedValue { counts in
                counts.calls += 1
                let isFirst = counts.fullUntil == nil && counts.calls > 20 && segments > 2
                if isFirst { counts.fullUntil = now + stall }
                let isFull = counts.fullUntil.map { now < $0 } ?? false
                if isFull { counts.refused += 1 }
                return (isFull, isFirst)
            }
            guard isFull else {
                return super.send(
                    pieces, segmentSize: segmentSize, segments: segments, to: address, from: &local, skip: skip, ecn: ecn,
                    separately: separately)
            }
            guard isFirst else { return refusal(sent: skip) }
            // The first datagram is sent, however many pieces it has.
            var count = 0
            var bytes = 0
            while bytes < segmentSize {
                bytes += pieces[count].iov_len
                count += 1
            }
            let first = UnsafeMutableBufferPointer(rebasing: pieces[..<count])
            _ = super.send(
                first, segmentSize: segmentSize, segments: 1, to: address, from: &local, skip: 0, ecn: ecn, separately: separately)
            return refusal(sent: 1)
        }

        private func refusal(sent: Int) -> SendResult { isOutOfMemory ? .busy(sent: sent) : .wouldBlock(sent: sent) }

        override func wait(for duration: Duration, readable: Bool, writable: Bool, wakeUp: Int32) -> Bool {
            // The real socket is writable all the time.
            super.wait(for: duration, readable: readable, writable: false, wakeUp: wakeUp)
        }
    }

    @Test(arguments: [false, true]) func nothingIsLost(isOutOfMemory: Bool) async throws {
        let folder = try TemporaryFolder()
        var random = SeededGenerator(seed: 7)
        let content = Data(random.bytes(8_000_000))
        try content.write(to: URL(filePath: folder.path + "/movie.mp4"))
        let target = try ReceiveFolder(path: folder.path + "/in/", create: true)
        let secret = [UInt8](repeating: 5, count: 32)
        let receiver = try TransferLoop(socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes) { session in
            Task {
                for await update in session.updates {
                    guard case .offered(let file, let offer) = update, let name = SafeName(offer.name) else { continue }
                    session.accept(file, into: try DestinationFile(in: target, name: name, offer: offer, senderKey: []))
                }
            }
        }
        receiver.setInvitations([Invitation(preSharedKey: secret)])
        let socket = try FullSocket()
        socket.stall = .milliseconds(300)
        socket.isOutOfMemory = isOutOfMemory
        let counts = socket.counts
        let sender = try TransferLoop(socket: socket, staticKey: NoiseKeyPair().privateBytes, incoming: { _ in })
        let session = sender.send(
            [try SourceFile(path: folder.path + "/movie.mp4")], to: [NetworkAddress(ipv4: 0x7F00_0001, port: receiver.port)],
            remoteKey: receiver.publicKey, preSharedKey: secret)
        var outcome: TransferOutcome?
        for await update in session.updates { if case .ended(let end) = update { outcome = end } }
        await sender.shutDown()
        await receiver.shutDown()
        #expect(outcome == .complete)
        #expect(try Data(contentsOf: URL(filePath: folder.path + "/in/movie.mp4")) == content)
        #expect(session.statistics.packetsLost == 0)
        let refused = counts.withLockedValue(\.refused)
        // At most one attempt a millisecond, and one for each datagram of the receiver.
        #expect((2...1000).contains(refused), "\(refused)")
    }
}
