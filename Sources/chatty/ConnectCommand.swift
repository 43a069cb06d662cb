import ChatClient
import ChatProtocol
import Foundation
import NetworkIO
import SystemSupport
import TransferIO
import TransferProtocol

/// `chatty connect`.
enum ConnectCommand {
    static func run(_ arguments: Arguments) async throws(UsageError) -> ExitStatus { try await run(arguments, answers: nil) }

    /// - Parameter answers: see ``ConnectProgram/Options/answers``.
    static func run(_ arguments: Arguments, answers: ConsoleFormatter.Answers?) async throws(UsageError) -> ExitStatus {
        let environment = ProcessEnvironment.current
        let paths = TextPath(command: ConnectFlags.spec.name)
        let data = try DataDirectory.required(
            option: arguments[ConnectFlags.data], environment: environment, command: ConnectFlags.spec.name)
        let (host, serverPort) = try place(arguments)
        let port = try udpPort(arguments)
        let server = KnownHosts.Server(host: host, port: serverPort)
        let knownHosts = KnownHosts(path: try paths.folder(data, make: true) + "/known_hosts")
        if arguments[ConnectFlags.forget] { return forget(server, knownHosts) }

        var options = ConnectProgram.Options(host: host, port: serverPort)
        options.commands = try commands(arguments)
        options.answers = answers
        options.json = arguments[ConnectFlags.json]
        options.isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && options.commands.isEmpty && !options.json
        options.usesColours = !(environment["NO_COLOR"].map { !$0.isEmpty } ?? false) && environment["TERM"] != "dumb"
        options.name = arguments[ConnectFlags.user]
        guard options.commands.isEmpty || options.name != nil else {
            throw UsageError("--command needs --user.", command: ConnectFlags.spec.name)
        }
        if !arguments[ConnectFlags.plaintext] {
            options.trust = try trust(arguments, server, knownHosts, isTerminal: options.isTerminal)
        }
        let asksNow = arguments[ConnectFlags.passwordFile] == "-" && isatty(STDIN_FILENO) == 1
        if !asksNow {
            switch password(arguments, environment) {
            case .success(let password): options.password = password
            case .failure(let failure):
                Diagnostics.report(failure.message)
                return .failed
            }
        }
        if options.password == nil, asksNow || !options.commands.isEmpty {
            // stdin is not read for commands here, and for the password only if a person sits at it.
            guard isatty(STDIN_FILENO) == 1 else {
                throw UsageError("--command needs --password-file or $CHATTY_PASSWORD.", command: ConnectFlags.spec.name)
            }
            switch PasswordInput.ask(Texts.passwordPrompt) {
            case .password(let password): options.password = password
            case .interrupted: return .endedByInterrupt
            case .failed(let reason):
                Diagnostics.report(reason)
                return .failed
            }
        }
        (options.listens, options.listenFor) = listening(arguments)
        options.count = arguments[ConnectFlags.count]
        options.offers =
            switch arguments[ConnectFlags.accept] {
            case .ask: .ask
            case .always: .always
            case .never: .never
            }
        options.bell =
            switch arguments[ConnectFlags.bell] {
            case .dm: .direct
            case .all: .all
            case .off: .off
            }
        options.showsReceipts = arguments[ConnectFlags.receipts] == .on
        options.transcript = try arguments[ConnectFlags.log].map { (path) throws(UsageError) in try paths.file(path, for: .append) }
        options.stateFolder = try stateFolder(environment).map { (path) throws(UsageError) in try paths.folder(path, make: true) }

        // Several users may send files at once, each of which needs descriptors.
        guard DescriptorLimit.raise() else { return .failed }
        let downloads = arguments[ConnectFlags.downloadDirectory]
        let announced = try announced(arguments)
        let place = HostPort(server.description)
        let policy = try policy(arguments)
        let trust = options.trust
        let program = ConnectProgram(
            options,
            carrier: { mailbox in
                ChatTransfers(
                    port: port, announced: announced, mapsPort: arguments[ReachFlags.mapPort] == .on, downloads: downloads,
                    keyPath: data + "/transfer-key", server: place, policy: policy,
                    openRelayStream: { await RelayConnection.open(host: host, port: serverPort, trust: trust, received: $0) },
                    post: { mailbox.post(.transfer($0)) })
            },
            diagnose: Diagnostics.report)
        return status(await program.run())
    }

    /// Which paths the files may take.
    private static func policy(_ arguments: Arguments) throws(UsageError) -> PathPolicy {
        guard !arguments[ConnectFlags.directOnly] || !arguments[ConnectFlags.relayOnly] else {
            throw UsageError("--direct-only and --relay-only exclude each other.", command: ConnectFlags.spec.name)
        }
        return arguments[ConnectFlags.directOnly] ? .directOnly : arguments[ConnectFlags.relayOnly] ? .relayOnly : .any
    }

    /// HOST and PORT; HOST may contain the port too.
    private static func place(_ arguments: Arguments) throws(UsageError) -> (host: String, port: Int) {
        let text = arguments[ConnectFlags.host]
        guard let place = ServerPlace(text) else {
            throw UsageError("HOST needs a name or an address, not \(Printable.text(text))", command: ConnectFlags.spec.name)
        }
        guard let port = place.port else { return (place.host, arguments[ConnectFlags.port]) }
        guard !arguments.has(ConnectFlags.port) else {
            throw UsageError(
                "The port is given twice: after HOST and as PORT. To give a UDP_PORT, write HOST PORT UDP_PORT.",
                command: ConnectFlags.spec.name)
        }
        return (place.host, port)
    }

    /// UDP_PORT; 0 for any free port. Refused where the number could also be the time of `--listen`.
    static func udpPort(_ arguments: Arguments) throws(UsageError) -> UInt16 {
        guard let port = arguments[ConnectFlags.udpPort] else { return 0 }
        guard !arguments.has(ConnectFlags.udpPort, behind: ConnectFlags.listen) else {
            throw UsageError(
                "\(port) after --listen is ambiguous. For a time write --listen=\(port); for UDP_PORT put \(port) before --listen.",
                command: ConnectFlags.spec.name)
        }
        return UInt16(clamping: port)
    }

    /// The commands of `--command`. Each is one line, and none may ask a question.
    private static func commands(_ arguments: Arguments) throws(UsageError) -> [String] {
        let commands = arguments[ConnectFlags.command]
        for command in commands {
            guard !command.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else {
                throw UsageError("--command needs one line, not \(Printable.text(command))", command: ConnectFlags.spec.name)
            }
            if (try? SlashCommand(command, client: true)) == .changePassword {
                throw UsageError("/passwd asks for passwords and cannot be used with --command.", command: ConnectFlags.spec.name)
            }
        }
        return commands
    }

    /// The addresses of `--announce`, in the form that is sent to others.
    private static func announced(_ arguments: Arguments) throws(UsageError) -> [String] {
        var addresses: [String] = []
        for text in arguments[ConnectFlags.announce] {
            guard let address = TransferPayload.announcement(text) else {
                throw UsageError(
                    "--announce needs an IPv4 or IPv6 address with a port such as 203.0.113.7:9999, not \(Printable.text(text))",
                    command: ConnectFlags.spec.name)
            }
            addresses.append(address)
        }
        guard addresses.count <= TransferPayload.maximumAddresses else {
            throw UsageError(
                "--announce can be given \(TransferPayload.maximumAddresses) times at most.", command: ConnectFlags.spec.name)
        }
        return addresses
    }

    private static func trust(
        _ arguments: Arguments, _ server: KnownHosts.Server, _ knownHosts: KnownHosts, isTerminal: Bool
    ) throws(UsageError) -> ServerTrust {
        var demanded: Fingerprint?
        if let text = arguments[ConnectFlags.fingerprint] {
            demanded = Fingerprint(text)
            guard demanded != nil else {
                throw UsageError(
                    "--fingerprint needs a SHA-256 fingerprint of 64 hexadecimal digits, not \(Printable.text(text))",
                    command: ConnectFlags.spec.name)
            }
        }
        // The command names the server by its identity, not as it was typed.
        let data = arguments[ConnectFlags.data].map { " --data \(ShellWord.of($0))" } ?? ""
        return ServerTrust(
            server: server, knownHosts: knownHosts, stranger: arguments[ConnectFlags.acceptNew] ? .accept : isTerminal ? .ask : .refuse,
            demanded: demanded,
            forgetCommand: "chatty connect --forget\(data) \(ShellWord.of(ByteString(server.host))) \(server.port)")
    }

    private static func forget(_ server: KnownHosts.Server, _ knownHosts: KnownHosts) -> ExitStatus {
        do {
            guard try knownHosts.forget(server) else {
                Diagnostics.report("No key of \(server) is known.")
                return .failed
            }
            Diagnostics.output("The key of \(server) is forgotten.\n")
            return .done
        } catch {
            Diagnostics.report(error.message)
            return .failed
        }
    }

    private struct PasswordFailure: Error {
        let message: String
    }

    /// The password from `--password-file`, else from `$CHATTY_PASSWORD`, else nil: then it is asked for.
    private static func password(_ arguments: Arguments, _ environment: ProcessEnvironment) -> Result<String?, PasswordFailure> {
        guard let path = arguments[ConnectFlags.passwordFile] else {
            guard let password = environment["CHATTY_PASSWORD"] else { return .success(nil) }
            return password.text.map { .success($0) } ?? .failure(PasswordFailure(message: "$CHATTY_PASSWORD is not UTF-8 text."))
        }
        // Reads byte by byte, because what follows the line on stdin are commands.
        let descriptor = path == "-" ? STDIN_FILENO : path.withCString { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            return .failure(PasswordFailure(message: "Cannot read \(path): \(SystemError.text())."))
        }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count <= 4096 {
            let count = read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(PasswordFailure(message: "Cannot read \(path): \(SystemError.text()).")) }
            if count == 0 || byte == 0x0A { break }
            bytes.append(byte)
        }
        if bytes.last == 0x0D { bytes.removeLast() }
        let line = bytes.withoutByteOrderMark
        guard !line.isEmpty, let text = String(validating: line, as: UTF8.self) else {
            return .failure(PasswordFailure(message: "There is no password in the first line of \(path)."))
        }
        return .success(text)
    }

    /// Whether to stay after the last command (`--listen`, `--count`), and for how long; a nil duration means without a limit.
    static func listening(_ arguments: Arguments) -> (Bool, Duration?) {
        switch arguments[ConnectFlags.listen] {
        case .absent: (arguments.has(ConnectFlags.count), nil)
        case .bare: (true, nil)
        case .given(let duration): (true, duration)
        }
    }

    /// The folder of the client's state: `$XDG_STATE_HOME/chatty`, else `~/.local/state/chatty`.
    private static func stateFolder(_ environment: ProcessEnvironment) -> ByteString? {
        if let state = environment["XDG_STATE_HOME"], state.starts(with: "/") { return state + "/chatty" }
        return environment["HOME"].flatMap { $0.isEmpty ? nil : $0 + "/.local/state/chatty" }
    }

    private static func status(_ status: ConsoleStatus) -> ExitStatus {
        switch status {
        case .done: .done
        case .failed: .failed
        case .usage: .usage
        case .unreachable: .unreachable
        case .refused: .refused
        case .blocked: .blocked
        case .notDelivered: .notDelivered
        case .resumable: .interrupted
        case .interrupted: .endedByInterrupt
        case .terminated: .endedByTerminate
        case .hungUp: .endedByHangUp
        }
    }
}
