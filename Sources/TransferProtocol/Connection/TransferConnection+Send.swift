/// Building of datagrams to send.
extension TransferConnection {
    /// Fills `batch`, which must be empty, with the next run of datagrams.
    func nextDatagrams(into batch: inout DatagramBatch, at now: TransferInstant) -> Bool {
        switch phase {
        case .handshaking:
            return role == .sender ? nextHello(into: &batch, at: now) : nextReply(into: &batch, at: now)
        case .established:
            completeIfDone(at: now)
            guard phase == .established else { return nextDatagrams(into: &batch, at: now) }
            sealIfNothingFollows()
            return nextPathPacket(into: &batch, at: now) || nextControlPacket(into: &batch, at: now)
                || nextProbe(into: &batch, at: now) || nextSegments(into: &batch, at: now)
        case .closing: return nextClose(into: &batch, at: now)
        case .closed: return false
        }
    }

    private func nextHello(into batch: inout DatagramBatch, at now: TransferInstant) -> Bool {
        guard var hello, hello.nextAt <= now, hello.nextAddress < hello.addresses.count else { return false }
        let count = hello.write(to: batch.reserve(DatagramType.minimumHello), localID: localID)
        let address = hello.addresses[hello.nextAddress]
        batch.append(head: count, on: NetworkPath(remote: address, local: .any))
        trace?.handshake(.sent, .initial, bytes: count, peer: address, at: now)
        hello.nextAddress += 1
        if hello.nextAddress == hello.addresses.count {
            hello.nextAddress = 0
            hello.round += 1
            hello.nextAt = now + hello.interval
        }
        self.hello = hello
        counted(count, at: now)
        return true
    }

    private func nextReply(into batch: inout DatagramBatch, at now: TransferInstant) -> Bool {
        guard let path = replyTo.popLast(), !replyDatagram.isEmpty else { return false }
        batch.reserve(replyDatagram.count).copyBytes(from: replyDatagram)
        batch.append(head: replyDatagram.count, on: path)
        trace?.handshake(.sent, .initial, bytes: replyDatagram.count, peer: path.remote, at: now)
        counted(replyDatagram.count, at: now)
        return true
    }

    private func counted(_ bytes: Int, at now: TransferInstant) {
        counters.bytesSent += UInt64(bytes)
        lastSentAt = now
    }

    /// Seals one packet of at most `size` bytes with the frames that `write` writes.
    /// - Parameters:
    ///   - path: the path that its fate counts for.
    ///   - destination: where it is sent if not there.
    ///   - write: returns whether the packet is ack-eliciting, and its content; nil to send nothing.
    private func seal(
        into batch: inout DatagramBatch, on path: Path, to destination: NetworkPath? = nil, size: Int, paddedTo padding: Int = 0,
        at now: TransferInstant,
        _ write: (inout WireWriter) -> (eliciting: Bool, content: PacketContent)?
    ) -> Bool {
        guard keys != nil, recovery.canTrack else { return false }
        let memory = batch.reserve(max(size, padding))
        let number = recovery.nextPacketNumber
        var writer = WireWriter(UnsafeMutableRawBufferPointer(rebasing: memory[SealedPacket.headerLength..<size - PacketCipher.tagSize]))
        guard let (eliciting, content) = write(&writer), writer.count > 0, !writer.overflowed else { return false }
        writer.zeros(padding - SealedPacket.overhead - writer.count)
        SealedPacket.writeHeader(memory, connection: remoteID, number: number)
        if let trace {
            let frames = UnsafeRawBufferPointer(rebasing: memory[SealedPacket.headerLength..<SealedPacket.headerLength + writer.count])
            trace.sealed(
                .sent, number: number, bytes: SealedPacket.overhead + writer.count, frames: frames, path: path.generation, at: now)
        }
        guard let length = SealedPacket.seal(memory, frames: writer.count, number: number, with: &keys!.sealControl) else { return false }
        batch.append(head: length, on: destination ?? path.destination)
        recovery.sent(on: path, bytes: length, eliciting: eliciting, content: content, at: now)
        counted(length, at: now)
        return true
    }

    private func nextPathPacket(into batch: inout DatagramBatch, at now: TransferInstant) -> Bool {
        guard let outgoing = paths.next(challenge: random.next(), maximumAckDelay: recovery.maximumAckDelay, at: now) else { return false }
        switch outgoing {
        case .challenge(let data, let path, let size):
            return seal(into: &batch, on: path, size: size, paddedTo: size, at: now) { writer in
                writer.frame(.pathChallenge)
                writer.integer(data)
                return (true, PacketContent())
            }
        case .response(let data, let destination, let size):
            // It counts for no path: it may be on one that is never used, and if it is lost the peer sends another challenge.
            return seal(into: &batch, on: path, to: destination, size: size, paddedTo: size, at: now) { writer in
                writer.frame(.pathResponse)
                writer.integer(data)
                return (false, PacketContent())
            }
        }
    }

    /// Puts all acks, windows, messages and pings that are due into one packet.
    private func nextControlPacket(into batch: inout DatagramBatch, at now: TransferInstant) -> Bool {
        if role == .sender { scheduleAckRate() }
        let path = path
        let mayElicit = probesPending > 0 || path.bytesInFlight + path.datagramSize <= path.controller.window
        let isSmall = smallPingPending
        let hasStream = streamOut.hasBytesToSend && mayElicit && !isSmall
        // A probe that retransmits data is a data packet; without data it is a ping.
        let isBareProbe = probesPending > 0 && !hasStream && !(role == .sender && ring.hasSegmentToSend)
        guard acks.isDue(at: now) || hasStream || windowUrgent || pingPending || isSmall || isBareProbe || (ackRateDue && mayElicit) else {
            return false
        }
        // Only duplicates of forgotten packets are pending: there is nothing to acknowledge.
        if acks.ranges.isEmpty { acks.sent() }
        let hasAck = acks.hasPending
        let hasRate = ackRateDue && mayElicit
        // Acks use all the room that the other frames leave.
        var reserved = 1
        if role == .receiver { reserved += WireWriter.windowSize + WireWriter.failedSize(records.failed) }
        if hasRate { reserved += WireWriter.ackRateSize }
        if hasStream { reserved += path.datagramSize < PathMTU.base ? path.datagramSize / 4 : Self.streamShare }
        var piece: Range<UInt64>?
        let size = isSmall ? min(path.datagramSize, PathMTU.least) : path.datagramSize
        let sent = seal(into: &batch, on: path, size: size, at: now) { writer in
            var eliciting = false
            var content = PacketContent()
            if hasAck {
                if !ecnReceived.isZero { writer.ecnFrame(ecnReceived) }
                writer.frame(.ack)
                guard acks.ranges.write(to: &writer, delay: acks.delay(at: now), keeping: reserved) else { return nil }
            }
            if role == .receiver {
                if windowUrgent { eliciting = true }
                writer.windowFrame(opened: records.opened, limit: records.limit)
                if !records.failed.isEmpty { writer.failedFrame(records.failed) }
            }
            if hasRate, let rate = sentAckRate {
                writer.ackRateFrame(packets: rate.packets, delay: rate.delay, lowest: recovery.packets.base)
                eliciting = true
            }
            if hasStream, writer.room > 40, let (offset, bytes) = streamOut.nextPiece(limit: writer.room - 20) {
                piece = offset..<offset + UInt64(bytes.count)
                writer.frame(.stream)
                writer.varint(offset)
                writer.varint(UInt64(bytes.count))
                bytes.withUnsafeBytes { writer.append($0) }
                content = PacketContent(kind: .stream, number: offset, offset: 0, length: UInt32(bytes.count))
                eliciting = true
            }
            // A window or ack-rate frame that must not be lost gets a ping beside it, which elicits an ack.
            if pingPending || isSmall || (eliciting && content.kind == .nothing) || isBareProbe {
                writer.frame(.ping)
                eliciting = true
            }
            // Acks are not acknowledged themselves. If many ranges make them large, one at a time carries a ping: the return path may only
            // carry smaller packets.
            if role == .receiver, content.kind == .nothing, writer.count > PathMTU.least, eliciting || recovery.elicitingOutstanding == 0 {
                if !eliciting { writer.frame(.ping) }
                eliciting = true
                content.kind = .control
            }
            return (eliciting, content)
        }
        guard sent else {
            if let piece { streamOut.lost(piece) }
            return false
        }
        if hasAck { acks.sent() }
        if hasRate { ackRateDue = false }
        pingPending = false
        smallPingPending = false
        windowUrgent = false
        if piece != nil, waitingSince == nil { waitingSince = now }
        if role == .receiver { advertisedLimit = records.limit }
        // The small ping is sent in addition to the probes.
        if hasStream || isBareProbe, probesPending > 0, !isSmall { probesPending -= 1 }
        return true
    }

    /// Bytes reserved for messages beside acks.
    private static let streamShare = 512

    /// Chooses how often the receiver is to acknowledge: about eight times a round trip, and at most every second packet.
    private func scheduleAckRate() {
        let packets = UInt64(min(max(path.controller.window / path.datagramSize / 8, 2), 256))
        let delay = UInt64(min(max(path.rtt.smoothed.nanoseconds / 8, 1_000_000), 25_000_000) / 1000)
        let number = recovery.nextPacketNumber
        if let sent = sentAckRate {
            let changed = packets >= 2 * sent.packets || 2 * packets <= sent.packets || delay >= 2 * sent.delay || 2 * delay <= sent.delay
            guard changed || number - sent.atPacket >= 1 << 14 else { return }
        } else if !path.rtt.hasSample {
            return
        }
        sentAckRate = (packets, delay, number)
        recovery.maximumAckDelay = .microseconds(Int64(delay)) + .milliseconds(1)
        ackRateDue = true
    }

    /// Sends a probe for a larger path MTU (RFC 8899).
    private func nextProbe(into batch: inout DatagramBatch, at now: TransferInstant) -> Bool {
        guard role == .sender, path.rtt.hasSample, !path.fallback.isStalled else { return false }
        path.mtu.raise(at: now)
        guard let size = path.mtu.nextProbe, !ring.isEmpty,
            path.bytesInFlight + size <= path.controller.window || path.bytesInFlight == 0
        else { return false }
        let sent = seal(into: &batch, on: path, size: size, paddedTo: size, at: now) { writer in
            writer.frame(.ping)
            return (true, PacketContent(kind: .probe, number: path.mtu.generation, offset: 0, length: UInt32(size)))
        }
        guard sent else { return false }
        batch.isProbe = true
        path.mtu.sent(size)
        return true
    }

    private func nextSegments(into batch: inout DatagramBatch, at now: TransferInstant) -> Bool {
        guard role == .sender else { return false }
        let path = path
        pacedUntil = nil
        var allowance = path.pacer.allowance(at: now)
        var sentBytes = 0
        let marks = path.marksData
        batch.isSeparate = path.fallback.sendsSingly
        while batch.acceptsMore, recovery.canTrack {
            guard ring.hasSegmentToSend else {
                if batch.segments == 0 { diagnoseIdle(at: now) }
                break
            }
            if probesPending == 0 {
                if path.bytesInFlight + path.datagramSize > path.controller.window {
                    isBlockedByPath = true
                    limit = rateHolder ?? .path
                    break
                }
                if allowance <= 0 {
                    isBlockedByPath = true
                    limit = rateHolder ?? .path
                    if batch.segments == 0 { pacedUntil = path.pacer.nextSend(at: now, datagramSize: path.datagramSize) }
                    break
                }
            }
            guard let segment = ring.nextSegment() else { break }
            let sent =
                segment.isSealed
                ? appendSealed(segment, on: path, to: &batch, marks: marks, at: now)
                : appendClear(segment, on: path, to: &batch, marks: marks, at: now)
            guard let sent else {
                ring.putBack(segment)
                break
            }
            if probesPending > 0 { probesPending -= 1 }
            allowance -= min(sent, allowance)
            sentBytes += sent
        }
        guard sentBytes > 0 else { return false }
        if marks { batch.ecn = 2 }
        if waitingSince == nil { waitingSince = now }
        path.pacer.sent(sentBytes)
        counted(sentBytes, at: now)
        return true
    }

    /// The highest rate at which this side sends on the path in use, bytes a second. Of the relay's rate a little is left to the packets of
    /// the other direction.
    private var rateCap: Double? {
        let ofRelay = path.isRelayed ? relayRate.map { 0.96 * $0 } : nil
        return [configuration.rateLimit, ofRelay].compactMap(\.self).min()
    }

    /// What holds the rate, if it is a cap. A controller that measures its rate paces a little below the cap, and one that fills the queue of
    /// a slower path far above that path's rate, so the delivery rate decides.
    private var rateHolder: TransferStatistics.Limit? {
        guard let cap = rateCap, path.deliveryRate > 0.85 * cap else { return nil }
        return cap == configuration.rateLimit ? .limit : .relay
    }

    /// Finds the reason why there is nothing to send though the path would carry it.
    private func diagnoseIdle(at now: TransferInstant) {
        // The driver has merely not read on yet.
        if wantsRead { return }
        isBlockedByPath = false
        path.rate.markAppLimited(bytesInFlight: path.bytesInFlight)
        if pendingRead != nil {
            limit = .source
        } else if ring.next >= peerLimit || ring.isFull {
            limit = .receiver
            probeWindow(at: now)
        } else if recovery.elicitingOutstanding > 0 {
            limit = .path
        } else {
            // The receiver has yet to answer an offer, or to report a file as done.
            limit = outgoing.unresolved > 0 ? .receiver : .idle
        }
    }

    private func appendClear(
        _ segment: RecordRing.Segment, on path: Path, to batch: inout DatagramBatch, marks: Bool, at now: TransferInstant
    ) -> Int? {
        let size = SegmentHeader.length + segment.bytes.count
        guard batch.hasRoom(for: size, on: path.destination), let key = keys?.sendCheck else { return nil }
        let header = SegmentHeader(
            connection: remoteID, packetNumber: UInt32(truncatingIfNeeded: recovery.nextPacketNumber),
            record: UInt32(truncatingIfNeeded: segment.record), offset: segment.offset, endsRecord: segment.endsRecord)
        header.write(to: batch.reserve(SegmentHeader.length), key: key)
        trace?.segment(
            .sent, number: recovery.nextPacketNumber, bytes: size, record: segment.record, offset: segment.offset,
            length: segment.bytes.count, path: path.generation, at: now)
        batch.append(head: SegmentHeader.length, body: segment.bytes, on: path.destination)
        recovery.sent(
            on: path,
            bytes: size, eliciting: true,
            content: PacketContent(
                kind: .segment, number: segment.record, offset: UInt32(segment.offset), length: UInt32(segment.bytes.count)),
            isECNCapable: marks, at: now)
        return size
    }

    private func appendSealed(
        _ segment: RecordRing.Segment, on path: Path, to batch: inout DatagramBatch, marks: Bool, at now: TransferInstant
    ) -> Int? {
        let size = SealedPacket.overhead + WireWriter.recordPartOverhead + segment.bytes.count
        guard batch.hasRoom(for: size, on: path.destination), keys != nil else { return nil }
        let memory = batch.reserve(size)
        let number = recovery.nextPacketNumber
        var writer = WireWriter(UnsafeMutableRawBufferPointer(rebasing: memory[SealedPacket.headerLength...]))
        writer.recordPartFrame(
            record: segment.record, offset: segment.offset, endsRecord: segment.endsRecord, bytes: UnsafeRawBufferPointer(segment.bytes))
        SealedPacket.writeHeader(memory, connection: remoteID, number: number)
        guard let length = SealedPacket.seal(memory, frames: writer.count, number: number, with: &keys!.sealControl) else { return nil }
        batch.append(head: length, on: path.destination)
        trace?.segment(
            .sent, number: number, bytes: length, record: segment.record, offset: segment.offset, length: segment.bytes.count,
            path: path.generation, at: now)
        recovery.sent(
            on: path,
            bytes: length, eliciting: true,
            content: PacketContent(
                kind: .sealedSegment, number: segment.record, offset: UInt32(segment.offset), length: UInt32(segment.bytes.count)),
            isECNCapable: marks, at: now)
        return length
    }

    private func nextClose(into batch: inout DatagramBatch, at now: TransferInstant) -> Bool {
        guard let due = closeDue, due <= now, let (reason, text) = closeReason else { return false }
        closeDue = nil
        let spacing = path.rtt.probeTimeout(maximumAckDelay: recovery.maximumAckDelay)
        if lingerUntil == .distantFuture { lingerUntil = now + spacing * 3 }
        let sent = seal(into: &batch, on: path, size: min(path.datagramSize, PathMTU.base), at: now) { writer in
            writer.closeFrame(reason, text)
            return (false, PacketContent())
        }
        if closesLeft > 1 { closeDue = now + spacing / 2 }
        closesLeft -= 1
        if isAnsweringClose { phase = .closed }
        return sent
    }

    /// Sets the pacing rate after the window or the round-trip time has changed.
    func updatePacer(at now: TransferInstant) {
        let path = path
        guard path.rtt.hasSample else { return }
        // RFC 9002 §7.7; twice the rate in slow start, so that pacing does not keep the window from doubling.
        let gain = path.controller.isInSlowStart ? 2 : 1.25
        var rate = path.controller.pacingRate ?? gain * Double(path.controller.window) / max(path.rtt.smoothed.inSeconds, 1e-6)
        if let cap = rateCap { rate = min(rate, cap) }
        if role == .sender, path.mtu.fit(rate: rate) != nil { datagramSizeChanged() }
        path.pacer.setRate(rate, datagramSize: path.datagramSize, at: now)
    }
}
