import NIOConcurrencyHelpers
import NetworkIO
import Testing

@testable import TransferIO
@testable import TransferProtocol

/// A sender that the test controls message by message, so that it can violate the protocol.
final class HandDrivenSender {
    let connection: TransferConnection
    private let endpoint: TransferEndpoint
    private let socket: UDPSocket
    private var batch = DatagramBatch(maximumSegments: 1)
    /// Files that the receiver has accepted.
    private(set) var accepted: Set<FileID> = []
    /// The offsets that file data is sent with, in place of the true ones; without any, no data is sent.
    var offsets: [UInt64] = []
    /// Reads that wait for an offset.
    private var reads: [ReadRequest] = []

    /// Long timeouts: on a busy machine a test waits for its turn, and neither side must give up the other meanwhile.
    static let patient = {
        var configuration = TransferConfiguration()
        (configuration.connectTimeout, configuration.idleTimeout) = (.seconds(Int64(1200)), .seconds(Int64(1200)))
        return configuration
    }()

    init(to receiver: TransferLoopFilesTests.Receiver) throws {
        socket = try UDPSocket(offload: false)
        endpoint = TransferEndpoint(configuration: Self.patient, staticKey: NoiseKeyPair())
        connection = try endpoint.connect(
            to: [receiver.address], remoteKey: receiver.key.publicKey, preSharedKey: TransferLoopFilesTests.psk, at: LoopCore.clock())
    }

    /// Sends and receives until `condition` holds.
    /// - Throws: if the connection is over, so that it never will.
    func run(until condition: () -> Bool) async throws {
        while !condition() {
            try Task.checkCancellation()
            try #require(!connection.isOver, "\(connection.statistics)")
            socket.receive {
                endpoint.receive($0.bytes, segmentSize: $0.segmentSize, from: $0.from, to: $0.local, ecn: $0.ecn, at: LoopCore.clock())
            }
            if endpoint.nextTimeout <= LoopCore.clock() { endpoint.handleTimeout(at: LoopCore.clock()) }
            repeat {
                handleEvents()
            } while send()
            socket.wait(for: .milliseconds(1))
            await Task.yield()
        }
    }

    private func send() -> Bool {
        guard endpoint.nextDatagrams(into: &batch, at: LoopCore.clock()) else { return false }
        for datagram in batch.datagrams() { BadPath.send(datagram, socket, batch.destination) }
        return true
    }

    private func handleEvents() {
        while let (_, event) = endpoint.nextEvent() {
            switch event {
            case .answered(let file, .accept): accepted.insert(file)
            case .read(let request): reads.append(request)
            default: break
            }
        }
        while !reads.isEmpty, !offsets.isEmpty {
            let request = reads.removeFirst()
            let moved = ReadRequest(file: request.file, offset: offsets.removeFirst(), buffer: request.buffer, slot: request.slot)
            connection.filled(moved, count: request.buffer.count)
        }
    }
}

/// A log of calls, in order.
final class CallLog: Sendable {
    private let entries = NIOLockedValueBox<[String]>([])
    var all: [String] { entries.withLockedValue(\.self) }
    func add(_ entry: String) { entries.withLockedValue { $0.append(entry) } }
    func has(_ entry: String) -> Bool { all.contains(entry) }
}

/// A hand-driven sender that offers five streams, and a receiver.
struct HandDrivenTransfer {
    let sender: HandDrivenSender
    private let receiver: TransferLoopFilesTests.Receiver
    let session: TransferSession
    /// The updates of the receiver.
    let updates: CallLog
    /// The calls of the destinations, in order.
    let log = CallLog()

    init() async throws {
        receiver = try TransferLoopFilesTests.Receiver(HandDrivenSender.patient)
        sender = try HandDrivenSender(to: receiver)
        for file in 0..<5 { sender.connection.offer(FileOffer(name: "\(file)", size: nil)) }
        let (updates, found) = (CallLog(), NIOLockedValueBox<TransferSession?>(nil))
        Task { [sessions = receiver.sessions] in
            for await session in sessions {
                found.withLockedValue { $0 = session }
                for await update in session.updates {
                    switch update {
                    case .offered(let file, _): updates.add("offered \(file)")
                    case .failed(let file, _, _): updates.add("failed \(file)")
                    case .done(let file): updates.add("done \(file)")
                    case .paused(let isPaused): updates.add("paused \(isPaused)")
                    default: break
                    }
                }
            }
        }
        try await sender.run { updates.has("offered 4") }
        self.updates = updates
        let session = found.withLockedValue(\.self)
        self.session = try #require(session)
    }

    /// Fails the first file at the sender, and waits until the receiver knows.
    func fail() async throws {
        sender.connection.fail(0, .cancelled, "")
        try await sender.run { updates.has("failed 0") }
    }

    /// Accepts a file and waits until the sender knows: by then the loop has executed its earlier commands, and the file's worker its
    /// earlier jobs.
    func accept(_ file: FileID, into destination: any TransferDestination) async throws {
        session.accept(file, into: destination)
        try await sender.run { sender.accepted.contains(file) }
    }

    func end() async { await receiver.loop.shutDown(within: .zero) }
}
