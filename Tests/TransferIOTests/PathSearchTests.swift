import Connectivity
import Crypto
import Foundation
import NetworkIO
import SystemSupport
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

/// Searches for paths between two loops with real sockets.
@Suite struct PathSearchTests {
    private static let secret = [UInt8](repeating: 6, count: 32)

    private static func loop(incoming: @escaping @Sendable (TransferSession) -> Void = { _ in }) throws -> TransferLoop {
        let loop = try TransferLoop(socket: UDPSocket(), staticKey: NoiseKeyPair().privateBytes, incoming: incoming)
        loop.setInvitations([Invitation(preSharedKey: secret)])
        return loop
    }

    private static func loopback(_ port: UInt16) -> NetworkAddress { NetworkAddress(ipv4: 0x7F00_0001, port: port) }

    private static func outcome(_ session: TransferSession) async -> TransferOutcome? {
        for await update in session.updates { if case .ended(let outcome) = update { return outcome } }
        return nil
    }

    private static func file(_ bytes: [UInt8], in folder: TemporaryFolder) throws -> SourceFile {
        try SourceFile(path: folder.write("movie.mp4", bytes))
    }

    /// A loop that takes every file into `folder`.
    private static func receiver(into folder: TemporaryFolder) throws -> TransferLoop {
        let target = try ReceiveFolder(path: folder.path)
        return try loop { session in
            Task {
                for await update in session.updates {
                    guard case .offered(let file, let offer) = update, let name = SafeName(offer.name) else { continue }
                    do {
                        session.accept(file, into: try DestinationFile(in: target, name: name, offer: offer, senderKey: []))
                    } catch {
                        session.decline(file, .cannotWrite)
                    }
                }
            }
        }
    }

    /// Of several addresses that the receiver names, the one that answers is used; two files at once make one search.
    @Test func aFileTakesThePathThatIsFound() async throws {
        let (from, folder) = (try TemporaryFolder(), try TemporaryFolder())
        let receiver = try Self.receiver(into: folder)
        let sender = try Self.loop()
        let closed = try UDPSocket()
        let named = [Self.loopback(closed.port), NetworkAddress(ipv4: 0, port: 5), Self.loopback(receiver.port)]
        receiver.answerSearch(PeerSearch([Self.loopback(sender.port)], secret: Self.secret))
        let content = [UInt8](repeating: 7, count: 200_000)
        let first = sender.send(
            [try Self.file(content, in: from)], searching: PeerSearch(named, secret: Self.secret), remoteKey: receiver.publicKey)
        let second = sender.send(
            [try SourceFile(path: from.write("other.mp4", [1, 2, 3]))], searching: PeerSearch(named, secret: Self.secret),
            remoteKey: receiver.publicKey)
        #expect(await Self.outcome(first) == .complete)
        #expect(await Self.outcome(second) == .complete)
        #expect(try Data(contentsOf: URL(filePath: folder.path + "/movie.mp4")) == Data(content))
        // The address that did not answer got probes, and no hello.
        var longest = 0
        closed.receive { longest = max(longest, $0.segmentSize) }
        #expect(longest == ProbeDatagram.size)
        await sender.shutDown()
        await receiver.shutDown()
    }

    /// Nobody answers: the search ends by itself, and so does the transfer, with the reason.
    @Test func wherePathsAreMissingItEnds() async throws {
        let from = try TemporaryFolder()
        let sender = try Self.loop()
        let deaf = try UDPSocket()
        let session = sender.send(
            [try Self.file([1], in: from)], searching: PeerSearch([Self.loopback(deaf.port)], secret: Self.secret),
            remoteKey: sender.publicKey)
        #expect(await Self.outcome(session) == .failed(.unreachable))
        // No usable address at all is no reason to wait longer.
        let other = sender.send(
            [try Self.file([1], in: from)], searching: PeerSearch([], secret: [UInt8](repeating: 8, count: 32)), remoteKey: sender.publicKey
        )
        #expect(await Self.outcome(other) == .failed(.unreachable))
        await sender.shutDown()
    }

    @Test(arguments: [false, true]) func aSearchCanBeGivenUp(byShutDown: Bool) async throws {
        let from = try TemporaryFolder()
        let sender = try Self.loop()
        let deaf = try UDPSocket()
        let session = sender.send(
            [try Self.file([1], in: from)], searching: PeerSearch([Self.loopback(deaf.port)], secret: Self.secret),
            remoteKey: sender.publicKey)
        if byShutDown { await sender.shutDown() } else { session.close(.cancelled, "") }
        #expect(await Self.outcome(session) == .failed(.cancelled))
        if !byShutDown { await sender.shutDown() }
    }

    /// A STUN server says where it sees the socket; a forged answer from elsewhere counts for nothing.
    @Test func theAddressThatAServerSeesIsKnown() async throws {
        let loop = try Self.loop()
        #expect(await loop.reflexiveAddresses().isEmpty)
        let server = try UDPSocket()
        let liar = try UDPSocket()
        let seen = NetworkAddress(ipv4: 0xCB00_7105, port: 7777)
        let port = server.port
        let thread = try JoinableThread("stun-server", Servers(server, liar)) { sockets in
            var isAnswered = false
            while !isAnswered {
                sockets.server.wait(for: .seconds(10))
                let received = sockets.server.receive { datagram in
                    guard case .binding(let transaction)? = STUNBinding.decodeRequest(datagram.bytes) else { return }
                    let lie = STUNBinding.success(transaction, seen: NetworkAddress(ipv4: 0x0808_0808, port: 1))
                    _ = lie.withUnsafeBytes { sockets.liar.send($0, to: datagram.from) }
                    _ = STUNBinding.success(transaction, seen: seen).withUnsafeBytes { sockets.server.send($0, to: datagram.from) }
                    isAnswered = true
                }
                if received == 0 { return }
            }
        }
        loop.ask([Self.loopback(port)])
        #expect(await loop.reflexiveAddresses() == [seen])
        thread.join()
        await loop.shutDown()
    }

    private final class Servers {
        let server: UDPSocket
        let liar: UDPSocket
        init(_ server: sending UDPSocket, _ liar: sending UDPSocket) {
            self.server = server
            self.liar = liar
        }
    }
}
