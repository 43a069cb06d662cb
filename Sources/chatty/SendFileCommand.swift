import Connectivity
import Foundation
import NIOConcurrencyHelpers
import NetworkIO
import TransferIO
import TransferProtocol

/// `chatty send-file`: sends files, folders or standard input directly to a `chatty recv-file`, without a server.
enum SendFileCommand {
    /// An end before the transfer began.
    private struct Stop: Error {
        let end: TransferEnd
        init(_ status: ExitStatus, _ message: String) { end = TransferEnd(status: status, message: message) }
    }

    static func run(_ arguments: Arguments) async throws(UsageError) -> ExitStatus {
        let reporter = TransferReporter(quiet: arguments[SendFileFlags.quiet], progress: arguments[SendFileFlags.progress])
        if arguments[SendFileFlags.forget] { return try forget(arguments, reporter) }
        let target: SendTarget
        do {
            target = try SendTarget(
                arguments, environment: .current, exists: { path in path.withCString { access($0, F_OK) } == 0 })
        } catch let error as UsageError {
            throw error
        } catch {
            return reporter.end(TransferEnd(status: .failed, message: Printable.text(Sentence.of(error))))
        }
        let (files, destination) = (target.files, target.destination)
        if arguments[SendFileFlags.name] != nil, files.count > 1 { throw UsageError("--name is for one file.", command: "send-file") }
        if let name = arguments[SendFileFlags.name], name.utf8.count > TransferLimits.nameBytes {
            throw UsageError("--name takes at most \(TransferLimits.nameBytes) bytes.", command: "send-file")
        }
        guard files.count(where: { $0 == "-" }) <= 1 else {
            throw UsageError("Standard input can be sent only once.", command: "send-file")
        }
        let signals = SignalWatch()
        guard DescriptorLimit.raise() else { return .failed }
        if arguments[SendFileFlags.legacy] {
            guard case .plain(let peer) = destination else {
                throw UsageError("--legacy needs HOST:PORT: the old protocol has no tickets and no codes.", command: "send-file")
            }
            guard !arguments.has(SendFileFlags.secretFile) else {
                throw UsageError("--legacy cannot be used with --secret-file: the old protocol has no secrets.", command: "send-file")
            }
            return await PlainTransfer.send(
                files, name: arguments[SendFileFlags.name], limit: arguments[SendFileFlags.limit], to: peer, reporter, signals)
        }
        do {
            return try await send(files, to: destination, arguments, reporter, signals)
        } catch let stop as Stop {
            return reporter.end(stop.end)
        } catch {
            return reporter.end(TransferEnd(status: .failed, message: Sentence.of(error)))
        }
    }

    private static func forget(_ arguments: Arguments, _ reporter: TransferReporter) throws(UsageError) -> ExitStatus {
        let words = arguments[SendFileFlags.files] + [arguments[SendFileFlags.destination]].compactMap(\.self)
        guard words.count == 1, let peer = words[0].text.flatMap({ HostPort($0) }) else {
            throw UsageError("--forget needs one argument, the receiver's HOST:PORT.", command: SendFileFlags.spec.name)
        }
        let data = try DataDirectory.required(
            option: arguments[SendFileFlags.data], environment: .current, command: SendFileFlags.spec.name)
        do {
            guard try KnownPeers(path: TransferKeys.knownReceivers(in: data)).forget(peer) else {
                Diagnostics.report("No key of \(peer) is known.")
                return .failed
            }
            Diagnostics.output("The key of \(peer) is forgotten.\n")
            return .done
        } catch {
            Diagnostics.report(Printable.text(Sentence.of(error)))
            return .failed
        }
    }

    static func configuration(_ arguments: Arguments) -> TransferConfiguration {
        var configuration = TransferConfiguration()
        let timeout = TransferDuration.seconds(arguments[SendFileFlags.timeout] / .seconds(1))
        configuration.idleTimeout = timeout
        configuration.connectTimeout = min(configuration.connectTimeout, timeout)
        configuration.rateLimit = arguments[SendFileFlags.limit].map(Double.init)
        configuration.congestionControl =
            switch arguments[SendFileFlags.cc] {
            case .bbr: .bbr
            case .cubic: .cubic
            }
        if let largest = arguments[SendFileFlags.mtu] { configuration.maximumDatagramSize = largest }
        return configuration
    }

    private static func send(
        _ files: [ByteString], to destination: SendTarget.Destination, _ arguments: Arguments, _ reporter: TransferReporter,
        _ signals: SignalWatch
    ) async throws -> ExitStatus {
        // Files that cannot be read are reported before the receiver is contacted.
        let (sources, opened) = try open(files, name: arguments[SendFileFlags.name], reporter)
        // Each failure has been reported, and there is nothing to send.
        if sources.isEmpty { return reporter.end(TransferEnd(status: opened, message: nil)) }
        let keys = try TransferKeys(data: arguments[SendFileFlags.data], secretFile: arguments[SendFileFlags.secretFile], reporter)
        let configuration = configuration(arguments)
        let trace = try Trace.open(arguments, isSender: true, reporter)
        let loop = try TransferLoop(
            socket: UDPSocket(), staticKey: keys.identity.privateBytes, configuration: configuration, trace: trace, incoming: { _ in })
        let router = NIOLockedValueBox<RouterPort?>(nil)
        let end = await withTaskGroup(of: TransferEnd.self) { group in
            group.addTask {
                do {
                    switch destination {
                    case .ticket(let ticket):
                        let addresses = LocalAddresses.onOwnLinks(ticket.addresses, NetworkInterface.all())
                        router.withLockedValue { $0 = RouterPort(arguments, port: loop.port, towards: addresses) }
                        let message = "Nothing listens at the addresses of the ticket: is recv-file still running there?"
                        return try await unlessClosed(addresses, message) { isReached in
                            let receiver = OutgoingTransfer.Receiver(
                                addresses: addresses, key: ticket.receiverKey, preSharedKey: ticket.preSharedKey, proven: isReached)
                            return await OutgoingTransfer(sources: sources, receiver: receiver, reporter: reporter).run(over: loop).end
                        }
                    case .code(let code):
                        let receiver = try await CodeSender(loop: loop, reporter: reporter).meet(code)
                        return await OutgoingTransfer(sources: sources, receiver: receiver, reporter: reporter).run(over: loop).end
                    case .anybody:
                        let (receiver, host) = try await CodeSender(loop: loop, reporter: reporter).show()
                        defer { host.close() }
                        return await OutgoingTransfer(sources: sources, receiver: receiver, reporter: reporter).run(over: loop).end
                    case .plain(let peer):
                        let addresses = try await addresses(of: peer)
                        router.withLockedValue { $0 = RouterPort(arguments, port: loop.port, towards: addresses) }
                        return try await unlessClosed(addresses, "Nothing listens at \(peer): is recv-file running there?") { isReached in
                            try await transfer(
                                sources, to: peer, at: addresses, keys, over: loop, accepting: arguments[SendFileFlags.acceptNew],
                                isReached, reporter)
                        }
                    }
                } catch let stop as Stop {
                    return stop.end
                } catch let failure as CodeFailure {
                    return failure.end
                } catch {
                    return TransferEnd(status: .failed, message: Sentence.of(error))
                }
            }
            group.addTask {
                for await number in signals.signals { return TransferEnd(status: SignalWatch.status(of: number), message: "Interrupted.") }
                // This result is used only if the other task has ended first.
                return .done
            }
            let first = await group.next() ?? .done
            // Informs the receiver. Then the transfer's task ends, too.
            await loop.shutDown()
            await router.withLockedValue(\.self)?.giveBack()
            await trace?.close()
            group.cancelAll()
            return first
        }
        return reporter.end(TransferEnd(status: TransferEnd.worse(end.status, opened), message: end.message))
    }

    /// Up to this many files are opened at the start and stay open, so that renaming one does no harm. With more, each is opened when it is
    /// sent.
    private static let keptOpen = 16

    /// Opens the files, and reports each that cannot be sent.
    /// - Returns: the sources, and ``ExitStatus/failed`` if a file cannot be sent.
    /// - Throws: the error, if it is the only file.
    private static func open(
        _ files: [ByteString], name: String?, _ reporter: TransferReporter
    ) throws -> (sources: [any TransferSource], ExitStatus) {
        var status = ExitStatus.done
        func fail(_ path: some CustomStringConvertible, _ message: String) {
            status = .failed
            var notice = TransferNotice(.failed)
            notice.name = path.description
            notice.reason = message
            reporter.complain(message, notice)
        }
        func list(_ path: ByteString) throws -> [any TransferSource] {
            let listing = try SourceFolder.list(path: path, name: name)
            for skipped in listing.skipped {
                reporter.complain("Not sent, because it is not a file or folder: \(Printable.text(skipped))")
            }
            for path in listing.withoutName { fail(path, "Not sent, because its name is not UTF-8: \(Printable.text(path))") }
            for path in listing.withoutSize {
                reporter.complain("Not sent, because it has no size: \(Printable.text(path))")
            }
            for failure in listing.failures { fail(failure.path, Printable.text(Sentence.of(failure.error))) }
            return listing.sources
        }
        let sources = try files.flatMap { path -> [any TransferSource] in
            if path == "-" { return [StreamSource(descriptor: STDIN_FILENO, name: name ?? "stdin")] }
            do {
                do {
                    return [try SourceFile(path: path, name: name, closeAtOnce: files.count > keptOpen)]
                } catch SourceError.isFolder {
                    return try list(path)
                }
            } catch {
                if files.count == 1 { throw error }
                fail(path, Printable.text(Sentence.of(error)))
                return []
            }
        }
        return (sources, status)
    }

    private static func addresses(of peer: HostPort) async throws -> [NetworkAddress] {
        do { return LocalAddresses.onOwnLinks(try await peer.lookUp(), NetworkInterface.all()) } catch {
            throw Stop(.unreachable, Sentence.of(error))
        }
    }

    /// Runs `body`, but ends at once if every address answers that the port is closed.
    /// - Parameters:
    ///   - message: the message in that case.
    ///   - body: calls its argument as soon as a receiver has answered.
    private static func unlessClosed(
        _ addresses: [NetworkAddress], _ message: String,
        _ body: @escaping @Sendable (_ isReached: @escaping @Sendable () -> Void) async throws -> TransferEnd
    ) async throws -> TransferEnd {
        let isReached = NIOLockedValueBox(false)
        return try await withThrowingTaskGroup(of: TransferEnd?.self) { group in
            group.addTask { try await body { isReached.withLockedValue { $0 = true } } }
            group.addTask {
                let areClosed = await ClosedPorts.areAll(addresses) { isReached.withLockedValue(\.self) }
                return areClosed ? TransferEnd(status: .unreachable, message: message) : nil
            }
            defer { group.cancelAll() }
            while let end = try await group.next() { if let end { return end } }
            return .done
        }
    }

    private static func refusal(of peer: HostPort) -> String {
        "Refused: \(peer) accepts only senders with its ticket or the shared secret."
    }

    /// How long to wait for another key after a key that was claimed could not be proven.
    private static let otherClaims = Duration.seconds(2)

    /// Sends to a plain address: to the receiver there that can prove the key that it claims.
    private static func transfer(
        _ sources: [any TransferSource], to peer: HostPort, at addresses: [NetworkAddress], _ keys: TransferKeys, over loop: TransferLoop,
        accepting: Bool, _ isReached: @Sendable () -> Void, _ reporter: TransferReporter
    ) async throws -> TransferEnd {
        var claims = KeyClaims(of: addresses, over: loop)
        var failure: TransferEnd?
        while let claim = await claims.next(within: failure == nil ? nil : otherClaims) {
            isReached()
            do {
                var receiver = OutgoingTransfer.Receiver(
                    addresses: addresses, key: claim.key, preSharedKey: keys.sharedKey ?? TransferKeys.none)
                if try await trust(claim.key, of: peer, isLocal: claim.address.isLoopback, keys, accepting: accepting, reporter) {
                    receiver.proven = { remember(claim.key, of: peer, keys, reporter) }
                }
                let transfer = OutgoingTransfer(sources: sources, receiver: receiver, reporter: reporter)
                let (end, isProven) = await transfer.run(over: loop)
                if isProven { return end }
                let isStranger = end.status == .refused && keys.sharedKey == nil
                failure = failure ?? (isStranger ? TransferEnd(status: .refused, message: refusal(of: peer)) : end)
            } catch let stop as Stop {
                // An attacker on the path may have answered first.
                failure = failure ?? stop.end
            }
        }
        return failure ?? TransferEnd(status: .unreachable, message: "Nobody answers at \(peer).")
    }

    /// Compares the key with the stored one. Asks the user about an unknown key, except on this machine, with a shared secret, or with
    /// `--accept-new`.
    /// - Returns: whether to store the key once it is proven.
    private static func trust(
        _ key: [UInt8], of peer: HostPort, isLocal: Bool, _ keys: TransferKeys, accepting: Bool, _ reporter: TransferReporter
    ) async throws -> Bool {
        // Local ports are reused all the time, so their keys are not stored.
        if isLocal { return false }
        let fingerprint = KeyFingerprint.text(of: key)
        guard let known = keys.knownPeers else {
            guard accepting || keys.sharedKey != nil else {
                throw Stop(.refused, "There is no data folder with the key of \(peer). Give --data, or --accept-new.")
            }
            return false
        }
        switch try known.check(peer, key: key) {
        case .known: return false
        case .changed(let expected):
            throw Stop(
                .refused,
                "The key of \(peer) has changed: it was \(KeyFingerprint.text(of: expected)) and is \(fingerprint). "
                    + "Somebody else may answer in its place. If the receiver was set up again, forget the old key: chatty send-file --forget \(peer)"
            )
        case .new: break
        }
        if !accepting, keys.sharedKey == nil {
            // Programs are not asked.
            guard isatty(STDIN_FILENO) == 1, !reporter.showsAll else {
                throw Stop(
                    .refused, "This is the first transfer to \(peer) (key \(fingerprint)). Use its ticket, a shared secret or --accept-new."
                )
            }
            guard
                await Question.shared.confirm(
                    "This is the first transfer to \(peer). Its key is \(fingerprint). Does recv-file show the same key?", on: reporter)
            else {
                throw Stop(.refused, "Not sent.")
            }
        }
        return true
    }

    /// A failure, for example of a read-only data folder, is reported; then the user is asked again the next time.
    private static func remember(_ key: [UInt8], of peer: HostPort, _ keys: TransferKeys, _ reporter: TransferReporter) {
        do {
            try keys.knownPeers?.add(peer, key: key)
        } catch {
            reporter.complain("The key of \(peer) could not be remembered: \(error).")
        }
    }
}
