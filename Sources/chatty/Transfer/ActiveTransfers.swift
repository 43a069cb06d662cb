import TransferIO
import TransferProtocol

/// The transfers of one `recv-file`: which files they are receiving, so that a sender that was killed and comes again gets its own `.part`
/// back from its dead first transfer; and how many are complete.
actor ActiveTransfers {
    /// What makes two offers one file, as the journal of a part sees it.
    private struct Key: Hashable {
        let senderKey: [UInt8]
        let name: ByteString
        let size: UInt64
        let modified: Int64

        /// Nil for what is never gone on with.
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
    /// Those under way that have taken a file, or are about to.
    private var takers: Set<ObjectIdentifier> = []
    private var completed = 0

    /// - Parameter limit: how many transfers are wanted; one that is interrupted leaves its place to the next.
    init(limit: Int?) {
        self.limit = limit
    }

    private var hasRoom: Bool { takers.count + completed < limit ?? .max }

    /// Whether it makes sense to ask for anything: false where ``claim(_:from:by:)`` is false for certain.
    func mayClaim(_ offer: FileOffer, from senderKey: [UInt8], by session: TransferSession) -> Bool {
        hasRoom || takers.contains(ObjectIdentifier(session)) || Key(offer, senderKey).flatMap { sessions[$0] } != nil
    }

    /// Before a file is taken. An earlier transfer of the same file by the same sender that gives no sign of life is ended first, and gives its
    /// place to this one.
    /// - Returns: false where as many others as may have taken files.
    func claim(_ offer: FileOffer, from senderKey: [UInt8], by session: TransferSession) async -> Bool {
        let key = Key(offer, senderKey)
        while let key, !isSuperseded(session), let old = sessions[key], old !== session {
            if await old.isAlive() { break }
            // Another may have come meanwhile.
            guard sessions[key] === old else { continue }
            // Whoever comes next, though this one be waiting still, has to do with this one.
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

    /// Whether its sender has come again, and another session has its place: it is ending.
    func isSuperseded(_ session: TransferSession) -> Bool { superseded.contains(ObjectIdentifier(session)) }

    /// The file is done, or failed, or could not be taken after all.
    /// - Parameter hasTaken: whether the session has taken any.
    func release(_ offer: FileOffer, from senderKey: [UInt8], by session: TransferSession, hasTaken: Bool) {
        if let key = Key(offer, senderKey), sessions[key] === session { sessions[key] = nil }
        if !hasTaken { takers.remove(ObjectIdentifier(session)) }
    }

    /// After a session's end, when nothing of its files is held any more.
    /// - Parameter isComplete: each of its files has had its answer, and what was taken has come or cannot come.
    /// - Returns: whether another took its place, so that its end counts for nothing.
    func end(_ session: TransferSession, isComplete: Bool) -> Bool {
        sessions = sessions.filter { $0.value !== session }
        if takers.remove(ObjectIdentifier(session)) != nil, isComplete { completed += 1 }
        for continuation in waiting.removeValue(forKey: ObjectIdentifier(session)) ?? [] { continuation.resume() }
        return superseded.remove(ObjectIdentifier(session)) != nil
    }
}
