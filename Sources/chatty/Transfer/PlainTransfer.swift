import Connectivity
import Foundation
import NIOConcurrencyHelpers
import NetworkIO
import TransferIO
import TransferProtocol

/// `send-file --legacy` and `recv-file --legacy`: the plain format, over the same sockets and files.
enum PlainTransfer {
    /// - Parameter limit: the highest rate, in bytes a second.
    static func send(
        _ files: [ByteString], name: String?, limit: Int?, to peer: HostPort, _ reporter: TransferReporter, _ signals: SignalWatch
    ) async -> ExitStatus {
        reporter.complain("Not encrypted: everybody on the network path can read and change the data, and lost data is not detected.")
        do {
            var status = ExitStatus.done
            // Files that cannot be sent are reported before anything is sent. Each file is opened when it is its turn.
            let sources = files.compactMap { path -> (name: String, path: ByteString)? in
                if path == "-" { return (name ?? "stdin", path) }
                do {
                    return (try self.name(of: path, name), path)
                } catch {
                    status = .failed
                    complain(error, path, reporter)
                    return nil
                }
            }
            if sources.isEmpty { return reporter.end(TransferEnd(status: status, message: nil)) }
            let address: NetworkAddress
            do {
                address = try await peer.lookUp()[0]
            } catch {
                return reporter.end(TransferEnd(status: .unreachable, message: Sentence.of(error)))
            }
            let socket = try UDPSocket()
            let begun = ContinuousClock.now
            var sent = 0
            for (name, path) in sources {
                let file: FileHandle
                do {
                    file = try handle(path)
                } catch {
                    status = .failed
                    complain(error, path, reporter)
                    continue
                }
                try await transmit(.start(name: name), socket, address)
                var count: UInt64 = 0
                while let piece = try read(file, unless: signals), !piece.isEmpty {
                    try await transmit(.piece(Array(piece)), socket, address)
                    count += UInt64(piece.count)
                    sent += piece.count
                    guard let limit else { continue }
                    let due = begun + .seconds(Double(sent) / Double(limit))
                    while signals.status == nil, ContinuousClock.now < due {
                        try await Task.sleep(until: min(due, .now + .milliseconds(100)), clock: .continuous)
                    }
                }
                if let status = signals.status { return reporter.end(TransferEnd(status: status, message: "Interrupted.")) }
                try await transmit(.end, socket, address)
                reporter.add(bytes: count)
                var notice = TransferNotice(.note)
                notice.reason = "Sent \(Printable.text(name)): \(TransferText.bytes(count)). It is not known whether it arrived."
                reporter.report(notice.reason ?? "", notice)
            }
            return reporter.end(TransferEnd(status: status, message: nil))
        } catch {
            return reporter.end(TransferEnd(status: .failed, message: Sentence.of(error)))
        }
    }

    /// - Returns: nil at the end of the file or after a signal, so that a stalled stream does not delay the end.
    private static func read(_ file: FileHandle, unless signals: SignalWatch) throws -> Data? {
        while signals.status == nil {
            var place = pollfd(fd: file.fileDescriptor, events: Int16(POLLIN), revents: 0)
            if poll(&place, 1, 100) != 0 { return try file.read(upToCount: PlainCodec.pieceBytes) }
        }
        return nil
    }

    private static func complain(_ error: any Error, _ path: ByteString, _ reporter: TransferReporter) {
        var notice = TransferNotice(.failed)
        notice.name = path.description
        notice.reason = Printable.text(Sentence.of(error))
        reporter.complain(notice.reason ?? "", notice)
    }

    /// The name of a file that can be sent.
    private static func name(of path: ByteString, _ name: String?) throws -> String {
        // The checks and errors are the same as for any other transfer.
        do {
            return try SourceFile(path: path, name: name, closeAtOnce: true).offer.name
        } catch SourceError.withoutSize {
            // The plain format does not transmit the size.
            return try name ?? SourceFile.name(of: path)
        }
    }

    private static func handle(_ path: ByteString) throws -> FileHandle {
        if path == "-" { return FileHandle.standardInput }
        let descriptor = path.withCString { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw PlainTransferError(text: "cannot open \(path)") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    private static func transmit(_ datagram: PlainCodec.Datagram, _ socket: UDPSocket, _ address: NetworkAddress) async throws {
        let bytes = PlainCodec.bytes(datagram)
        while true {
            switch bytes.withUnsafeBytes({ socket.send($0, to: address) }) {
            case .sent:
                try await Task.sleep(for: PlainCodec.pause)
                return
            case .wouldBlock: socket.wait(for: .milliseconds(100), readable: false, writable: true)
            case .busy: try await Task.sleep(for: PlainCodec.pause)
            case .tooLarge, .failed: throw PlainTransferError(text: "cannot send to \(address.hostAndPort)")
            }
        }
    }

    static func receive(
        _ arguments: Arguments, limit: Int?, into output: ReceiveOutput, _ reporter: TransferReporter, _ signals: SignalWatch
    ) async -> ExitStatus {
        let socket: UDPSocket
        do {
            socket = try UDPSocket(port: UInt16(arguments[RecvFileFlags.place].port))
        } catch {
            return reporter.end(TransferEnd(status: .failed, message: Sentence.of(error)))
        }
        reporter.complain("Not encrypted: everybody who reaches the port can send, and lost data is not detected.")
        if ProcessEnvironment.current["CHATTY_SECRET"] != nil {
            reporter.complain("$CHATTY_SECRET has no effect: the old protocol has no secrets.")
        }
        var notice = TransferNotice(.listening)
        notice.port = Int(socket.port)
        let place = ReceivePlace(arguments, port: socket.port)
        let addresses = place.addresses.map(\.hostAndPort)
        notice.addresses = addresses
        reporter.announce(addresses.map { "Address: \($0)" }, notice)
        place.reportLimits(reporter)
        let receiver = PlainReceiver(
            socket: socket, output: output, reporter: reporter, timeout: arguments[SendFileFlags.timeout], limit: limit,
            signals: signals)
        return reporter.end(TransferEnd(status: await receiver.run(), message: nil))
    }
}

/// The reason why the plain format could not be used.
struct PlainTransferError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

/// The receiver of the plain format: several senders at once, distinguished by their addresses.
private struct PlainReceiver {
    private struct Incoming {
        let name: String
        let destination: any TransferDestination
        var count: UInt64 = 0
        var lastReceived = ContinuousClock.now
    }

    private static let maximumSenders = 64
    let socket: UDPSocket
    let output: ReceiveOutput
    let reporter: TransferReporter
    let timeout: Duration
    let limit: Int?
    let signals: SignalWatch

    /// Runs until the limit, a signal, or an output that cannot take another file.
    func run() async -> ExitStatus {
        var incoming: [NetworkAddress: Incoming] = [:]
        var worst = ExitStatus.done
        var finished = 0
        var isLast = false
        defer { for entry in incoming.values { entry.destination.abandon() } }
        while true {
            if let status = signals.status { return status }
            if isLast || finished >= limit ?? .max { return worst }
            socket.wait(for: .milliseconds(100))
            socket.receive { received in
                for start in stride(from: 0, to: received.bytes.count, by: received.segmentSize) {
                    let bytes = received.bytes[start..<min(start + received.segmentSize, received.bytes.count)]
                    let room = min(Self.maximumSenders, (limit ?? .max) - finished)
                    guard let status = handle(PlainCodec.datagram(bytes), from: received.from, &incoming, room: room, &isLast) else {
                        continue
                    }
                    worst = TransferEnd.worse(worst, status)
                    finished += 1
                }
            }
            for (address, entry) in incoming where ContinuousClock.now - entry.lastReceived > timeout {
                incoming[address] = nil
                isLast = giveUp(entry) || isLast
                let text = "Connection lost: nothing more came from \(address.hostAndPort); \(Printable.text(entry.name)) is incomplete."
                reporter.complain(text, notice(.failed, entry.name, address))
                worst = TransferEnd.worse(worst, .failed)
                finished += 1
            }
            await Task.yield()
        }
    }

    /// - Parameter room: the most files at once; others are ignored.
    /// - Returns: the exit status of a file that has ended; nil otherwise.
    private func handle(
        _ datagram: PlainCodec.Datagram, from address: NetworkAddress, _ incoming: inout [NetworkAddress: Incoming], room: Int,
        _ isLast: inout Bool
    ) -> ExitStatus? {
        do {
            switch datagram {
            case .start(let name):
                var failed: ExitStatus?
                if let old = incoming.removeValue(forKey: address) {
                    isLast = giveUp(old) || isLast
                    reporter.complain(
                        "\(Printable.text(old.name)) is incomplete: its sender began another file.", notice(.failed, old.name, address))
                    failed = .failed
                }
                guard incoming.count < room else { return failed }
                let offer = FileOffer(name: name, size: nil)
                // There is no sender's key: a file in this format is never resumed.
                var contents = ReceiveOutput.Contents()
                let destination = try output.destination(for: offer, from: [UInt8](repeating: 0, count: 32), in: &contents)
                incoming[address] = Incoming(name: name, destination: destination)
                return failed
            case .piece(let bytes):
                guard let entry = incoming[address] else { return nil }
                try bytes.withUnsafeBytes { try write($0, to: entry) }
                incoming[address]?.count += UInt64(bytes.count)
                incoming[address]?.lastReceived = ContinuousClock.now
                return nil
            case .end:
                guard let entry = incoming.removeValue(forKey: address) else { return nil }
                do {
                    try entry.destination.finish(size: entry.count)
                } catch {
                    isLast = giveUp(entry) || isLast
                    throw error
                }
                isLast = output.release(entry.destination, isDelivered: true) || isLast
                var notice = notice(.done, entry.name, address)
                notice.size = entry.count
                notice.path = (entry.destination as? DestinationFile)?.finalName
                let name = Printable.text(notice.path ?? entry.name)
                reporter.report("Received \(name) (\(TransferText.bytes(entry.count))) from \(address.hostAndPort).", notice)
                reporter.add(bytes: entry.count)
                return .done
            }
        } catch {
            var name = "a file"
            if let entry = incoming.removeValue(forKey: address) {
                isLast = giveUp(entry) || isLast
                name = entry.name
            } else if case .start(let offered) = datagram {
                name = offered
            }
            // The program that closed the output needs no message.
            if !(error is OutputClosed) {
                let text = (error as? ReceiveOutput.Refusal)?.text ?? (error is DestinationFull ? "the disk is full" : "\(error)")
                reporter.complain(
                    "\(Printable.text(name)) from \(address.hostAndPort) failed: \(Printable.text(text)).", notice(.failed, name, address))
            }
            return .failed
        }
    }

    private func notice(_ event: TransferNotice.Event, _ name: String, _ address: NetworkAddress) -> TransferNotice {
        var notice = TransferNotice(event)
        notice.name = name
        notice.peer = address.hostAndPort
        return notice
    }

    /// Waits for a slow reader of the output. In the meantime datagrams wait in the socket, or are lost there.
    private func write(_ bytes: UnsafeRawBufferPointer, to entry: Incoming) throws {
        while signals.status == nil {
            do {
                return try entry.destination.write(bytes, at: entry.count)
            } catch let busy as DestinationBusy {
                var place = pollfd(fd: busy.descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&place, 1, 100)
            }
        }
    }

    /// - Returns: whether the output cannot take another file.
    private func giveUp(_ entry: Incoming) -> Bool {
        entry.destination.abandon()
        return output.release(entry.destination, isDelivered: false)
    }
}
