import Connectivity
import Foundation
import NetworkIO
import TransferIO
import TransferProtocol

/// `chatty recv-file`: receives files directly from senders, without a server.
enum RecvFileCommand {
    static func run(_ arguments: Arguments) async throws(UsageError) -> ExitStatus {
        if arguments[RecvFileFlags.once], arguments.has(RecvFileFlags.count) {
            throw UsageError("Give --once or --count, not both.", command: "recv-file")
        }
        if arguments[RecvFileFlags.output] == "-", let count = arguments[RecvFileFlags.count], count > 1 {
            throw UsageError("Standard output takes only one file: --count \(count) needs a folder.", command: "recv-file")
        }
        if arguments[RecvFileFlags.legacy] {
            switch arguments[RecvFileFlags.accept] {
            case .ask:
                throw UsageError(
                    "--legacy cannot be used with --accept ask: senders of the old protocol do not wait for an answer.",
                    command: "recv-file")
            case .ticket:
                throw UsageError("--legacy cannot be used with --accept ticket: the old protocol has no tickets.", command: "recv-file")
            case .always, nil: break
            }
            if arguments[RecvFileFlags.secretFile] != nil {
                throw UsageError("--legacy cannot be used with --secret-file: the old protocol has no secrets.", command: "recv-file")
            }
        }
        guard arguments[RecvFileFlags.announce].count <= Ticket.maximumAddresses else {
            throw UsageError("--announce can be given \(Ticket.maximumAddresses) times at most.", command: "recv-file")
        }
        for text in arguments[RecvFileFlags.announce] where ReceivePlace.announcement(text, port: 1) == nil {
            throw UsageError(
                "--announce needs an IPv4 or IPv6 address, with a port or without, such as 203.0.113.7:9999, not \(Printable.text(text))",
                command: "recv-file")
        }
        let limit = arguments[RecvFileFlags.once] ? 1 : arguments[RecvFileFlags.count]
        let reporter = TransferReporter(quiet: arguments[SendFileFlags.quiet], progress: arguments[SendFileFlags.progress])
        let signals = SignalWatch()
        // A sender may send hundreds of small files at once, each of which needs up to three descriptors.
        guard DescriptorLimit.raise() else { return .failed }
        do {
            let output = try ReceiveOutput(path: arguments[RecvFileFlags.output], overwrite: arguments[RecvFileFlags.overwrite])
            try output.checkIsWritable()
            if arguments[RecvFileFlags.legacy] {
                return await PlainTransfer.receive(arguments, limit: limit, into: output, reporter, signals)
            }
            return try await receive(arguments, limit: limit, into: output, reporter, signals)
        } catch {
            return reporter.end(TransferEnd(status: .failed, message: Sentence.of(error)))
        }
    }

    private static func receive(
        _ arguments: Arguments, limit: Int?, into output: ReceiveOutput, _ reporter: TransferReporter, _ signals: SignalWatch
    ) async throws -> ExitStatus {
        let keys = try TransferKeys(data: arguments[RecvFileFlags.data], secretFile: arguments[RecvFileFlags.secretFile], reporter)
        let socket = try UDPSocket(port: UInt16(arguments[RecvFileFlags.port]))
        let port = socket.port
        var configuration = TransferConfiguration()
        configuration.idleTimeout = .seconds(arguments[SendFileFlags.timeout] / .seconds(1))
        let trace = try Trace.open(arguments, isSender: false, reporter)
        let (sessions, incoming) = AsyncStream.makeStream(of: TransferSession.self)
        let loop = try TransferLoop(
            socket: socket, staticKey: keys.identity.privateBytes, configuration: configuration, trace: trace,
            incoming: { incoming.yield($0) })
        let secret = try keys.ticketSecret(
            port: port, isChosen: arguments[RecvFileFlags.port] != 0, isFresh: arguments[RecvFileFlags.newTicket], reporter)
        // Who announces an address has opened the way to it. What everybody may send to is not opened to the whole Internet unasked.
        let isClosed = arguments[RecvFileFlags.accept] != .always || arguments.has(ReachFlags.mapPort)
        let router = arguments[RecvFileFlags.announce].isEmpty && isClosed ? RouterPort(arguments, port: port) : nil
        let mapped = await router?.addresses ?? []
        let place = ReceivePlace(arguments, port: port, mapped: mapped)
        guard let ticket = Ticket(receiverKey: keys.identity.publicKey, secret: secret, addresses: place.addresses) else {
            throw NoAddressError()
        }
        let policy = AcceptPolicy(
            arguments[RecvFileFlags.accept], sharedKey: keys.sharedKey,
            hasTerminal: isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1)
        loop.setInvitations(policy.invitations(ticket))
        announce(ticket, keys, policy, place, port, output, reporter)

        let status = await withTaskGroup(of: ExitStatus.self) { group in
            group.addTask { await serve(sessions, limit: limit, policy, output, reporter) }
            let waiting = Task {
                await router?.follow(from: mapped) { announce($0, arguments, ticket, port, reporter) }
            }
            group.addTask {
                for await number in signals.signals { return SignalWatch.status(of: number) }
                return .done
            }
            let first = await group.next() ?? .done
            waiting.cancel()
            await loop.shutDown()
            await router?.giveBack()
            await trace?.close()
            incoming.finish()
            group.cancelAll()
            return first
        }
        return reporter.end(TransferEnd(status: status, message: nil))
    }

    /// Receives until `limit` transfers with accepted files are complete, or the output cannot take another file.
    private static func serve(
        _ sessions: AsyncStream<TransferSession>, limit: Int?, _ policy: AcceptPolicy, _ output: ReceiveOutput, _ reporter: TransferReporter
    ) async -> ExitStatus {
        let active = ActiveTransfers(limit: limit)
        let front = IncomingTransfer.Front()
        return await withTaskGroup(of: Event.self) { group in
            var worst = ExitStatus.done
            var finished = 0
            let next: @Sendable () async -> Event = {
                for await session in sessions { return .arrived(session) }
                return .noMore
            }
            group.addTask(operation: next)
            for await event in group {
                switch event {
                case .arrived(let session):
                    let transfer = IncomingTransfer(
                        session: session, output: output, active: active, reporter: reporter, policy: policy, front: front)
                    group.addTask { .ended(await transfer.run()) }
                    group.addTask(operation: next)
                case .ended(let end):
                    guard let status = end.status else { continue }
                    // An interrupted transfer has been reported, and can be sent again.
                    guard end.isComplete || end.isLast else { continue }
                    worst = TransferEnd.worse(worst, status)
                    finished += 1
                    if end.isLast || finished >= limit ?? .max {
                        group.cancelAll()
                        return worst
                    }
                case .noMore: break
                }
            }
            return worst
        }
    }

    private enum Event: Sendable {
        case arrived(TransferSession)
        case ended(IncomingTransfer.End)
        case noMore
    }

    /// Shows a ticket with the router's addresses, which has answered after the first ticket was shown, or has another address.
    private static func announce(
        _ mapped: [NetworkAddress], _ arguments: Arguments, _ ticket: Ticket, _ port: UInt16, _ reporter: TransferReporter
    ) {
        let addresses = ReceivePlace(arguments, port: port, mapped: mapped).addresses
        guard let ticket = Ticket(receiverKey: ticket.receiverKey, secret: ticket.secret, addresses: addresses) else { return }
        var notice = TransferNotice(.mapped)
        notice.ticket = ticket.text
        notice.addresses = mapped.map(\.hostAndPort)
        reporter.announce(
            [
                "The router passes on what comes to \(mapped.map(\.hostAndPort).joined(separator: " and ")). "
                    + "With this ticket, senders outside of this network reach this machine, too:",
                "Ticket: \(ticket.text)",
            ], notice)
    }

    private static func announce(
        _ ticket: Ticket, _ keys: TransferKeys, _ policy: AcceptPolicy, _ place: ReceivePlace, _ port: UInt16, _ output: ReceiveOutput,
        _ reporter: TransferReporter
    ) {
        var notice = TransferNotice(.listening)
        notice.port = Int(port)
        notice.ticket = ticket.text
        let fingerprint = KeyFingerprint.text(of: keys.identity.publicKey)
        notice.key = fingerprint
        notice.addresses = place.addresses.map(\.hostAndPort)
        reporter.announce(
            [
                "Receiving into \(Printable.text(output.description)) on UDP port \(port). On the other machine, type:",
                "  chatty send-file FILE \(ticket.text)",
                policy.hint,
                "Ticket: \(ticket.text)",
            ] + place.addresses.map { "Address: \($0.hostAndPort)" } + ["Key: \(fingerprint)"], notice)
        place.reportLimits(reporter)
    }
}
