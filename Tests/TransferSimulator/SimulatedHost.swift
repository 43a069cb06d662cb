import Connectivity
import Crypto
import TransferIO
import TransferProtocol

/// An endpoint with its files in memory: it stands for the socket loop and the file objects of the product.
package final class SimulatedHost {
    package struct Source {
        package var offer: FileOffer
        /// The content; nil for ``SyntheticContent``, which needs no copy.
        package var bytes: [UInt8]?
        /// Whether the file is found changed after it was read.
        package var changes = false

        package init(offer: FileOffer, bytes: [UInt8]?) {
            self.offer = offer
            self.bytes = bytes
        }
    }

    package let endpoint: TransferEndpoint
    package var address: NetworkAddress
    /// Further addresses of this host, at the same port.
    package var aliases: [NetworkAddress] = []
    /// An address on an interface whose link is dead: nothing arrives there, and nothing leaves from it.
    package var deadAddress: NetworkAddress?
    package var batch = DatagramBatch()
    /// The files that this side sends, by connection and file.
    package var sources: [UInt64: [FileID: Source]] = [:]
    /// The destinations of received files (receivers in tests have one connection).
    private var destinations: [FileID: any TransferDestination] = [:]
    private var inMemory: [FileID: MemoryFile] = [:]
    /// The contents of the files that were received into memory.
    package var received: [FileID: [UInt8]] { inMemory.mapValues(\.bytes) }
    /// Opens a destination outside of memory for an offered file.
    package var openDestination: ((FileOffer) throws -> any TransferDestination)?
    package var placed: Set<FileID> = []
    package var delivered: Set<FileID> = []
    package var failures: [FileID: FileFailure] = [:]
    package var outcome: TransferOutcome?
    package var established = 0
    package var sawPause = false
    /// The names that the receiver gave to files.
    package private(set) var names: [FileID: String] = [:]
    /// Seconds that a write takes for each byte; writes queue up.
    package var secondsPerByte = 0.0
    /// No write completes before this time.
    package var diskBlockedUntil = TransferInstant.zero
    /// Sources have no bytes before this time, as a stream that pauses.
    package var sourceSilentUntil = TransferInstant.zero
    /// Bytes that sources have after that time; then they are silent again.
    package var bytesUntilSilence = Int.max
    /// How long a received file takes to be synced and placed.
    package var placingTime = TransferDuration.zero
    package var answer: (FileOffer) -> FileAnswer = { _ in .accept(held: []) }
    /// The parts of files that an earlier attempt left, by name.
    package var parts: [String: [UInt8]] = [:]
    package var stopsAnswering = false
    /// Whether all datagrams to this host are lost.
    package var receivesNothing = false
    /// Whether received data is ``SyntheticContent``: then it is compared and not kept.
    package var expectsSyntheticContent = false
    package private(set) var bytesDamaged: UInt64 = 0
    package var inOrder = false
    package var writtenInOrder = true
    private var nextOrdered: UInt64 = 0
    /// How long it takes to hash the held ranges of a file.
    package var hashingTime: (FileOffer) -> TransferDuration = { _ in .zero }
    private var answers: [(due: TransferInstant, connection: TransferConnection, file: FileID)] = []
    private var writes: [(due: TransferInstant, connection: TransferConnection, request: WriteRequest)] = []
    private var reads: [(connection: TransferConnection, request: ReadRequest)] = []
    private var placements: [(due: TransferInstant, connection: TransferConnection, file: FileID)] = []
    private var diskFreeAt = TransferInstant.zero

    package init(_ configuration: TransferConfiguration, address: NetworkAddress, seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let key = try NoiseKeyPair(privateBytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
        endpoint = TransferEndpoint(configuration: configuration, staticKey: key, random: random)
        self.address = address
    }

    package var nextTimeout: TransferInstant {
        if stopsAnswering { return .distantFuture }
        var next = min(endpoint.nextTimeout, writes.first?.due ?? .distantFuture)
        if !reads.isEmpty, bytesUntilSilence > 0 { next = min(next, sourceSilentUntil) }
        next = placements.reduce(next) { min($0, $1.due) }
        return answers.reduce(next) { min($0, $1.due) }
    }

    package func act(at now: TransferInstant) {
        guard !stopsAnswering else { return }
        while let first = writes.first, first.due <= now {
            writes.removeFirst()
            write(first.request, on: first.connection)
        }
        if sourceSilentUntil <= now, bytesUntilSilence > 0 {
            let waiting = reads
            reads = []
            for (connection, request) in waiting { read(request, of: connection, at: now) }
        }
        for (due, connection, file) in placements where due <= now { place(file, of: connection) }
        placements.removeAll { $0.due <= now }
        while let (connection, event) = endpoint.nextEvent() { handle(event, of: connection, at: now) }
        for (due, connection, file) in answers where due <= now {
            connection.answer(file, .accept(held: destinations[file]?.held ?? []), inOrder: inOrder)
        }
        answers.removeAll { $0.due <= now }
    }

    private func write(_ request: WriteRequest, on connection: TransferConnection) {
        if expectsSyntheticContent {
            if !SyntheticContent.isIn(request.bytes, at: request.offset) { bytesDamaged += UInt64(request.bytes.count) }
            return connection.wrote(request)
        }
        if inOrder {
            if request.offset != nextOrdered { writtenInOrder = false }
            nextOrdered = request.offset + UInt64(request.bytes.count)
        }
        attempt(request.file, on: connection) { try $0.write(request.bytes, at: request.offset) }
        connection.wrote(request)
    }

    /// Runs an operation on a file's destination; if it fails, the file fails, as in the socket loop.
    @discardableResult private func attempt(
        _ file: FileID, on connection: TransferConnection, _ body: (any TransferDestination) throws -> Void
    ) -> Bool {
        guard let destination = destinations[file] else { return false }
        do {
            try body(destination)
            return true
        } catch {
            connection.fail(file, .destinationFailed, "\(error)")
            return false
        }
    }

    private func accept(_ file: FileID, _ offer: FileOffer, on connection: TransferConnection, at now: TransferInstant) {
        guard case .accept = answer(offer) else { return connection.answer(file, answer(offer)) }
        if let openDestination {
            guard let destination = try? openDestination(offer) else { return connection.answer(file, .decline(.cannotWrite)) }
            destinations[file] = destination
        } else {
            let memory = MemoryFile(part: parts[offer.name])
            inMemory[file] = memory
            destinations[file] = memory
        }
        answers.append((now + hashingTime(offer), connection, file))
    }

    private func read(_ request: ReadRequest, of connection: TransferConnection, at now: TransferInstant) {
        if sourceSilentUntil > now || bytesUntilSilence == 0 { return reads.append((connection, request)) }
        guard let source = sources[connection.handle]?[request.file] else { return connection.filled(request, count: 0) }
        guard let bytes = source.bytes else {
            SyntheticContent.fill(request.buffer, at: request.offset)
            return connection.filled(request, count: request.buffer.count)
        }
        let start = Int(request.offset)
        let count = min(request.buffer.count, bytes.count - start, bytesUntilSilence)
        if bytesUntilSilence < .max { bytesUntilSilence -= count }
        request.buffer.copyBytes(from: bytes[start..<start + count])
        connection.filled(request, count: count)
    }

    private func place(_ file: FileID, of connection: TransferConnection) {
        placed.insert(file)
        connection.placed(file, as: destinations[file]?.changedName)
    }

    private func handle(_ event: TransferEvent, of connection: TransferConnection, at now: TransferInstant) {
        switch event {
        case .established: established += 1
        case .closed(let outcome): self.outcome = outcome
        case .answered(let file, .accept(let held)) where !held.isEmpty:
            let bytes = sources[connection.handle]?[file]?.bytes ?? []
            let kept = held.filter { part in
                guard part.range.upperBound <= bytes.count else { return false }
                return Array(SHA256.hash(data: bytes[Int(part.range.lowerBound)..<Int(part.range.upperBound)])) == part.digest
            }
            connection.start(file, keeping: kept.map(\.range))
        case .answered: break
        case .read(let request): read(request, of: connection, at: now)
        case .sourceRead(let file):
            if sources[connection.handle]?[file]?.changes == true {
                connection.fail(file, .sourceChanged, "the file changed")
            } else {
                connection.end(file)
            }
        case .delivered(let file): delivered.insert(file)
        case .named(let file, let name): names[file] = name
        case .offered(let file, let offer): accept(file, offer, on: connection, at: now)
        case .offersEnded: break
        case .resumed(let file, let kept): attempt(file, on: connection) { try $0.resume(keeping: kept) }
        case .write(let request):
            if secondsPerByte == 0, diskBlockedUntil <= now { return write(request, on: connection) }
            diskFreeAt = max(diskFreeAt, now, diskBlockedUntil) + .seconds(Double(request.bytes.count) * secondsPerByte)
            writes.append((diskFreeAt, connection, request))
        case .arrived(let file, let size):
            guard expectsSyntheticContent || attempt(file, on: connection, { try $0.finish(size: size) }) else { return }
            if placingTime > .zero { placements.append((now + placingTime, connection, file)) } else { place(file, of: connection) }
        case .failed(let file, let failure, _):
            failures[file] = failure
            destinations.removeValue(forKey: file)?.abandon()
        case .peerPaused(let paused): if paused { sawPause = true }
        }
    }
}

/// File content that is a function of the offset, so that transfers of gigabytes can be checked without memory.
package enum SyntheticContent {
    private static func word(_ index: UInt64) -> UInt64 {
        let mixed = (index &+ 1) &* 0x9E37_79B9_7F4A_7C15
        return mixed ^ mixed >> 29
    }

    /// - Parameter offset: a multiple of 8, as all reads of whole records are.
    package static func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) {
        for index in 0..<buffer.count / 8 {
            buffer.storeBytes(of: word(offset / 8 + UInt64(index)), toByteOffset: 8 * index, as: UInt64.self)
        }
    }

    package static func isIn(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) -> Bool {
        (0..<bytes.count / 8).allSatisfy {
            bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) == word(offset / 8 + UInt64($0))
        }
    }
}
