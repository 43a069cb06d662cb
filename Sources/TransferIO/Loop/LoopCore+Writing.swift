import CLinux
import Glibc
import TransferProtocol

/// Writing of received bytes to files and outputs, and placing of files.
extension LoopCore {
    func write(_ request: WriteRequest, _ state: SessionState) {
        guard state.waitingWrites.isEmpty else {
            state.waitingWrites.append(request)
            return
        }
        guard !state.usesWorker else {
            state.slowWrites.append(request)
            writeSlowly(state)
            return
        }
        if !tryWrite(request, state) { state.waitingWrites.append(request) }
    }

    /// Starts the worker on the next slow writes, unless it is busy.
    private func writeSlowly(_ state: SessionState) {
        guard !state.isWriting, !state.slowWrites.isEmpty else { return }
        let handle = state.connection.handle
        let writes = popSlowWrites(of: state)
        state.isWriting = true
        // Always the same worker, so that ordered data stays in order.
        workers[Int(handle % UInt64(workers.count))].run { [mailbox] in
            writes.run()
            if mailbox.post({ $0.wroteSlowly(writes, handle) }) == .refused { writes.abandon() }
        }
    }

    /// Removes the next of the slow writes, and lends their destinations, except those that another worker has.
    private func popSlowWrites(of state: SessionState) -> SlowWrites {
        let next = state.slowWrites.prefix(SlowWrites.most)
        state.slowWrites.removeFirst(next.count)
        var lent: [FileID: any TransferDestination] = [:]
        let requests = next.filter { request in
            if lent[request.file] == nil { lent[request.file] = state.destinations.lend(request.file) }
            return lent[request.file] != nil || !state.destinations.postpone(.write(request), of: request.file)
        }
        return SlowWrites(Array(requests), to: lent, of: state.connection)
    }

    private func wroteSlowly(_ writes: SlowWrites, _ handle: UInt64) {
        guard let state = sessions[handle] else { return writes.abandon() }
        let waiting = writes.files.map { ($0, state.destinations.reclaim($0) ?? []) }
        for request in writes.requests[..<writes.written] { state.connection.wrote(request) }
        // Writes of a file that was given up meanwhile are dropped.
        let rest = writes.requests[writes.written...].filter { request in
            if state.destinations[request.file] != nil { return true }
            state.connection.wrote(request)
            return false
        }
        switch writes.stop {
        case nil:
            if writes.written > 0 { recordRoom(state) }
        case .failed(let file, let failure, let text):
            // The file fails first, so that its bytes are discarded.
            state.connection.fail(file, failure, text)
            state.slowWrites.insert(contentsOf: rest, at: 0)
            drop(&state.slowWrites, of: file, state)
        case .full, .busy:
            // The rest waits as other writes do.
            state.waitingWrites = rest + state.slowWrites
            state.slowWrites = []
            guard state.waitsForOutput else { break }
            if case .busy(let descriptor) = writes.stop { waitForReader(descriptor, state) } else { waitForRoom(state) }
        }
        for (file, works) in waiting { perform(file, works, state) }
        state.isWriting = false
        state.isDiskSlow = writes.isSlow
        state.usesWorker = writes.isSlow || !state.slowWrites.isEmpty
        writeSlowly(state)
    }

    /// Runs `job` on a worker with a file's destination. On the loop's thread, if the file is still wanted, `then` follows, and after it
    /// the work that was queued meanwhile.
    func lend<Value: Sendable>(
        _ file: FileID, _ state: SessionState, _ job: @escaping @Sendable (any TransferDestination) -> Value,
        then: @escaping @Sendable (LoopCore, SessionState, Value) -> Void
    ) {
        guard let destination = state.destinations.lend(file) else { return }
        let handle = state.connection.handle
        worker(file).run { [mailbox] in
            let value = job(destination)
            let acceptance = mailbox.post { core in
                guard let state = core.sessions[handle] else { return destination.abandon() }
                guard let waiting = state.destinations.reclaim(file) else { return }
                then(core, state, value)
                core.perform(file, waiting, state)
            }
            if acceptance == .refused { destination.abandon() }
        }
    }

    /// Does the work that was queued for a file while its destination was lent.
    private func perform(_ file: FileID, _ waiting: [Destinations.Work], _ state: SessionState) {
        for work in waiting {
            switch work {
            case .write(let request): write(request, state)
            case .resume(let kept): resume(file, kept, state)
            case .place(let size): place(file, size, state)
            }
        }
    }

    /// - Returns: false if there is no room; the write is retried later.
    private func tryWrite(_ request: WriteRequest, _ state: SessionState) -> Bool {
        guard let destination = state.destinations[request.file] else {
            if !state.destinations.postpone(.write(request), of: request.file) { state.connection.wrote(request) }
            return true
        }
        do {
            let start = Self.clock()
            defer {
                let took = Self.clock() - start
                state.limits.usedFiles(took)
                if took > SlowWrites.patience { state.usesWorker = true }
            }
            try destination.write(request.bytes, at: request.offset)
            recordRoom(state)
        } catch is DestinationFull {
            waitForRoom(state)
            return false
        } catch let busy as DestinationBusy {
            waitForReader(busy.descriptor, state)
            return false
        } catch is OutputClosed {
            state.connection.fail(request.file, .outputClosed, "the program reading the output closed it")
        } catch let error {
            state.connection.fail(request.file, .destinationFailed, "\(error)")
        }
        state.connection.wrote(request)
        return true
    }

    /// Drops the destination and the queued writes of a file that failed. If no other write is queued, the state of the disk is unknown.
    func forgetDestination(_ file: FileID, _ state: SessionState) {
        state.waitingPlaces[file] = nil
        drop(&state.waitingWrites, of: file, state)
        drop(&state.slowWrites, of: file, state)
        for case .write(let request) in state.destinations.giveUp(file) { state.connection.wrote(request) }
        if state.waitingWrites.isEmpty { unwatchOutput(state) }
        if !state.waitsForOutput { recordRoom(state) }
    }

    private func drop(_ waiting: inout [WriteRequest], of file: FileID, _ state: SessionState) {
        waiting.removeAll { request in
            guard request.file == file else { return false }
            state.connection.wrote(request)
            return true
        }
    }

    private func waitForReader(_ descriptor: Int32, _ state: SessionState) {
        if clinux_watch_add_writable(wakeUp, descriptor) == 0 {
            state.waitingOutput = descriptor
        } else {
            // A descriptor that cannot be watched is polled soon.
            wait(state)
        }
    }

    private func waitForRoom(_ state: SessionState) {
        state.fullSince = state.fullSince ?? now
        wait(state)
    }

    private func wait(_ state: SessionState) {
        state.retryDelay = min(max(state.retryDelay * 2, .milliseconds(1)), .milliseconds(500))
        state.retryAt = now + state.retryDelay
    }

    func unwatchOutput(_ state: SessionState) {
        guard let descriptor = state.waitingOutput else { return }
        unwatch(descriptor)
        state.waitingOutput = nil
    }

    private func recordRoom(_ state: SessionState) {
        state.retryDelay = .zero
        state.fullSince = nil
        guard state.isPauseAnnounced else { return }
        state.isPauseAnnounced = false
        state.connection.setPaused(false)
        state.session.post(.paused(false))
    }

    /// Retries reads and writes that had to wait.
    func retryFiles() {
        for state in sessions.values {
            if let (request, descriptor) = state.waitingRead, state.retryAt <= now || isReady(descriptor, POLLIN) {
                unwatch(descriptor)
                state.waitingRead = nil
                state.retryAt = .distantFuture
                read(request, state)
            }
            guard state.waitsForOutput,
                state.retryAt <= now || state.waitingOutput.map({ isReady($0, POLLOUT) }) ?? false
            else { continue }
            unwatchOutput(state)
            state.retryAt = .distantFuture
            for (file, size) in state.waitingPlaces {
                // A worker may still have the destination.
                if state.destinations[file] == nil { wait(state) } else { place(file, size, state) }
            }
            while let first = state.waitingWrites.first, tryWrite(first, state) {
                // A failed file removes its writes from the queue itself.
                if state.waitingWrites.first?.bytes.baseAddress == first.bytes.baseAddress { state.waitingWrites.removeFirst() }
            }
            // Room may come and go within moments; the disk counts as full after two seconds without any.
            if let since = state.fullSince, now - since > .seconds(Int64(2)), !state.isPauseAnnounced {
                state.isPauseAnnounced = true
                state.connection.setPaused(true)
                state.session.post(.paused(true))
            }
        }
    }

    /// When a transfer that waits for room on the receiver's disk is closed.
    func fullDeadline(_ state: SessionState) -> TransferInstant? {
        (state.fullSince ?? state.peerFullSince).map { $0 + endpoint.configuration.idleTimeout }
    }

    func giveUpFullDisks() {
        for state in sessions.values {
            guard let deadline = fullDeadline(state), deadline <= now else { continue }
            state.connection.close(.fileError, "The disk of the receiver stays full.", as: .diskFull)
        }
    }

    private func isReady(_ descriptor: Int32, _ events: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    func resume(_ file: FileID, _ kept: [Range<UInt64>], _ state: SessionState) {
        // Data that arrived before this event may still be with a worker, and the destination with it.
        if state.destinations.postpone(.resume(keeping: kept), of: file) { return }
        guard let destination = state.destinations[file] else { return }
        do {
            try destination.resume(keeping: kept)
            if !kept.isEmpty { state.session.post(.resumed(file, kept: kept)) }
        } catch let error {
            state.connection.fail(file, .destinationFailed, "\(error)")
        }
    }

    func place(_ file: FileID, _ size: UInt64, _ state: SessionState) {
        // A sender that repeats data may have the file placed while more of it is being written.
        if state.destinations.postpone(.place(size: size), of: file) { return }
        lend(file, state) { destination in
            Result { try destination.finish(size: size) }
        } then: {
            $0.placed(file, size, $2, $1)
        }
    }

    private func placed(_ file: FileID, _ size: UInt64, _ result: Result<Void, any Error>, _ state: SessionState) {
        switch result {
        case .success:
            recordRoom(state)
            state.waitingPlaces[file] = nil
            let destination = state.destinations[file]
            if let record = destination?.record { state.records.append(record) }
            state.destinations.remove(file)
            state.connection.placed(file, as: destination?.changedName)
            state.session.post(.done(file))
        case .failure(is DestinationFull):
            // Some file systems need room to store a time or a mode.
            state.waitingPlaces[file] = size
            waitForRoom(state)
        case .failure(let error):
            state.destinations.giveUp(file)
            if error is OutputClosed {
                state.connection.fail(file, .outputClosed, "the program reading the output closed it")
            } else {
                state.connection.fail(file, .destinationFailed, "\(error)")
            }
        }
    }
}
