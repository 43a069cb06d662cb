import Crypto
import TransferIO
import TransferProtocol

/// An endpoint with its files in memory: what the socket loop and the file objects are in the product.
package final class SimulatedHost {
    package struct Source {
        package var offer: FileOffer
        /// Its content; nil for ``SyntheticContent``, of which nobody has to keep a copy.
        package var bytes: [UInt8]?
        /// The file is found changed when it was read.
        package var changes = false

        package init(offer: FileOffer, bytes: [UInt8]?) {
            self.offer = offer
            self.bytes = bytes
        }
    }

    package let endpoint: TransferEndpoint
    package var address: NetworkAddress
    /// Further addresses of this host, at the same port, at which it is reached, too.
    package var aliases: [NetworkAddress] = []
    package var batch = DatagramBatch()
    /// What this side sends, by connection and file.
    package var sources: [UInt64: [FileID: Source]] = [:]
    /// Where what it receives goes, by file (receivers in tests have one connection).
    private var destinations: [FileID: any TransferDestination] = [:]
    private var inMemory: [FileID: MemoryFile] = [:]
    /// What it received into memory.
    package var received: [FileID: [UInt8]] { inMemory.mapValues(\.bytes) }
    /// Opens another place than memory for an offered file.
    package var openDestination: ((FileOffer) throws -> any TransferDestination)?
    package var placed: Set<FileID> = []
    package var delivered: Set<FileID> = []
    package var failures: [FileID: FileFailure] = [:]
    package var outcome: TransferOutcome?
    package var established = 0
    package var sawPause = false
    /// What the receiver called files.
    package private(set) var names: [FileID: String] = [:]
    /// Seconds a write of one byte takes; writes queue up.
    package var secondsPerByte = 0.0
    /// No write is taken before then.
    package var diskBlockedUntil = TransferInstant.zero
    /// What is sent has no bytes before then, as a stream that gives none.
    package var sourceSilentUntil = TransferInstant.zero
    /// What it has then, until it is silent again.
    package var bytesUntilSilence = Int.max
    /// How long a file that has arrived takes until it is safe in its place.
    package var placingTime = TransferDuration.zero
    package var answer: (FileOffer) -> FileAnswer = { _ in .accept(held: []) }
    /// What is on disk from an earlier attempt.
    package var parts: [String: [UInt8]] = [:]
    package var stopsAnswering = false
    /// What is sent to it does not arrive.
    package var hearsNothing = false
    /// What arrives is ``SyntheticContent``: compared with it and not kept.
    package var expectsSyntheticContent = false
    package private(set) var bytesDamaged: UInt64 = 0
    package var inOrder = false
    package var writtenInOrder = true
    private var nextOrdered: UInt64 = 0
    /// How long it takes to hash what is held of a file.
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
            take(first.request, on: first.connection)
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

    private func take(_ request: WriteRequest, on connection: TransferConnection) {
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

    /// Does something with a file's destination; a file for which that fails is given up, as by the socket loop.
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

    private func take(_ file: FileID, _ offer: FileOffer, on connection: TransferConnection, at now: TransferInstant) {
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
        case .offered(let file, let offer): take(file, offer, on: connection, at: now)
        case .offersEnded: break
        case .resumed(let file, let kept): attempt(file, on: connection) { try $0.resume(keeping: kept) }
        case .write(let request):
            if secondsPerByte == 0, diskBlockedUntil <= now { return take(request, on: connection) }
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

/// Bytes that follow from where they are in the file, so that transfers of gigabytes need no memory to be held to the truth.
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
