import ChatHub
import ChatServer
import ChatStoreSQLite
import Connectivity
import Foundation
import Logging
import ServiceLifecycle
import TransferProtocol

/// `chatty serve`.
enum ServeCommand {
    static func run(_ arguments: Arguments) async throws(UsageError) -> ExitStatus {
        let configuration = try configuration(arguments)
        let manager = ServiceManager(environment: ProcessInfo.processInfo.environment)
        let terminal = ControllingTerminal()
        // Each connection needs a descriptor.
        guard DescriptorLimit.raise() else { return .failed }
        do {
            let server = try await ChatServer.start(
                configuration, output: { bytes in _ = Diagnostics.output(String(decoding: bytes, as: UTF8.self)) },
                notify: { Diagnostics.report($0) })
            // The service group logs nothing; this command and the server write all that a host has to know.
            let logger = Logger(label: "chatty", factory: { _ in SwiftLogNoOpLogHandler() })
            let services = ServiceGroup(
                services: [
                    ServeService(server: server, manager: manager, beginning: server.hasAccounts ? nil : beginning(arguments, server))
                ],
                gracefulShutdownSignals: (SignalWatch.isIgnored(SIGTERM) ? [] : [.sigterm])
                    + (SignalWatch.isIgnored(SIGINT) ? [] : [.sigint]),
                logger: logger)
            let hangUp = SignalWatch.source(of: SIGHUP) {
                Task { if terminal.isLost { await services.triggerGracefulShutdown() } else { await reload(server, manager) } }
            }
            defer { hangUp.cancel() }
            try await services.run()
            return .done
        } catch {
            Diagnostics.report("\(error)")
            return .failed
        }
    }

    private static func configuration(_ arguments: Arguments) throws(UsageError) -> ServerConfiguration {
        let paths = TextPath(command: ServeFlags.spec.name)
        let path = try DataDirectory.required(
            option: arguments[ServeFlags.data], environment: .current, command: ServeFlags.spec.name)
        let folder = DataFolder(try paths.folder(path, make: true))
        var configuration = ServerConfiguration(port: arguments[ServeFlags.port], folder: folder)
        configuration.rules.maximumAttempts = try ServeFlags.attemptsInForce(arguments)
        configuration.rules.blockSeconds = arguments[ServeFlags.blockSeconds]
        configuration.rules.concealsUserNames = arguments[ServeFlags.concealUsernames]
        configuration.rules.keepsOfflineMessages = !arguments[ServeFlags.noOfflineMessages]
        configuration.rules.loginTimeout = Int(arguments[ServeFlags.loginTimeout].components.seconds)
        let rate = arguments[ServeFlags.messageRate]
        configuration.rules.messageRate = rate == 0 ? nil : Double(rate)
        configuration.rules.byteRate = configuration.rules.messageRate.map { $0 * Double(ServeFlags.bytesPerMessage) }
        let connections = arguments[ServeFlags.maxConnections]
        configuration.rules.maximumConnectionsPerAddress = connections == 0 ? nil : connections
        func readAgain(_ flag: Flag<ByteString?>) throws(UsageError) -> String? {
            guard let path = arguments[flag] else { return nil }
            return try paths.file(path, for: .readAgain)
        }
        configuration.credentialsFile = try readAgain(ServeFlags.credentials)
        configuration.allowsPlaintext = arguments[ServeFlags.allowPlaintext]
        configuration.logFormat = arguments[ServeFlags.logFormat] == .json ? .json : arguments[ServeFlags.logTime] ? .timedText : .text
        configuration.keepDays = arguments[ServeFlags.keepDays]
        configuration.messageOfTheDayFile = try readAgain(ServeFlags.motd)
        configuration.metrics = try arguments[ServeFlags.metrics].map { (text) throws(UsageError) in
            guard let endpoint = NumericEndpoint(text) else {
                throw UsageError(
                    "--metrics needs an IPv4 or IPv6 address with a port such as 127.0.0.1:9697, not \(Printable.text(text))",
                    command: ServeFlags.spec.name)
            }
            return (endpoint.address, endpoint.port)
        }
        let relay = arguments[ServeFlags.relay]
        configuration.relay =
            relay == 0
            ? nil
            : RelayLimits(
                rate: relay, total: arguments[ServeFlags.relayTotal], perAccount: arguments[ServeFlags.relayPerAccount])
        configuration.grace = arguments[ServeFlags.grace]
        switch (try readAgain(ServeFlags.tlsCertificate), try readAgain(ServeFlags.tlsKey)) {
        case (let certificate?, let key?): configuration.tlsFiles = (certificate, key)
        case (nil, nil): break
        default: throw UsageError("--tls-cert and --tls-key must be given together.", command: ServeFlags.spec.name)
        }
        return configuration
    }

    /// The first steps for somebody who has started a server without an account.
    private static func beginning(_ arguments: Arguments, _ server: ChatServer) -> String {
        // If the folder is the default one, the command finds it without `--data`.
        let isOfService = ProcessEnvironment.current["STATE_DIRECTORY"] != nil
        let isNamed = arguments[ServeFlags.data] != nil || isOfService
        let data = isNamed ? " --data \(ShellWord.of(ByteString(server.folder.path)))" : ""
        return """
            There is no account yet. Add one, on this machine: \(isOfService ? "sudo " : "")chatty users add NAME\(data)
            Then connect: chatty connect 127.0.0.1 \(server.port)
            """
    }

    /// Reads the certificate, the message of the day and the credentials file again.
    private static func reload(_ server: ChatServer, _ manager: ServiceManager) async {
        manager.reloading()
        do {
            Diagnostics.report("Reloaded the settings, certificate \(try await server.reload())")
        } catch {
            Diagnostics.report("Nothing was changed. \(error)")
        }
        manager.ready(server.status)
    }
}

extension ChatServer {
    /// The status that `systemctl status` shows.
    fileprivate var status: String { "Listening on port \(port)" }
}

/// The server as a service of the process: it runs until the signal to stop.
private struct ServeService: Service {
    let server: ChatServer
    let manager: ServiceManager
    /// The first steps, shown once the server listens; nil if it has accounts.
    let beginning: String?

    func run() async throws {
        // Announced here, where the group handles the signals already: a signal to stop that follows at once ends the server gracefully.
        if let address = server.metricsAddress { Diagnostics.report("Metrics on http://\(address)/metrics") }
        Diagnostics.report("Listening on port \(server.port), certificate \(server.fingerprint)")
        if let beginning { Diagnostics.report(beginning) }
        manager.ready(server.status)
        try await gracefulShutdown()
        manager.stopping()
        try await server.stop()
    }
}
