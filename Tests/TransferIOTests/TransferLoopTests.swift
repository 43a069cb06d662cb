import Connectivity
import Crypto
import Foundation
import NetworkIO
import SystemSupport
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

/// Two loops with real sockets on the loopback, real files, and a bad path between them.
@Suite struct TransferLoopTests {
    private static let secret = [UInt8](repeating: 5, count: 32)

    private static func loop(
        _ configuration: TransferConfiguration = TransferConfiguration(), incoming: @escaping @Sendable (TransferSession) -> Void = { _ in }
    ) throws -> TransferLoop {
        let loop = try TransferLoop(
            socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes, configuration: configuration, incoming: incoming)
        loop.setInvitations([Invitation(preSharedKey: secret)])
        return loop
    }

    /// A receiver that accepts everything into `folder`.
    private static func receiver(into folder: TemporaryFolder, _ outcome: AsyncStream<TransferOutcome>.Continuation) throws -> TransferLoop
    {
        let target = try ReceiveFolder(path: folder.path)
        return try loop { session in
            Task {
                for await update in session.updates {
                    switch update {
                    case .offered(let file, let offer):
                        do {
                            guard let name = SafeName(offer.name) else { return session.decline(file, .unsafeName) }
                            let destination: any TransferDestination =
                                offer.kind == .directory
                                ? try DestinationFolder(in: target, name: name, mode: offer.mode)
                                : try DestinationFile(in: target, name: name, offer: offer, senderKey: [])
                            session.accept(file, into: destination)
                        } catch {
                            session.decline(file, .cannotWrite)
                        }
                    case .ended(let end): outcome.yield(end)
                    default: break
                    }
                }
            }
        }
    }

    private static func outcome(_ session: TransferSession) async -> (TransferOutcome?, [TransferUpdate]) {
        var all: [TransferUpdate] = []
        for await update in session.updates {
            all.append(update)
            if case .ended(let outcome) = update { return (outcome, all) }
        }
        return (nil, all)
    }

    private static func bytes(_ count: Int, seed: UInt64) -> Data {
        var random = SeededGenerator(seed: seed)
        var data = Data(count: count)
        data.withUnsafeMutableBytes { memory in
            for index in stride(from: 0, to: count & ~7, by: 8) {
                memory.storeBytes(of: random.next(), toByteOffset: index, as: UInt64.self)
            }
        }
        return data
    }

    @Test(arguments: [0, 1, 100_000, 20_000_000]) func aFileArrivesWhole(size: Int) async throws {
        let folder = try TemporaryFolder()
        let from = try TemporaryFolder()
        let content = Self.bytes(size, seed: UInt64(size))
        try content.write(to: URL(filePath: from.path + "/movie.mp4"))
        let (outcomes, yield) = AsyncStream.makeStream(of: TransferOutcome.self)
        let receiver = try Self.receiver(into: folder, yield)
        let sender = try Self.loop()
        let session = sender.send(
            [try SourceFile(path: from.path + "/movie.mp4")], to: [NetworkAddress(ipv4: 0x7F00_0001, port: receiver.port)],
            remoteKey: receiver.publicKey, preSharedKey: Self.secret)
        let (outcome, _) = await Self.outcome(session)
        #expect(outcome == .complete)
        let got = try Data(contentsOf: URL(filePath: folder.path + "/movie.mp4"))
        #expect(got == content)
        #expect(await outcomes.first { _ in true } == .complete)
        #expect(session.statistics.bytesDone == UInt64(size))
        await sender.shutDown()
        await receiver.shutDown()
    }

    @Test(arguments: [
        BadPath.Faults(loss: 0.02), BadPath.Faults(loss: 0.3), BadPath.Faults(corrupt: 0.05),
        BadPath.Faults(loss: 0.05, corrupt: 0.01, duplicate: 0.05, reorder: 0.05),
    ])
    func aBadPathIsOvercome(faults: BadPath.Faults) async throws {
        let folder = try TemporaryFolder()
        let from = try TemporaryFolder()
        let size = faults.loss > 0.1 ? 300_000 : 3_000_000
        let content = Self.bytes(size, seed: 4)
        try content.write(to: URL(filePath: from.path + "/movie.mp4"))
        let (outcomes, yield) = AsyncStream.makeStream(of: TransferOutcome.self)
        let receiver = try Self.receiver(into: folder, yield)
        let path = try BadPath(to: NetworkAddress(ipv4: 0x7F00_0001, port: receiver.port), faults, seed: 5)
        defer { path.stop() }
        let sender = try Self.loop()
        let session = sender.send(
            [try SourceFile(path: from.path + "/movie.mp4")], to: [NetworkAddress(ipv4: 0x7F00_0001, port: path.port)],
            remoteKey: receiver.publicKey, preSharedKey: Self.secret)
        let (outcome, _) = await Self.outcome(session)
        #expect(outcome == .complete)
        #expect(await outcomes.first { _ in true } == .complete)
        let got = try Data(contentsOf: URL(filePath: folder.path + "/movie.mp4"))
        #expect(got == content)
        await sender.shutDown()
        await receiver.shutDown()
    }

    /// A forged datagram of the sender does not migrate the path: the receiver continues to answer from the address at which its peer is
    /// validated.
    @Test func aForgedDatagramDoesNotMoveTheAnswers() async throws {
        let folder = try TemporaryFolder()
        let from = try TemporaryFolder()
        try Self.bytes(1_000_000, seed: 6).write(to: URL(filePath: from.path + "/movie.mp4"))
        let (outcomes, yield) = AsyncStream.makeStream(of: TransferOutcome.self)
        let receiver = try Self.receiver(into: folder, yield)
        let path = try BadPath(to: NetworkAddress(ipv4: 0x7F00_0001, port: receiver.port), BadPath.Faults(forges: true), seed: 5)
        defer { path.stop() }
        let sender = try Self.loop()
        let session = sender.send(
            [try SourceFile(path: from.path + "/movie.mp4")], to: [NetworkAddress(ipv4: 0x7F00_0001, port: path.port)],
            remoteKey: receiver.publicKey, preSharedKey: Self.secret)
        #expect(await Self.outcome(session).0 == .complete)
        #expect(await outcomes.first { _ in true } == .complete)
        await sender.shutDown()
        await receiver.shutDown()
        #expect(path.fromElsewhere == 0)
    }

    @Test func severalTransfersShareOneSocket() async throws {
        let folder = try TemporaryFolder()
        let (_, yield) = AsyncStream.makeStream(of: TransferOutcome.self)
        let receiver = try Self.receiver(into: folder, yield)
        let sender = try Self.loop()
        let from = try TemporaryFolder()
        let target = folder.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<5 {
                let path = from.path + "/file\(index)"
                try Self.bytes(500_000 + index, seed: UInt64(index)).write(to: URL(filePath: path))
                let session = sender.send(
                    [try SourceFile(path: path)], to: [NetworkAddress(ipv4: 0x7F00_0001, port: receiver.port)],
                    remoteKey: receiver.publicKey,
                    preSharedKey: Self.secret)
                group.addTask {
                    let (outcome, _) = await Self.outcome(session)
                    #expect(outcome == .complete)
                    let got = try Data(contentsOf: URL(filePath: target + "/file\(index)"))
                    #expect(got == Self.bytes(500_000 + index, seed: UInt64(index)))
                }
            }
            try await group.waitForAll()
        }
        await sender.shutDown()
        await receiver.shutDown()
    }

    @Test func aListenerTellsItsKeyAndNobodyDoesNot() async throws {
        var configuration = TransferConfiguration()
        configuration.connectTimeout = .milliseconds(300)
        let receiver = try Self.loop()
        let sender = try Self.loop(configuration)
        #expect(await Self.keys(at: receiver.port, askedBy: sender) == [receiver.publicKey])
        let silent = try UDPSocket()
        #expect(await Self.keys(at: silent.port, askedBy: sender) == [])
        await sender.shutDown()
        await receiver.shutDown()
    }

    private static func keys(at port: UInt16, askedBy loop: TransferLoop) async -> [[UInt8]] {
        var all: [[UInt8]] = []
        for await key in loop.keys(of: NetworkAddress(ipv4: 0x7F00_0001, port: port)) { all.append(key) }
        return all
    }

    /// An attacker on the path can answer first: the true key is reported too.
    @Test func allKeysThatAreClaimedAreTold() async throws {
        var configuration = TransferConfiguration()
        configuration.connectTimeout = .seconds(Int64(1))
        let sender = try Self.loop(configuration)
        let impostor = try UDPSocket()
        let port = impostor.port
        try BackgroundThread.start(name: "impostor", impostor) { impostor in
            var asked: (token: [UInt8], by: NetworkAddress)?
            while asked == nil {
                impostor.wait(for: .milliseconds(10))
                _ = impostor.receive { asked = (Array($0.bytes[1..<9]), $0.from) }
            }
            guard let asked else { return }
            // One key twice, and more keys than are reported.
            for number in [UInt8(1), 1, 2, 3, 4, 5, 6] {
                BadPath.send([0x97] + asked.token + [UInt8](repeating: number, count: 32), impostor, asked.by)
            }
        }
        let keys = await Self.keys(at: port, askedBy: sender)
        #expect(keys == (1...4).map { [UInt8](repeating: $0, count: 32) })
        await sender.shutDown()
    }

    @Test func aLoopThatEndsTellsItsPeers() async throws {
        let folder = try TemporaryFolder()
        let from = try TemporaryFolder()
        try Self.bytes(50_000_000, seed: 3).write(to: URL(filePath: from.path + "/movie.mp4"))
        let (outcomes, yield) = AsyncStream.makeStream(of: TransferOutcome.self)
        let receiver = try Self.receiver(into: folder, yield)
        var configuration = TransferConfiguration()
        // So slow that the transfer is in progress when the sender leaves, whenever that is.
        configuration.rateLimit = 1e5
        let sender = try Self.loop(configuration)
        let session = sender.send(
            [try SourceFile(path: from.path + "/movie.mp4")], to: [NetworkAddress(ipv4: 0x7F00_0001, port: receiver.port)],
            remoteKey: receiver.publicKey, preSharedKey: Self.secret)
        for await update in session.updates { if case .answered = update { break } }
        await sender.shutDown()
        #expect(await outcomes.first { _ in true } == .failed(.closedByPeer(.goingAway, "")))
        await receiver.shutDown()
    }

    @Test(.timeLimit(.minutes(20))) func aLoopThatHasNothingToDoEndsAtOnce() async throws {
        // With a grace period longer than the test's time limit.
        try await Self.loop().shutDown(within: .seconds(Int64(3600)))
    }
}
