import Connectivity

/// Processing of received datagrams.
extension TransferConnection {
    /// Processes one datagram that carries this connection's id.
    func receiveDatagram(
        _ datagram: UnsafeRawBufferPointer, on path: NetworkPath, ecn: UInt8, scratch: UnsafeMutableRawBufferPointer,
        at now: TransferInstant
    ) {
        guard phase != .closed, let first = datagram.first, case .ours(let type) = FirstByte(first) else {
            counters.datagramsDropped += 1
            return
        }
        counters.packetsReceived += 1
        counters.bytesReceived += UInt64(datagram.count)
        switch type {
        case .segment: receiveSegment(datagram, on: path, ecn: ecn, at: now)
        case .sealed: receiveSealed(datagram, on: path, ecn: ecn, scratch: scratch, at: now)
        case .reply: receiveReply(datagram, on: path, at: now)
        case .cookie:
            guard role == .sender, phase == .handshaking, datagram.count > DatagramType.commonHeader, datagram.count <= 200 else { return }
            let cookie = Array(datagram[DatagramType.commonHeader...])
            trace?.handshake(.received, .retry, bytes: datagram.count, peer: path.remote, at: now)
            // A new cookie is worth an immediate hello; a repeated one is not.
            if hello?.cookie != cookie {
                hello?.cookie = cookie
                hello?.nextAddress = 0
                hello?.nextAt = now
            }
        case .refusal: if phase == .handshaking, role == .sender { hello?.claim(.refused, by: path.remote) }
        case .hello, .keyRequest, .keyReply: counters.datagramsDropped += 1
        }
    }

    /// Handles a version negotiation; it is ignored if it lists our version.
    func receiveVersions(_ versions: [UInt8], from address: NetworkAddress) {
        guard role == .sender, phase == .handshaking, !versions.contains(DatagramType.version) else { return }
        hello?.claim(.unsupportedVersion(versions), by: address)
    }

    private func receiveReply(_ datagram: UnsafeRawBufferPointer, on path: NetworkPath, at now: TransferInstant) {
        // A valid reply from an address that no hello went to is a copy that somebody forwarded.
        guard role == .sender, phase == .handshaking, let hello, hello.addresses.contains(path.remote) else { return }
        guard let reply = try? ReplyDatagram(datagram), let (payload, session) = try? hello.noise.read(message2: reply.message2),
            let parameters = try? TransportParameters(decoding: payload), parameters.connection == reply.responder
        else {
            counters.datagramsDropped += 1
            return
        }
        trace?.handshake(.received, .initial, bytes: datagram.count, peer: path.remote, at: now)
        remoteID = reply.responder
        paths.begin(on: path)
        self.hello = nil
        establish(session, parameters, at: now)
        // The first sealed packet proves the initiator to the receiver; it is sent even if nothing is offered yet.
        pingPending = true
    }

    /// Takes over the session's keys and the peer's parameters; at the receiver before the sender is proven.
    func adopt(_ session: NoiseSession, _ parameters: TransportParameters) {
        keys = ConnectionKeys(session)
        verification = session.handshakeHash
        peerKey = session.remoteStatic
        peerIdleTimeout = .milliseconds(Int64(min(parameters.idleTimeout, 1 << 40)))
        peerLimit = parameters.initialWindow
        peerAcceptsNames = parameters.acceptsNames
        peerContents = parameters.contents[...]
        paths.limit(toPeerMaximum: parameters.maximumDatagramSize)
    }

    private func establish(_ session: NoiseSession, _ parameters: TransportParameters, at now: TransferInstant) {
        adopt(session, parameters)
        phase = .established
        lastReceivedAt = now
        traceStart(at: now)
        events.append(.established(peerKey: peerKey, verification: verification))
    }

    private func receiveSegment(_ datagram: UnsafeRawBufferPointer, on path: NetworkPath, ecn: UInt8, at now: TransferInstant) {
        guard role == .receiver, phase == .established, let key = keys?.receiveCheck, let header = SegmentHeader(datagram, key: key) else {
            counters.datagramsDropped += 1
            return
        }
        if let number = acks.expand(header.packetNumber) {
            let isHighest = acks.isHighest(number)
            if acks.received(number, eliciting: true, authenticated: false, at: now) {
                trace?.segment(
                    .received, number: number, bytes: datagram.count, record: UInt64(header.record), offset: header.offset,
                    length: datagram.count - SegmentHeader.length, path: nil, at: now)
                ecnReceived.count(ecn)
                received(on: path, bytes: datagram.count, isHighest: isHighest, isProbe: false, at: now)
            }
        }
        handleSegment(
            UnsafeRawBufferPointer(rebasing: datagram[SegmentHeader.length...]), record: header.record, offset: header.offset,
            endsRecord: header.endsRecord, fromSealed: false, at: now)
    }

    private func receiveSealed(
        _ datagram: UnsafeRawBufferPointer, on path: NetworkPath, ecn: UInt8, scratch: UnsafeMutableRawBufferPointer,
        at now: TransferInstant
    ) {
        guard keys != nil, let (number, frames) = SealedPacket.open(datagram, with: &keys!.openControl, into: scratch) else {
            counters.datagramsDropped += 1
            return
        }
        // A duplicate, from the network or an attacker, proves nothing about the peer. Only its ack may have been lost.
        if acks.isRepeated(number) {
            if phase == .established { _ = acks.received(number, eliciting: true, authenticated: false, at: now) }
            return
        }
        lastReceivedAt = now
        trace?.sealed(.received, number: number, bytes: datagram.count, frames: frames, path: nil, at: now)
        if phase == .handshaking {
            guard role == .receiver else { return }
            phase = .established
            paths.begin(on: path)
            traceStart(at: now)
            events.append(.established(peerKey: peerKey, verification: verification))
            windowUrgent = true
        }
        if phase == .closing {
            receiveWhileClosing(frames, at: now)
            return
        }
        let isHighest = acks.isHighest(number)
        guard let (eliciting, isProbe) = handleFrames(frames, on: path, datagram: datagram.count, at: now) else {
            return violated("a packet that cannot be read")
        }
        received(on: path, bytes: datagram.count, isHighest: isHighest, isProbe: isProbe, at: now)
        if acks.received(number, eliciting: eliciting, authenticated: true, at: now) { ecnReceived.count(ecn) }
    }

    /// Records where an authentic packet arrived.
    @inline(__always)
    private func received(on path: NetworkPath, bytes: Int, isHighest: Bool, isProbe: Bool, at now: TransferInstant) {
        moved(paths.received(on: path, bytes: bytes, isHighest: isHighest, isProbe: isProbe, at: now), at: now)
    }

    /// - Returns: whether the packet is ack-eliciting, and whether it only validates a path; nil if it cannot be decoded.
    private func handleFrames(
        _ frames: UnsafeRawBufferPointer, on path: NetworkPath, datagram bytes: Int, at now: TransferInstant
    ) -> (eliciting: Bool, isProbe: Bool)? {
        var reader = WireReader(frames)
        var eliciting = false
        var isProbe = true
        var sawAck = false
        var counts: ECNCounts?
        while !reader.isAtEnd {
            guard let frame = try? Frame.read(from: &reader, ranges: &rangeScratch, failed: &failedScratch) else { return nil }
            switch frame {
            case .padding: continue
            case .pathChallenge(let data):
                eliciting = true
                paths.challenged(on: path, data, bytes: bytes)
                continue
            case .pathResponse(let data):
                eliciting = true
                moved(paths.answered(data, at: now), at: now)
                continue
            case .ping: eliciting = true
            case .ack(let delay):
                sawAck = true
                handleAck(delay: delay, at: now)
            case .ecnCounts(let reported): counts = reported
            case .window(let opened, let limit): handleWindow(opened: opened, limit: limit)
            case .failedRecords: if role == .sender { for record in failedScratch { ring.resendSealed(record) } }
            case .stream(let offset, let piece):
                eliciting = true
                guard (try? streamIn.receive(offset: offset, bytes: piece)) != nil, let messages = try? streamIn.messages() else {
                    return nil
                }
                for message in messages where !isOver { handle(message) }
            case .ackRate(let packets, let delay, let lowest): acks.setFrequency(every: packets, delay: delay, lowest: lowest)
            case .close(let reason, let text):
                handleClose(CloseReason(rawValue: reason) ?? .cancelled, PeerText.harmless(text), at: now)
                return (false, false)
            case .recordPart(let record, let offset, let endsRecord, let piece):
                eliciting = true
                guard role == .receiver else { return nil }
                handleSegment(piece, record: record, offset: offset, endsRecord: endsRecord, fromSealed: true, at: now)
            }
            isProbe = false
            if isOver { return (false, false) }
        }
        if sawAck { handleECNCounts(counts, at: now) }
        return (eliciting, isProbe)
    }

    private func handleAck(delay: UInt64, at now: TransferInstant) {
        recovery.received(
            ranges: rangeScratch, delay: .microseconds(Int64(min(delay, 10_000_000))), isAppLimited: !isBlockedByPath, paths: paths,
            at: now)
        settleContents(at: now)
        watchHead(at: now)
        updatePacer(at: now)
        traceUpdate(at: now)
    }

    private func handleECNCounts(_ counts: ECNCounts?, at now: TransferInstant) {
        // CE marks of a former path say nothing about this one.
        guard path.ecn.received(counts, acknowledgedCapable: path.acknowledgedCapable), recovery.largestNewlySentOn == path.generation
        else {
            return
        }
        path.controller.marked(sentAt: recovery.largestNewlySentAt, inFlight: path.bytesInFlight, at: now)
        updatePacer(at: now)
    }

    /// Acts on the packet contents that loss detection found acknowledged or lost.
    func settleContents(at now: TransferInstant) {
        var (sawRecords, sawMessages, sawControl) = (false, false, false)
        for content in recovery.acknowledged {
            switch content.kind {
            case .segment, .sealedSegment:
                ring.acknowledged(content)
                sawRecords = true
            case .stream:
                streamOut.acknowledged(content.number..<content.number + UInt64(content.length))
                sawMessages = true
            case .control: sawControl = true
            case .probe:
                if content.number == path.mtu.generation, path.mtu.acknowledged(Int(content.length)) != nil { datagramSizeChanged() }
            case .nothing: break
            }
        }
        for content in recovery.lost { retransmit(content) }
        recordProgress(sawRecords || sawMessages, at: now)
        // Messages may be short: while records are queued, only their acks prove that the path carries their form.
        guard sawRecords || (ring.isEmpty && (sawMessages || sawControl)) else { return }
        if let finding = path.fallback.delivered(sentAt: recovery.largestNewlySentAt) { settle(finding, at: now) }
    }

    func retransmit(_ content: PacketContent) {
        switch content.kind {
        case .segment, .sealedSegment: ring.retransmit(content)
        case .stream: streamOut.lost(content.number..<content.number + UInt64(content.length))
        case .probe: if content.number == path.mtu.generation { path.mtu.lost(Int(content.length)) }
        case .control, .nothing: break
        }
    }

    private func handleWindow(opened: UInt64, limit: UInt64) {
        guard role == .sender, opened <= ring.next else { return }
        counters.bytesDone += ring.release(below: opened)
        if limit > peerLimit {
            peerLimit = limit
            blockedProbes = 0
        }
    }

    /// Continues on the path that is in use since then.
    func moved(_ move: PathSet.Move, at now: TransferInstant) {
        if move == .none { return }
        if move == .path {
            datagramSizeChanged()
            updatePacer(at: now)
        }
        trace?.assigned(path, at: now)
        recovery.resetBackoff()
        probesPending = max(probesPending, 1)
    }

    /// Adapts to the present size of datagrams.
    func datagramSizeChanged() {
        let size = path.datagramSize
        path.controller.datagramSizeChanged(to: size)
        ring.setLimits(clear: Self.clearLimit(size), sealed: Self.sealedLimit(size))
    }

    private func handleSegment(
        _ bytes: UnsafeRawBufferPointer, record: UInt32, offset: Int, endsRecord: Bool, fromSealed: Bool, at now: TransferInstant
    ) {
        guard !bytes.isEmpty else { return }
        lastSegmentAt = now
        quietPings = 0
        let (insertion, number) = records.insert(bytes, record: record, offset: offset, endsRecord: endsRecord, fromSealed: fromSealed)
        guard insertion == .complete, keys != nil else { return }
        switch records.open(number, with: &keys!.openRecord) {
        case .opened(let slot, let plaintext):
            lastReceivedAt = now
            delivery.add(.init(record: number, slot: slot, plaintext: plaintext), allOpenedBelow: records.opened)
            for opened in delivery.ready {
                guard deliverChunks(opened) else { return violated("a record that cannot be read") }
            }
        case .failed: break
        case .peerIsWrong: violated("a record sealed wrongly")
        }
    }

    /// Turns the chunks of an opened record into write events.
    private func deliverChunks(_ opened: RecordDelivery.Opened) -> Bool {
        var position = 0
        var chunks = 0
        while position < opened.plaintext.count {
            guard let chunk = try? RecordFormat.chunk(in: opened.plaintext, at: position),
                let wanted = incoming.wants(chunk.file, offset: chunk.offset, count: chunk.range.count)
            else { return false }
            if wanted {
                chunks += 1
                events.append(
                    .write(
                        WriteRequest(
                            file: chunk.file, offset: chunk.offset, bytes: UnsafeRawBufferPointer(rebasing: opened.plaintext[chunk.range]),
                            slot: opened.slot)))
            }
            position = chunk.range.upperBound
        }
        delivery.track(opened, chunks: max(chunks, 1))
        if chunks == 0, let record = delivery.release(opened.slot) { records.release(record) }
        return true
    }

    private func handleClose(_ reason: CloseReason, _ text: String, at now: TransferInstant) {
        trace?.closed(isLocal: false, reason: reason, text)
        // The close itself says that no further offer comes.
        if reason == .done, role == .receiver ? incoming.unresolved == 0 : outgoing.isDone {
            hasPeerDone = true
            events.append(.closed(.complete))
        } else {
            events.append(.closed(.failed(.closedByPeer(reason, text))))
        }
        pendingRead = nil
        // One close in return, so that the peer need not wait for a sign that its own arrived (RFC 9000 §10.2.2).
        phase = .closing
        closeReason = (reason, "")
        closeDue = .zero
        closesLeft = 1
        isAnsweringClose = true
    }

    /// A peer that still sends has not received our close: it is repeated, unless the peer is closing too.
    private func receiveWhileClosing(_ frames: UnsafeRawBufferPointer, at now: TransferInstant) {
        var reader = WireReader(frames)
        while !reader.isAtEnd, let frame = try? Frame.read(from: &reader, ranges: &rangeScratch, failed: &failedScratch) {
            if case .close = frame {
                phase = .closed
                return
            }
        }
        if closeDue == nil { closeDue = now }
    }
}
