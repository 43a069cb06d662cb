import CLinux
import Glibc
import TransferProtocol

/// Received bytes into files and outputs, and files into their places.
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

    /// Gives the next of the writes to a worker, unless it has some.
    private func writeSlowly(_ state: SessionState) {
        guard !state.isWriting, !state.slowWrites.isEmpty else { return }
        let handle = state.connection.handle
        let writes = SlowWrites(Array(state.slowWrites.prefix(SlowWrites.most)), to: state.destinations, of: state.connection)
        state.slowWrites.removeFirst(writes.requests.count)
        state.isWriting = true
        state.busy.formUnion(writes.files)
        // One worker, so that what is wanted in order stays in order.
        workers[Int(handle % UInt64(workers.count))].run { [mailbox] in
            writes.run()
            if !mailbox.post({ $0.wroteSlowly(writes, handle) }) { writes.abandon() }
        }
    }

    private func wroteSlowly(_ writes: SlowWrites, _ handle: UInt64) {
        guard let state = sessions[handle] else { return writes.abandon() }
        state.isWriting = false
        state.busy.subtract(writes.files)
        let resumes = state.waitingResumes
        state.waitingResumes = []
        for (file, kept) in resumes { resume(file, kept, state) }
        for request in writes.requests[..<writes.written] { state.connection.wrote(request) }
        let rest = writes.requests[writes.written...]
        switch writes.stop {
        case nil:
            if writes.written > 0 {
                state.retryDelay = .zero
                if state.fullSince != nil { hasRoom(state) }
            }
        case .failed(let file, let failure, let text):
            // The file is given up first: its bytes are then nobody's.
            state.connection.fail(file, failure, text)
            state.slowWrites.insert(contentsOf: rest, at: 0)
            drop(&state.slowWrites, of: file, state)
        case .full, .busy:
            // From here on they wait as others do.
            state.waitingWrites = rest + state.slowWrites
            state.slowWrites = []
            if case .busy(let descriptor) = writes.stop {
                waitForReader(descriptor, state)
            } else {
                state.fullSince = state.fullSince ?? now
                wait(state)
            }
        }
        state.isDiskSlow = writes.isSlow
        state.usesWorker = writes.isSlow || !state.slowWrites.isEmpty
        writeSlowly(state)
    }

    /// - Returns: false if there is no room; it is tried again later.
    private func tryWrite(_ request: WriteRequest, _ state: SessionState) -> Bool {
        guard let destination = state.destinations[request.file] else {
            state.connection.wrote(request)
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
            state.retryDelay = .zero
            if state.fullSince != nil { hasRoom(state) }
        } catch is DestinationFull {
            state.fullSince = state.fullSince ?? now
            wait(state)
            return false
        } catch let busy as DestinationBusy {
            waitForReader(busy.descriptor, state)
            return false
        } catch is OutputClosed {
            state.connection.fail(request.file, .outputClosed, "the reader of the output went away")
        } catch let error {
            state.connection.fail(request.file, .destinationFailed, "\(error)")
        }
        state.connection.wrote(request)
        return true
    }

    /// Of a file that failed nothing more is written.
    func drop(_ waiting: inout [WriteRequest], of file: FileID, _ state: SessionState) {
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
            // One that cannot be watched is tried again soon.
            wait(state)
        }
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

    private func hasRoom(_ state: SessionState) {
        state.fullSince = nil
        guard state.toldPaused else { return }
        state.toldPaused = false
        state.connection.setPaused(false)
        state.session.tell(.paused(false))
    }

    /// Reads and writes that had to wait.
    func retryFiles() {
        for state in sessions.values {
            if let (request, descriptor) = state.waitingRead, state.retryAt <= now || isReady(descriptor, POLLIN) {
                unwatch(descriptor)
                state.waitingRead = nil
                state.retryAt = .distantFuture
                read(request, state)
            }
            guard !state.waitingWrites.isEmpty || !state.waitingPlaces.isEmpty,
                state.retryAt <= now || state.waitingOutput.map({ isReady($0, POLLOUT) }) ?? false
            else { continue }
            unwatchOutput(state)
            state.retryAt = .distantFuture
            let places = state.waitingPlaces
            state.waitingPlaces = []
            for (file, size) in places { place(file, size, state) }
            while let first = state.waitingWrites.first, tryWrite(first, state) {
                // A failed file takes its writes out of the queue itself.
                if state.waitingWrites.first?.bytes.baseAddress == first.bytes.baseAddress { state.waitingWrites.removeFirst() }
            }
            // Room may come and go within moments; without any for two seconds the disk is full.
            if let since = state.fullSince, now - since > .seconds(Int64(2)), !state.toldPaused {
                state.toldPaused = true
                state.connection.setPaused(true)
                state.session.tell(.paused(true))
            }
        }
    }

    /// When a transfer that waits for room on the receiver's disk is given up.
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
        guard let destination = state.destinations[file] else { return }
        // What came before this word may be in the worker's hands, and the file with it.
        guard !state.isWriting || !state.busy.contains(file) else {
            state.waitingResumes.append((file, kept))
            return
        }
        do {
            try destination.resume(keeping: kept)
            if !kept.isEmpty { state.session.tell(.resumed(file, kept: kept)) }
        } catch let error {
            state.connection.fail(file, .destinationFailed, "\(error)")
        }
    }

    func place(_ file: FileID, _ size: UInt64, _ state: SessionState) {
        guard let destination = state.destinations[file] else { return }
        let handle = state.connection.handle
        state.busy.insert(file)
        worker(file).run { [mailbox] in
            let result = Result { try destination.finish(size: size) }
            mailbox.post { $0.placed(file, size, result, handle) }
        }
    }

    private func placed(_ file: FileID, _ size: UInt64, _ result: Result<Void, any Error>, _ handle: UInt64) {
        guard let state = sessions[handle] else { return }
        state.busy.remove(file)
        switch result {
        case .success:
            if state.fullSince != nil { hasRoom(state) }
            if let record = state.destinations.removeValue(forKey: file)?.record { state.records.append(record) }
            state.connection.placed(file)
            state.session.tell(.done(file))
        case .failure(is DestinationFull):
            // Some file systems need room for a time or a mode.
            state.fullSince = state.fullSince ?? now
            state.waitingPlaces.append((file, size))
            wait(state)
        case .failure(is OutputClosed): state.connection.fail(file, .outputClosed, "the reader of the output went away")
        case .failure(let error): state.connection.fail(file, .destinationFailed, "\(error)")
        }
    }
}
