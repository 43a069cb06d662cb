/// Handling of the peer's messages, which the control stream carries.
extension TransferConnection {
    /// Counts bytes that the receiver had before this transfer.
    func countResumed(_ bytes: UInt64) {
        counters.bytesDone += bytes
        counters.bytesResumed += bytes
    }

    func handle(_ message: Message) {
        switch (role, message) {
        case (.receiver, .offer(let file, var offer)):
            if offer.kind == .directory, !offer.name.utf8.contains(UInt8(ascii: "/")) { offer.contents = peerContents.popFirst() }
            guard incoming.offered(file, offer) else { return violated("an offer that cannot be") }
            offerlessSince = nil
            events.append(.offered(file, offer))
        case (.receiver, .endOfOffers):
            incoming.endOffers()
            events.append(.offersEnded)
        case (.receiver, .keep(let file, let ranges)):
            if incoming.isSettled(file) { return }
            guard incoming.recordKept(file, ranges) else { return violated("ranges that are not held") }
            countResumed(incoming[file]?.kept ?? 0)
            events.append(.resumed(file, kept: ranges))
            if incoming.isOverfull(file) { return violated("more bytes than the file has") }
            if let size = incoming.popArrived(file) { events.append(.arrived(file, size: size)) }
        case (.receiver, .end(let file, let size)):
            guard incoming.ended(file, size: size) else { return violated("an end that cannot be") }
            if incoming.isOverfull(file) { return violated("more bytes than the file has") }
            if let size = incoming.popArrived(file) { events.append(.arrived(file, size: size)) }
        case (.sender, .answer(let file, let answer)):
            // An answer may cross our report that the file failed.
            if outgoing[file]?.state == .failed { return }
            guard outgoing.answered(file, answer) else { return violated("an answer that cannot be") }
            events.append(.answered(file, answer))
            if case .accept(let held) = answer, held.isEmpty { start(file, keeping: []) }
        case (.sender, .done(let file)):
            if outgoing[file]?.state == .failed { return }
            guard outgoing.deliver(file) else { return violated("a file done that was not sent") }
            events.append(.delivered(file))
        case (.sender, .named(let file, let name)):
            if outgoing[file]?.state == .failed { return }
            guard outgoing.name(file) else { return violated("a name for a file that was not sent") }
            events.append(.named(file, name))
        case (.sender, .paused(let paused)):
            counters.peerPaused = paused
            events.append(.peerPaused(paused))
        case (_, .failed(let file, let failure, let text)):
            let known = role == .sender ? outgoing.fail(file) : incoming.fail(file)
            guard known else { return }
            events.append(.failed(file, failure, text: text))
            reportFinishedReads()
        default: violated("a message from the wrong side")
        }
    }
}
