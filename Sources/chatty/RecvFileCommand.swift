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
        let code: MeetingCode?
        do {
            code = try Self.code(arguments, environment: .current)
        } catch let error as UsageError {
            throw error
        } catch {
            return reporter.end(TransferEnd(status: .failed, message: Printable.text(Sentence.of(error))))
        }
        let signals = SignalWatch()
        // A sender may send hundreds of small files at once, each of which needs up to three descriptors.
        guard DescriptorLimit.raise() else { return .failed }
        do {
            let output = try ReceiveOutput(path: arguments[RecvFileFlags.output], overwrite: arguments[RecvFileFlags.overwrite])
            try output.checkIsWritable()
            if arguments[RecvFileFlags.legacy] {
                return await PlainTransfer.receive(arguments, limit: limit, into: output, reporter, signals)
            }
            return try await receive(arguments, from: code, limit: limit, into: output, reporter, signals)
        } catch {
            return reporter.end(TransferEnd(status: .failed, message: Sentence.of(error)))
        }
    }

    /// The code of the one sender to receive from: as the argument, from `--ticket-file` or from the environment; nil if senders come by
    /// themselves.
    /// - Throws: `UsageError`, or the error of reading the file.
    private static func code(_ arguments: Arguments, environment: ProcessEnvironment) throws -> MeetingCode? {
        func fail(_ message: String) -> UsageError { UsageError(message, command: RecvFileFlags.spec.name) }
        func code(_ text: String, from source: String) throws(UsageError) -> MeetingCode {
            do { return try MeetingCode(text) } catch { throw fail("\(source)\(error)") }
        }
        let found: MeetingCode
        if let path = arguments[RecvFileFlags.ticketFile] {
            guard !arguments.has(RecvFileFlags.place) else { throw fail("--ticket-file has a code: give neither PORT nor CODE with it.") }
            found = try code(try TicketFile.read(path: path), from: "--ticket-file \(Printable.text(path.description)): ")
        } else if case .code(let text) = arguments[RecvFileFlags.place] {
            found = try code(text, from: "")
        } else if !arguments.has(RecvFileFlags.place), let text = environment["CHATTY_TICKET"]?.text, MeetingCode.looksLikeCode(text) {
            found = try code(text, from: "$CHATTY_TICKET: ")
        } else {
            return nil
        }
        if arguments[RecvFileFlags.legacy] { throw fail("--legacy cannot be used with a code: the old protocol has none.") }
        if let count = arguments[RecvFileFlags.count], count > 1 {
            throw fail("--count \(count) cannot be used with a code, which is for one transfer.")
        }
        return found
    }

    private static func receive(
        _ arguments: Arguments, from code: MeetingCode?, limit: Int?, into output: ReceiveOutput, _ reporter: TransferReporter,
        _ signals: SignalWatch
    ) async throws -> ExitStatus {
        let keys = try TransferKeys(data: arguments[RecvFileFlags.data], secretFile: arguments[RecvFileFlags.secretFile], reporter)
        let socket = try UDPSocket(port: UInt16(arguments[RecvFileFlags.place].port))
        let port = socket.port
        var configuration = TransferConfiguration()
        configuration.idleTimeout = .seconds(arguments[SendFileFlags.timeout] / .seconds(1))
        let trace = try Trace.open(arguments, isSender: false, reporter)
        let (sessions, incoming) = AsyncStream.makeStream(of: TransferSession.self)
        let loop = try TransferLoop(
            socket: socket, staticKey: keys.identity.privateBytes, configuration: configuration, trace: trace,
            incoming: { incoming.yield($0) })
        // Who announces an address has opened the way to it. What everybody may send to is not opened to the whole Internet unasked.
        let isClosed = arguments[RecvFileFlags.accept] != .always || arguments.has(ReachFlags.mapPort)
        let router = arguments[RecvFileFlags.announce].isEmpty && isClosed && code == nil ? RouterPort(arguments, port: port) : nil
        let mapped = await router?.addresses ?? []
        let place = ReceivePlace(arguments, port: port, mapped: mapped)
        guard !place.addresses.isEmpty else { throw NoAddressError() }
        let policy = AcceptPolicy(
            arguments[RecvFileFlags.accept], sharedKey: keys.sharedKey,
            hasTerminal: isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1)
        let codes = CodeReceiver(loop: loop, announced: place.announced, reporter: reporter)
        let host: CodeHost?
        let ticket: Ticket?
        if let code {
            (host, ticket) = (nil, nil)
            announce(code, keys, place, port, output, reporter)
        } else {
            let secret = try keys.ticketSecret(
                port: port, isChosen: arguments[RecvFileFlags.place].port != 0, isFresh: arguments[RecvFileFlags.newTicket], reporter)
            guard let made = Ticket(receiverKey: keys.identity.publicKey, secret: secret, addresses: place.addresses) else {
                throw NoAddressError()
            }
            loop.setInvitations(policy.invitations(made))
            let shown = await show(reporter)
            (host, ticket) = (shown.host, made)
            announce(made, shown.code, keys, policy, place, port, output, reporter)
        }

        let answering = host.map { host in Task { await codes.serve(host) } }
        let following = ticket.map { ticket in
            Task { await router?.follow(from: mapped) { announce($0, arguments, ticket, port, reporter) } }
        }
        let end = await withTaskGroup(of: TransferEnd.self) { group in
            group.addTask {
                guard let code else {
                    return TransferEnd(status: await serve(sessions, limit: limit, policy, output, reporter), message: nil)
                }
                do {
                    try await codes.meet(code)
                    return await receiveOne(sessions, policy, output, reporter)
                } catch let failure as CodeFailure {
                    return failure.end
                } catch {
                    return TransferEnd(status: .failed, message: Sentence.of(error))
                }
            }
            group.addTask {
                for await number in signals.signals { return TransferEnd(status: SignalWatch.status(of: number), message: nil) }
                return .done
            }
            let first = await group.next() ?? .done
            following?.cancel()
            await loop.shutDown()
            await router?.giveBack()
            await trace?.close()
            incoming.finish()
            host?.close()
            answering?.cancel()
            group.cancelAll()
            return first
        }
        return reporter.end(end)
    }

    /// Begins to show codes.
    /// - Returns: the first code, and who shows it; nothing if this machine's network cannot do that.
    private static func show(_ reporter: TransferReporter) async -> (host: CodeHost?, code: MeetingCode?) {
        do {
            let host = try CodeHost()
            for await event in host.events { if case .shows(let code) = event { return (host, code) } }
            return (nil, nil)
        } catch {
            var notice = TransferNotice(.note)
            notice.reason = "There is no code, only the ticket: \(error)."
            reporter.report(notice.reason ?? "", notice)
            return (nil, nil)
        }
    }

    /// How long a sender whose code was right may take to connect.
    private static let patience = Duration.seconds(30)

    /// Receives the transfer of the one sender whose code was given.
    private static func receiveOne(
        _ sessions: AsyncStream<TransferSession>, _ policy: AcceptPolicy, _ output: ReceiveOutput, _ reporter: TransferReporter
    ) async -> TransferEnd {
        let active = ActiveTransfers(limit: 1)
        let front = IncomingTransfer.Front()
        return await withTaskGroup(of: Event.self) { group in
            let next: @Sendable () async -> Event = {
                for await session in sessions { return .arrived(session) }
                return .noMore
            }
            group.addTask(operation: next)
            group.addTask {
                // The sleep throws when the transfer is over, and then nobody asks.
                try? await Task.sleep(for: patience)
                return .tooLate
            }
            defer { group.cancelAll() }
            var running = 0
            for await event in group {
                switch event {
                case .arrived(let session):
                    running += 1
                    let transfer = IncomingTransfer(
                        session: session, output: output, active: active, reporter: reporter, policy: policy, front: front)
                    group.addTask { .ended(await transfer.run()) }
                    group.addTask(operation: next)
                case .ended(let end):
                    running -= 1
                    // Without a status nothing was accepted, or the sender has connected anew.
                    if let status = end.status { return TransferEnd(status: status, message: nil) }
                    if running == 0 { return TransferEnd(status: .notDelivered, message: "Nothing was accepted.") }
                case .tooLate:
                    if running == 0 { return TransferEnd(status: .unreachable, message: "The sender was found, but has not connected.") }
                case .noMore: break
                }
            }
            return .done
        }
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
                case .noMore, .tooLate: break
                }
            }
            return worst
        }
    }

    private enum Event: Sendable {
        case arrived(TransferSession)
        case ended(IncomingTransfer.End)
        case noMore
        case tooLate
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
        _ ticket: Ticket, _ code: MeetingCode?, _ keys: TransferKeys, _ policy: AcceptPolicy, _ place: ReceivePlace, _ port: UInt16,
        _ output: ReceiveOutput, _ reporter: TransferReporter
    ) {
        var notice = listening(keys, place, port)
        notice.ticket = ticket.text
        notice.code = code?.description
        reporter.announce(
            [
                "Receiving into \(Printable.text(output.description)) on UDP port \(port). On the other machine, type:",
                "  chatty send-file FILE \(ticket.text)",
                policy.hint,
                "Ticket: \(ticket.text)",
            ] + [code.map { CodeGreeting.line($0, typed: "chatty send-file FILE") }].compactMap(\.self)
                + place.addresses.map { "Address: \($0.hostAndPort)" } + ["Key: \(KeyFingerprint.text(of: keys.identity.publicKey))"],
            notice)
        place.reportLimits(reporter)
    }

    private static func announce(
        _ code: MeetingCode, _ keys: TransferKeys, _ place: ReceivePlace, _ port: UInt16, _ output: ReceiveOutput,
        _ reporter: TransferReporter
    ) {
        reporter.report(
            "Receiving into \(Printable.text(output.description)) from the sender who shows \(code) …", listening(keys, place, port))
    }

    private static func listening(_ keys: TransferKeys, _ place: ReceivePlace, _ port: UInt16) -> TransferNotice {
        var notice = TransferNotice(.listening)
        notice.port = Int(port)
        notice.key = KeyFingerprint.text(of: keys.identity.publicKey)
        notice.addresses = place.addresses.map(\.hostAndPort)
        return notice
    }
}
