import NIOConcurrencyHelpers
import Testing

@testable import TransferIO
@testable import TransferProtocol

/// A sender whose every word is the test's own: it can say what no honest one says.
final class HandDrivenSender {
    let connection: TransferConnection
    private let endpoint: TransferEndpoint
    private let socket: UDPSocket
    private var batch = DatagramBatch(maximumSegments: 1)
    /// Files that the receiver takes.
    private(set) var accepted: Set<FileID> = []
    /// For a file's bytes: where the receiver is told that they belong, in the place of where they are; none are sent where there is none.
    var offsets: [UInt64] = []
    /// Reads that wait for an offset.
    private var reads: [ReadRequest] = []

    /// On a busy machine a test waits for its turn, and neither side is to take the other for gone meanwhile.
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
    /// - Throws: where it never will, for the connection is over.
    func run(until condition: () -> Bool) async throws {
        while !condition() {
            try Task.checkCancellation()
            try #require(!connection.isOver, "\(connection.statistics)")
            socket.receive {
                endpoint.receive($0.bytes, segmentSize: $0.segmentSize, from: $0.from, to: $0.local, ecn: $0.ecn, at: LoopCore.clock())
            }
            if endpoint.nextTimeout <= LoopCore.clock() { endpoint.handleTimeout(at: LoopCore.clock()) }
            repeat {
                takeEvents()
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

    private func takeEvents() {
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

/// What was called, in order.
final class CallLog: Sendable {
    private let entries = NIOLockedValueBox<[String]>([])
    var all: [String] { entries.withLockedValue(\.self) }
    func add(_ entry: String) { entries.withLockedValue { $0.append(entry) } }
    func has(_ entry: String) -> Bool { all.contains(entry) }
}

/// Such a sender, which offers five streams, and a receiver.
struct HandDrivenTransfer {
    let sender: HandDrivenSender
    private let receiver: TransferLoopFilesTests.Receiver
    let session: TransferSession
    /// What the receiver was told.
    let updates: CallLog
    /// For the destinations.
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

    /// The sender gives the first file up, and the receiver hears of it.
    func fail() async throws {
        sender.connection.fail(0, .cancelled, "")
        try await sender.run { updates.has("failed 0") }
    }

    /// Returns when the sender knows: the loop has done by then what it was told before, and what the file's worker was given.
    func accept(_ file: FileID, into destination: any TransferDestination) async throws {
        session.accept(file, into: destination)
        try await sender.run { sender.accepted.contains(file) }
    }

    func end() async { await receiver.loop.shutDown(within: .zero) }
}
