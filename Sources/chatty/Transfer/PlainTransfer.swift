import Foundation
import NIOConcurrencyHelpers
import TransferIO
import TransferProtocol

/// `send-file --legacy` and `recv-file --legacy`: the plain form, over the same sockets and files.
enum PlainTransfer {
    static func send(_ files: [String], name: String?, to peer: HostPort, _ reporter: TransferReporter) async -> ExitStatus {
        reporter.complain("Not encrypted: anybody on the way can read and change what is sent, and what is lost is not noticed.")
        do {
            let sources = try files.map { path in
                let label = name ?? (path == "-" ? "stdin" : SourceFile.lastPart(of: path))
                return (label, path == "-" ? FileHandle.standardInput : try handle(path))
            }
            let address: NetworkAddress
            do {
                address = try peer.resolve()[0]
            } catch {
                reporter.complain("\(error)")
                return .unreachable
            }
            let socket = try UDPSocket()
            for (name, file) in sources {
                try await put(.start(name: name), socket, address)
                var count: UInt64 = 0
                while let piece = try file.read(upToCount: PlainForm.pieceBytes), !piece.isEmpty {
                    try await put(.piece(Array(piece)), socket, address)
                    count += UInt64(piece.count)
                }
                try await put(.end, socket, address)
                reporter.tell("Sent \(Printable.text(name)): \(TransferText.bytes(count)), whether it arrived is not known.")
            }
            return .done
        } catch {
            reporter.complain("\(error)")
            return .failed
        }
    }

    private static func handle(_ path: String) throws -> FileHandle {
        // Through the same door as any other transfer, for its checks and its errors.
        _ = try SourceFile(path: path)
        guard let handle = FileHandle(forReadingAtPath: path) else { throw PlainTransferError(text: "cannot open \(path)") }
        return handle
    }

    private static func put(_ datagram: PlainForm.Datagram, _ socket: UDPSocket, _ address: NetworkAddress) async throws {
        let bytes = PlainForm.bytes(datagram)
        while true {
            switch bytes.withUnsafeBytes({ socket.send($0, to: address) }) {
            case .sent:
                try await Task.sleep(for: PlainForm.pause)
                return
            case .wouldBlock: socket.wait(for: .milliseconds(100), readable: false, writable: true)
            case .busy: try await Task.sleep(for: PlainForm.pause)
            case .tooLarge, .failed: throw PlainTransferError(text: "cannot send to \(address.hostAndPort)")
            }
        }
    }

    static func receive(
        _ arguments: Arguments, limit: Int?, into output: ReceiveOutput, _ reporter: TransferReporter, _ signals: SignalWatch
    ) async -> ExitStatus {
        let socket: UDPSocket
        do {
            socket = try UDPSocket(port: UInt16(arguments[RecvFileFlags.port]))
        } catch {
            reporter.complain("\(error)")
            return .failed
        }
        reporter.complain("Not encrypted: anybody who reaches the port can send, and what is lost is not noticed.")
        var notice = TransferNotice(.listening)
        notice.port = Int(socket.port)
        reporter.announce(
            LocalAddresses.all(port: socket.port).map { "Address: \($0.hostAndPort)" }, notice)
        let receiver = PlainReceiver(
            socket: socket, output: output, reporter: reporter, timeout: arguments[SendFileFlags.timeout], limit: limit,
            signals: signals)
        return await receiver.run()
    }
}

/// Why the plain form could not be spoken.
struct PlainTransferError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

/// The receiving side of the plain form: several senders at once, told apart by their addresses.
private struct PlainReceiver {
    private struct Incoming {
        let name: String
        let destination: any TransferDestination
        var count: UInt64 = 0
        var heard = ContinuousClock.now
    }

    private static let maximumSenders = 64
    let socket: UDPSocket
    let output: ReceiveOutput
    let reporter: TransferReporter
    let timeout: Duration
    let limit: Int?
    let signals: SignalWatch

    /// Until the limit, a signal, or the end of an output that takes no more.
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
                    guard let status = take(PlainForm.datagram(bytes), from: received.from, &incoming, &isLast) else { continue }
                    worst = TransferEnd.worse(worst, status)
                    finished += 1
                }
            }
            for (address, entry) in incoming where ContinuousClock.now - entry.heard > timeout {
                incoming[address] = nil
                isLast = giveUp(entry) || isLast
                reporter.complain("Lost: nothing was heard of \(address.hostAndPort) any more; \(entry.name) is not whole.")
                worst = TransferEnd.worse(worst, .failed)
                finished += 1
            }
            await Task.yield()
        }
    }

    /// - Returns: the status of a file that is over now.
    private func take(
        _ datagram: PlainForm.Datagram, from address: NetworkAddress, _ incoming: inout [NetworkAddress: Incoming], _ isLast: inout Bool
    ) -> ExitStatus? {
        do {
            switch datagram {
            case .start(let name):
                var failed: ExitStatus?
                if let old = incoming.removeValue(forKey: address) {
                    isLast = giveUp(old) || isLast
                    reporter.complain("\(old.name) was never finished.")
                    failed = .failed
                }
                guard incoming.count < Self.maximumSenders else { return failed }
                let offer = FileOffer(name: name, size: nil)
                // Nobody's key: whoever sends under this name goes on with nothing anyway.
                let destination = try output.destination(for: offer, from: [UInt8](repeating: 0, count: 32))
                incoming[address] = Incoming(name: Printable.text(name), destination: destination)
                return failed
            case .piece(let bytes):
                guard let entry = incoming[address] else { return nil }
                try bytes.withUnsafeBytes { try write($0, to: entry) }
                incoming[address]?.count += UInt64(bytes.count)
                incoming[address]?.heard = ContinuousClock.now
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
                let name = (entry.destination as? DestinationFile)?.finalName ?? entry.name
                reporter.tell("Received \(Printable.text(name)) (\(TransferText.bytes(entry.count))) from \(address.hostAndPort).")
                return .done
            }
        } catch {
            if let entry = incoming.removeValue(forKey: address) { isLast = giveUp(entry) || isLast }
            // A reader that went away knows it.
            if !(error is OutputClosed) {
                let text = (error as? ReceiveOutput.Refusal)?.text ?? (error is DestinationFull ? "the disk is full" : "\(error)")
                reporter.complain("A file from \(address.hostAndPort) failed: \(Printable.text(text)).")
            }
            return .failed
        }
    }

    /// Waits for a slow reader of the output: what comes meanwhile waits in the socket, or is lost there.
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

    /// - Returns: whether the output takes no more.
    private func giveUp(_ entry: Incoming) -> Bool {
        entry.destination.abandon()
        return output.release(entry.destination, isDelivered: false)
    }
}
