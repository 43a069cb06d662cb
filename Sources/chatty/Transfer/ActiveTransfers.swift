import TransferIO
import TransferProtocol

/// The files being received, so that a sender that was killed and comes again gets its own `.part` back from its dead first transfer.
actor ActiveTransfers {
    /// What makes two offers one file, as the journal of a part sees it.
    private struct Key: Hashable {
        let senderKey: [UInt8]
        let offer: FileOffer
    }

    /// How long a transfer must have received nothing to be taken for dead when its sender comes again.
    private static let silence = Duration.seconds(1)

    private var sessions: [Key: TransferSession] = [:]
    private var superseded: Set<ObjectIdentifier> = []
    private var waiting: [ObjectIdentifier: [CheckedContinuation<Void, Never>]] = [:]

    /// Before a part is opened: ends an earlier transfer of the same file by the same sender that is silent, and waits for its end.
    func claim(_ offer: FileOffer, from senderKey: [UInt8], by session: TransferSession) async {
        let key = Key(senderKey: senderKey, offer: offer)
        if let old = sessions[key], old !== session {
            let before = old.statistics.packetsReceived
            try? await Task.sleep(for: Self.silence)
            if sessions[key] === old, old.statistics.packetsReceived == before {
                superseded.insert(ObjectIdentifier(old))
                old.close(.cancelled, "The sender came again.")
                await withCheckedContinuation { waiting[ObjectIdentifier(old), default: []].append($0) }
            }
        }
        sessions[key] = session
    }

    /// After a session's end.
    /// - Returns: whether another took its place, so that its end counts for nothing.
    func release(_ session: TransferSession) -> Bool {
        sessions = sessions.filter { $0.value !== session }
        for continuation in waiting.removeValue(forKey: ObjectIdentifier(session)) ?? [] { continuation.resume() }
        return superseded.remove(ObjectIdentifier(session)) != nil
    }
}
