import Connectivity
import Foundation
import NetworkIO
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

/// Two loops in one process, with real sockets and files.
@Suite(.timeLimit(.minutes(20))) struct TransferLoopFilesTests {
    static let psk = [UInt8](repeating: 3, count: 32)

    struct Receiver {
        let loop: TransferLoop
        let key: NoiseKeyPair
        let sessions: AsyncStream<TransferSession>
        var address: NetworkAddress { NetworkAddress(ipv4: 0x7F00_0001, port: loop.port) }

        init(_ configuration: TransferConfiguration = TransferConfiguration(), offload: Bool = true) throws {
            key = NoiseKeyPair()
            let (sessions, incoming) = AsyncStream.makeStream(of: TransferSession.self)
            self.sessions = sessions
            loop = try TransferLoop(
                socket: UDPSocket(offload: offload), staticKey: key.privateBytes, configuration: configuration,
                incoming: { incoming.yield($0) })
            loop.setInvitations([Invitation(preSharedKey: TransferLoopFilesTests.psk)])
        }

        /// Receives the next sender's files into `folder` and returns the outcome.
        /// - Parameter isWanted: whether a file is accepted; an unwanted one is not answered.
        func receiveAll(
            into folder: TemporaryFolder, where isWanted: (_ name: String) -> Bool = { _ in true }
        ) async throws -> TransferOutcome? {
            for await session in sessions {
                var key: [UInt8] = []
                for await update in session.updates {
                    switch update {
                    case .established(let peerKey, _, _): key = peerKey
                    case .offered(_, let offer) where !isWanted(offer.name): break
                    case .offered(let id, let offer):
                        do {
                            session.accept(id, into: try Self.destination(of: offer, in: folder, senderKey: key))
                        } catch {
                            // Otherwise the sender, and the test, would wait for an answer for ever.
                            session.close(.fileError, "\(error)")
                            throw error
                        }
                    case .ended(let outcome): return outcome
                    default: break
                    }
                }
            }
            return nil
        }

        private static func destination(
            of offer: FileOffer, in folder: TemporaryFolder, senderKey: [UInt8]
        ) throws -> any TransferDestination {
            let receive = try ReceiveFolder(path: folder.path)
            let name = try #require(SafeName(offer.name))
            guard offer.kind != .directory else { return try DestinationFolder(in: receive, name: name, mode: offer.mode) }
            return try DestinationFile(in: receive, name: name, offer: offer, senderKey: senderKey)
        }
    }

    static func outcome(of session: TransferSession) async -> (outcome: TransferOutcome?, updates: [TransferUpdate]) {
        var updates: [TransferUpdate] = []
        for await update in session.updates {
            if case .ended(let outcome) = update { return (outcome, updates) }
            updates.append(update)
        }
        return (nil, updates)
    }

    // One after the other: each has some three hundred open descriptors.
    @Test(.serialized, arguments: [true, false]) func filesAndFoldersArrive(offload: Bool) async throws {
        var random = SeededGenerator(seed: 4)
        let source = try TemporaryFolder()
        let target = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: source.file("photos/2026"), withIntermediateDirectories: true)
        let big = random.bytes(3_000_001)
        try source.write("big.mp4", big)
        try source.write("empty", [])
        for index in 0..<100 { try source.write("photos/2026/\(index).jpg", random.bytes(index * 37)) }
        var sources: [any TransferSource] = [try SourceFile(path: source.file("big.mp4")), try SourceFile(path: source.file("empty"))]
        sources += try SourceFolder.list(path: source.file("photos")).sources

        let receiver = try Receiver(offload: offload)
        let sender = try TransferLoop(socket: UDPSocket(offload: offload), staticKey: NoiseKeyPair().privateBytes, incoming: { _ in })
        let session = sender.send(sources, to: [receiver.address], remoteKey: receiver.key.publicKey, preSharedKey: Self.psk)
        async let received = receiver.receiveAll(into: target)
        let (outcome, updates) = await Self.outcome(of: session)
        #expect(outcome == .complete)
        #expect(try await received == .complete)
        let done = updates.count { if case .done = $0 { true } else { false } }
        #expect(done == sources.count)
        #expect(try target.read("big.mp4") == big)
        #expect(try target.read("empty") == [])
        for index in 0..<100 { #expect(try target.read("photos/2026/\(index).jpg") == source.read("photos/2026/\(index).jpg")) }
        #expect(try target.names() == ["big.mp4", "empty", "photos"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: target.file("photos/2026")).count == 100)
        #expect(session.statistics.filesDone == sources.count)
        await sender.shutDown()
        await receiver.loop.shutDown()
    }

    @Test func aWrongSecretIsRefusedAndNobodyIsUnreachable() async throws {
        let source = try TemporaryFolder()
        let path = try source.write("a", [1])
        let receiver = try Receiver()
        let sender = try TransferLoop(socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes, incoming: { _ in })
        let wrong = [UInt8](repeating: 9, count: 32)
        let refused = sender.send(
            [try SourceFile(path: path)], to: [receiver.address], remoteKey: receiver.key.publicKey, preSharedKey: wrong)
        #expect(await Self.outcome(of: refused).outcome == .failed(.refused))
        var configuration = TransferConfiguration()
        configuration.connectTimeout = .milliseconds(300)
        let hasty = try TransferLoop(
            socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes, configuration: configuration, incoming: { _ in })
        let nobody = try UDPSocket()
        let address = NetworkAddress(ipv4: 0x7F00_0001, port: nobody.port)
        let lost = hasty.send([try SourceFile(path: path)], to: [address], remoteKey: receiver.key.publicKey, preSharedKey: Self.psk)
        #expect(await Self.outcome(of: lost).outcome == .failed(.unreachable))
        await sender.shutDown()
        await hasty.shutDown()
        await receiver.loop.shutDown()
        let late = sender.send([], to: [address], remoteKey: receiver.key.publicKey, preSharedKey: Self.psk)
        #expect(await Self.outcome(of: late).outcome == .failed(.cancelled))
        #expect(await sender.keys(of: address).first { _ in true } == nil)
    }

    @Test func aChangedSourceNeverArrives() async throws {
        let source = try TemporaryFolder()
        let target = try TemporaryFolder()
        let path = try source.write("a", [UInt8](repeating: 1, count: 100_000))
        let file = try SourceFile(path: path)
        // After the offer, before the first read.
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.truncate(atOffset: 50_000)
        try handle.close()
        let receiver = try Receiver()
        let sender = try TransferLoop(socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes, incoming: { _ in })
        let session = sender.send([file], to: [receiver.address], remoteKey: receiver.key.publicKey, preSharedKey: Self.psk)
        async let received = receiver.receiveAll(into: target)
        let (_, updates) = await Self.outcome(of: session)
        _ = try await received
        #expect(updates.contains { if case .failed(0, .sourceChanged, _) = $0 { true } else { false } })
        #expect(!FileManager.default.fileExists(atPath: target.file("a")))
        await sender.shutDown()
        await receiver.loop.shutDown()
    }

    @Test func aStreamIsHeldBackByItsReader() async throws {
        var random = SeededGenerator(seed: 5)
        let bytes = random.bytes(30_000_000)
        let input = try StreamTests.Pipe()
        let output = try StreamTests.Pipe()
        let receiver = try Receiver()
        let sender = try TransferLoop(socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes, incoming: { _ in })
        let (inEnd, outEnd) = (input.write, output.read)
        // Threads of their own, because tasks must not block on pipes.
        Thread {
            bytes.withUnsafeBytes { buffer in
                var done = 0
                while done < buffer.count {
                    let count = Foundation.write(inEnd, buffer.baseAddress.map { $0 + done }, buffer.count - done)
                    if count <= 0 { return }
                    done += count
                }
            }
            close(inEnd)
        }.start()
        let (gotten, giver) = AsyncStream.makeStream(of: [UInt8].self)
        Thread {
            var got: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 100_000)
            while got.count < bytes.count {
                let count = Foundation.read(outEnd, &buffer, buffer.count)
                if count <= 0 { break }
                got += buffer[..<count]
            }
            giver.yield(got)
        }.start()
        let session = sender.send(
            [StreamSource(descriptor: input.read, name: "stdin")], to: [receiver.address], remoteKey: receiver.key.publicKey,
            preSharedKey: Self.psk)
        let outDescriptor = output.write
        let receiving = Task {
            for await session in receiver.sessions {
                for await update in session.updates {
                    if case .offered(let id, _) = update {
                        session.accept(id, into: StreamDestination(descriptor: outDescriptor), inOrder: true)
                    }
                    if case .ended(let outcome) = update { return outcome }
                }
            }
            return TransferOutcome.failed(.cancelled)
        }
        #expect(await Self.outcome(of: session).outcome == .complete)
        #expect(await receiving.value == .complete)
        var iterator = gotten.makeAsyncIterator()
        #expect(await iterator.next() == bytes)
        input.forgetWrite()
        await sender.shutDown()
        await receiver.loop.shutDown()
    }

    /// A stream whose receiver has left does not block the files behind it, even if it has no data.
    @Test func aSilentStreamThatFailedLetsOthersPass() async throws {
        final class Closed: TransferDestination {
            var held: [HeldRange] { [] }
            func resume(keeping kept: [Range<UInt64>]) {}
            func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws { throw OutputClosed() }
            func finish(size: UInt64) throws { throw OutputClosed() }
            func abandon() {}
        }
        let source = try TemporaryFolder()
        let target = try TemporaryFolder()
        let input = try StreamTests.Pipe()
        var first: [UInt8] = [1, 2, 3]
        #expect(Foundation.write(input.write, &first, 3) == 3)
        let receiver = try Receiver()
        let sender = try TransferLoop(socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes, incoming: { _ in })
        let session = sender.send(
            [StreamSource(descriptor: input.read, name: "stdin"), try SourceFile(path: source.write("b", [4, 5]))],
            to: [receiver.address], remoteKey: receiver.key.publicKey, preSharedKey: Self.psk)
        let receiving = Task {
            for await session in receiver.sessions {
                for await update in session.updates {
                    switch update {
                    case .offered(0, _): session.accept(0, into: Closed())
                    case .offered(let id, let offer):
                        let name = try #require(SafeName(offer.name))
                        session.accept(
                            id,
                            into: try DestinationFile(in: ReceiveFolder(path: target.path), name: name, offer: offer, senderKey: []))
                    case .ended(let outcome): return outcome
                    default: break
                    }
                }
            }
            return TransferOutcome.failed(.cancelled)
        }
        let (outcome, updates) = await Self.outcome(of: session)
        #expect(outcome == .complete)
        #expect(try await receiving.value == .complete)
        #expect(updates.contains { if case .failed(0, .outputClosed, _) = $0 { true } else { false } })
        #expect(try target.read("b") == [4, 5])
        input.closeWrite()
        await sender.shutDown()
        await receiver.loop.shutDown()
    }

    /// After an interruption, files that are done are not sent again.
    @Test func theSameAgainGoesOnAfterTheLastFile() async throws {
        var random = SeededGenerator(seed: 6)
        let source = try TemporaryFolder()
        let target = try TemporaryFolder()
        let bytes = [random.bytes(2_000_000), random.bytes(3_000_000)]
        let paths = [try source.write("a", bytes[0]), try source.write("b", bytes[1])]
        let receiver = try Receiver()
        let key = NoiseKeyPair().privateBytes
        for isInterrupted in [true, false] {
            let sender = try TransferLoop(socket: UDPSocket(), staticKey: key, incoming: { _ in })
            let session = sender.send(
                try paths.map { try SourceFile(path: $0) }, to: [receiver.address], remoteKey: receiver.key.publicKey,
                preSharedKey: Self.psk)
            // The second file is not answered when the sender leaves.
            async let received = receiver.receiveAll(into: target) { $0 == "a" || !isInterrupted }
            if isInterrupted {
                for await update in session.updates { if case .done(0) = update { break } }
            } else {
                let (outcome, updates) = await Self.outcome(of: session)
                #expect(outcome == .complete)
                #expect(updates.contains { if case .resumed(0, [0..<1_048_576, 1_048_576..<2_000_000]) = $0 { true } else { false } })
            }
            await sender.shutDown()
            #expect(try await received == (isInterrupted ? .failed(.closedByPeer(.goingAway, "")) : .complete))
        }
        #expect(try target.names() == ["a", "b"])
        #expect(try target.read("a") == bytes[0] && target.read("b") == bytes[1])
        await receiver.loop.shutDown()
    }

    @Test func leavingIsTold() async throws {
        let source = try TemporaryFolder()
        let target = try TemporaryFolder()
        let path = try source.write("a", [UInt8](repeating: 1, count: 20_000_000))
        let receiver = try Receiver()
        var configuration = TransferConfiguration()
        // So slow that the transfer is in progress when the sender leaves, whenever that is.
        configuration.rateLimit = 100_000
        let sender = try TransferLoop(
            socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes, configuration: configuration, incoming: { _ in })
        let session = sender.send(
            [try SourceFile(path: path)], to: [receiver.address], remoteKey: receiver.key.publicKey, preSharedKey: Self.psk)
        async let received = receiver.receiveAll(into: target)
        var iterator = session.updates.makeAsyncIterator()
        while let update = await iterator.next() {
            if case .answered = update { break }
        }
        await sender.shutDown()
        #expect(try await received == .failed(.closedByPeer(.goingAway, "")))
        #expect(!FileManager.default.fileExists(atPath: target.file("a")))
        await receiver.loop.shutDown()
    }
}
