import TransferIO
import TransferProtocol

/// The transfers of one `recv-file`: how many are complete, and which files the others receive. If a sender was killed and connects again,
/// its new transfer takes the part file over from the old one.
actor ActiveTransfers {
    /// Two offers with the same key are the same file, as in the journal of a part file.
    private struct Key: Hashable {
        let senderKey: [UInt8]
        let name: ByteString
        let size: UInt64
        let modified: Int64

        /// Nil for a folder or a stream, which cannot be resumed.
        init?(_ offer: FileOffer, _ senderKey: [UInt8]) {
            guard offer.kind == .file, let size = offer.size else { return nil }
            self.senderKey = senderKey
            name = ByteString(offer.name)
            self.size = size
            modified = offer.modified
        }
    }

    private let limit: Int?
    private var sessions: [Key: TransferSession] = [:]
    private var superseded: Set<ObjectIdentifier> = []
    private var waiting: [ObjectIdentifier: [CheckedContinuation<Void, Never>]] = [:]
    /// The transfers under way that have accepted a file, or are about to.
    private var takers: Set<ObjectIdentifier> = []
    private var completed = 0

    /// - Parameter limit: how many transfers to accept. One that is interrupted does not count.
    init(limit: Int?) {
        self.limit = limit
    }

    private var hasRoom: Bool { takers.count + completed < limit ?? .max }

    /// False if ``claim(_:from:by:)`` is certain to return false; then the user need not be asked.
    func mayClaim(_ offer: FileOffer, from senderKey: [UInt8], by session: TransferSession) -> Bool {
        hasRoom || takers.contains(ObjectIdentifier(session)) || Key(offer, senderKey).flatMap { sessions[$0] } != nil
    }

    /// Reserves a place for a session before it accepts a file. An earlier transfer of the same file by the same sender is ended first if
    /// it does not answer, and this session takes its place.
    /// - Returns: false if the limit is reached.
    func claim(_ offer: FileOffer, from senderKey: [UInt8], by session: TransferSession) async -> Bool {
        let key = Key(offer, senderKey)
        while let key, !isSuperseded(session), let old = sessions[key], old !== session {
            if await old.isAlive() { break }
            // Another session may have claimed the file in the meantime.
            guard sessions[key] === old else { continue }
            // From now on the file belongs to this session, even while it waits for the old one to end.
            sessions[key] = session
            superseded.insert(ObjectIdentifier(old))
            if takers.remove(ObjectIdentifier(old)) != nil { takers.insert(ObjectIdentifier(session)) }
            old.close(.cancelled, "The sender has connected again.")
            await withCheckedContinuation { waiting[ObjectIdentifier(old), default: []].append($0) }
        }
        guard !isSuperseded(session), hasRoom || takers.contains(ObjectIdentifier(session)) else { return false }
        takers.insert(ObjectIdentifier(session))
        if let key { sessions[key] = session }
        return true
    }

    /// Whether another session of the same sender has replaced this one, which is ending.
    func isSuperseded(_ session: TransferSession) -> Bool { superseded.contains(ObjectIdentifier(session)) }

    /// Releases a file that is done, has failed or could not be accepted.
    /// - Parameter hasTaken: whether the session has accepted any file.
    func release(_ offer: FileOffer, from senderKey: [UInt8], by session: TransferSession, hasTaken: Bool) {
        if let key = Key(offer, senderKey), sessions[key] === session { sessions[key] = nil }
        if !hasTaken { takers.remove(ObjectIdentifier(session)) }
    }

    /// Removes a session that has ended and has closed its files.
    /// - Parameter isComplete: whether every file was answered, and every accepted one has arrived or failed.
    /// - Returns: whether another session has replaced it, so that its outcome does not count.
    func end(_ session: TransferSession, isComplete: Bool) -> Bool {
        sessions = sessions.filter { $0.value !== session }
        if takers.remove(ObjectIdentifier(session)) != nil, isComplete { completed += 1 }
        for continuation in waiting.removeValue(forKey: ObjectIdentifier(session)) ?? [] { continuation.resume() }
        return superseded.remove(ObjectIdentifier(session)) != nil
    }
}
