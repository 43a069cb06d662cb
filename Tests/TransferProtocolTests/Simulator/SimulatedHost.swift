import Crypto

@testable import TransferProtocol

/// An endpoint with its files in memory: what the socket loop and the file objects are in the product.
final class SimulatedHost {
    struct Source {
        var offer: FileOffer
        var bytes: [UInt8]
        /// The file is found changed when it was read.
        var changes = false
    }

    let endpoint: TransferEndpoint
    var address: NetworkAddress
    var batch = DatagramBatch()
    /// What this side sends, by connection and file.
    var sources: [UInt64: [FileID: Source]] = [:]
    /// What it received, by file (receivers in tests have one connection).
    var received: [FileID: [UInt8]] = [:]
    var offers: [FileID: FileOffer] = [:]
    var placed: Set<FileID> = []
    var delivered: Set<FileID> = []
    var failures: [FileID: FileFailure] = [:]
    var outcome: TransferOutcome?
    var established = 0
    var sawPause = false
    /// Seconds a write of one byte takes; writes queue up.
    var secondsPerByte = 0.0
    /// No write is taken before then.
    var diskBlockedUntil = TransferInstant.zero
    var answer: (FileOffer) -> FileAnswer = { _ in .accept(held: []) }
    /// What is on disk from an earlier attempt.
    var parts: [String: [UInt8]] = [:]
    var stopsAnswering = false
    var inOrder = false
    var writtenInOrder = true
    private var nextOrdered: UInt64 = 0
    private var writes: [(due: TransferInstant, connection: TransferConnection, request: WriteRequest)] = []
    private var diskFreeAt = TransferInstant.zero

    init(_ configuration: TransferConfiguration, address: NetworkAddress, seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let key = try NoiseKeyPair(privateBytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
        endpoint = TransferEndpoint(configuration: configuration, staticKey: key, random: random)
        self.address = address
    }

    var nextTimeout: TransferInstant {
        stopsAnswering ? .distantFuture : min(endpoint.nextTimeout, writes.first?.due ?? .distantFuture)
    }

    func act(at now: TransferInstant) {
        guard !stopsAnswering else { return }
        while let first = writes.first, first.due <= now {
            writes.removeFirst()
            take(first.request, on: first.connection)
        }
        while let (connection, event) = endpoint.nextEvent() { handle(event, of: connection, at: now) }
    }

    private func take(_ request: WriteRequest, on connection: TransferConnection) {
        let end = Int(request.offset) + request.bytes.count
        if received[request.file, default: []].count < end {
            received[request.file, default: []].append(
                contentsOf: [UInt8](repeating: 0, count: end - received[request.file, default: []].count))
        }
        received[request.file]?.withUnsafeMutableBytes { memory in
            UnsafeMutableRawBufferPointer(rebasing: memory[Int(request.offset)..<end]).copyMemory(from: request.bytes)
        }
        if inOrder {
            if request.offset != nextOrdered { writtenInOrder = false }
            nextOrdered = request.offset + UInt64(request.bytes.count)
        }
        connection.wrote(request)
    }

    private func handle(_ event: TransferEvent, of connection: TransferConnection, at now: TransferInstant) {
        switch event {
        case .established: established += 1
        case .closed(let outcome): self.outcome = outcome
        case .answered(let file, .accept(let held)) where !held.isEmpty:
            let bytes = sources[connection.handle]?[file]?.bytes ?? []
            let kept = held.filter { Array(SHA256.hash(data: bytes[Int($0.range.lowerBound)..<Int($0.range.upperBound)])) == $0.digest }
            connection.start(file, keeping: kept.map(\.range))
        case .answered: break
        case .read(let request):
            guard let source = sources[connection.handle]?[request.file] else { return connection.filled(request, count: 0) }
            let start = Int(request.offset)
            let count = min(request.buffer.count, source.bytes.count - start)
            request.buffer.copyBytes(from: source.bytes[start..<start + count])
            connection.filled(request, count: count)
        case .sourceRead(let file):
            if sources[connection.handle]?[file]?.changes == true {
                connection.fail(file, .sourceChanged, "the file changed")
            } else {
                connection.end(file)
            }
        case .delivered(let file): delivered.insert(file)
        case .offered(let file, let offer):
            offers[file] = offer
            received[file] = []
            if let part = parts[offer.name] {
                received[file] = part
                let held = stride(from: 0, to: part.count, by: 65_536).map { start in
                    let range = start..<min(start + 65_536, part.count)
                    return HeldRange(
                        range: UInt64(range.lowerBound)..<UInt64(range.upperBound), digest: Array(SHA256.hash(data: part[range])))
                }
                connection.answer(file, .accept(held: held))
            } else {
                connection.answer(file, answer(offer), inOrder: inOrder)
            }
        case .offersEnded: break
        case .resumed: break
        case .write(let request):
            if secondsPerByte == 0, diskBlockedUntil <= now { return take(request, on: connection) }
            diskFreeAt = max(diskFreeAt, now, diskBlockedUntil) + .seconds(Double(request.bytes.count) * secondsPerByte)
            writes.append((diskFreeAt, connection, request))
        case .arrived(let file, let size):
            if received[file]?.count == Int(size) || size == 0 { placed.insert(file) }
            connection.placed(file)
        case .failed(let file, let failure, _): failures[file] = failure
        case .peerPaused(let paused): if paused { sawPause = true }
        }
    }
}
