import ChatHub
import ChatProtocol
import ChatStore
import ChatStoreSQLite
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import SystemSupport

/// A running server with its store, its threads and its listening socket, from ``start(_:output:notify:)`` to ``stop()``.
public final class ChatServer: Sendable {
    /// The TCP port on which it listens.
    public let port: Int
    /// The SHA-256 fingerprint of its certificate.
    public let fingerprint: String
    /// The address and port of the metrics, as in a URL; nil if they are not served.
    public let metricsAddress: String?

    /// Whether the store had an account at the start.
    public let hasAccounts: Bool
    public var folder: DataFolder { configuration.folder }

    private let configuration: ServerConfiguration
    private let lock: DataFolderLock
    let store: Store
    private let group: MultiThreadedEventLoopGroup
    private let listener: Listener
    let metrics: Metrics
    private let metricsListener: MetricsListener?
    private let udpListener: UDPListener?
    private let workers: [LoopWorker]
    private let engine: SQLiteEngine
    private let hashing: FairPool<HashingKey>
    private let log: EventLog
    private let driver: HubDriver
    private let tls: NIOLockedValueBox<NIOSSLContext>
    private let reminder: NIOLockedValueBox<CertificateReminder>
    private let notify: @Sendable (String) -> Void

    /// Starts a server. It accepts clients when this returns.
    /// - Parameters:
    ///   - output: writes whole lines of the event log; may block.
    ///   - notify: reports a message for the operator, such as a bad line of the credentials file or a failing store.
    /// - Throws: an error in one line. Nothing is left running then.
    public static func start(
        _ configuration: ServerConfiguration, output: @escaping @Sendable ([UInt8]) -> Void, notify: @escaping @Sendable (String) -> Void
    ) async throws(UserFacingError) -> ChatServer {
        try await start(configuration, output: output, notify: notify, opening: { try await $0.accept() })
    }

    /// - Parameter opening: the last step, which lets clients in.
    static func start(
        _ configuration: ServerConfiguration, output: @escaping @Sendable ([UInt8]) -> Void, notify: @escaping @Sendable (String) -> Void,
        opening: (Listener) async throws -> Void
    ) async throws(UserFacingError) -> ChatServer {
        var configuration = configuration
        try configuration.folder.prepare()
        let lock = try DataFolderLock(configuration.folder)
        let credentials = try configuration.credentialsFile.map { (path) throws(UserFacingError) in try CredentialsFile(path: path) }
        let identity = try configuration.identity()
        configuration.rules.messageOfTheDay = try configuration.messageOfTheDay()
        let relay = try configuration.relay.map { (limits) throws(UserFacingError) in
            UDPListener.Relay(limits: limits, key: try RelaySecret.load(configuration.folder))
        }
        let store = try Store(configuration.folder)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
        var engine: SQLiteEngine?
        var udpListener: UDPListener?
        var server: ChatServer?
        do {
            let tls = NIOLockedValueBox(try identity.context())
            var settings = ConnectionSettings(tls: tls, allowsPlaintext: configuration.allowsPlaintext)
            configuration.adjust(&settings)
            let mailbox = Mailbox<HubInput>()
            let workers = group.makeIterator().enumerated().map { index, loop in
                LoopWorker(index: index, eventLoop: loop, settings: settings, hub: mailbox)
            }
            // The port is bound before passwords are hashed, so that a port in use is reported at once and not after a minute.
            let listener = try await Listener(port: configuration.port, group, workers, notify: notify)
            let metrics = Metrics()
            udpListener = UDPListener.start(port: listener.port, relay, metrics, notify)
            configuration.rules.relaysFiles = relay != nil && udpListener != nil
            let udp = udpListener
            settings.udp.withLockedValue { $0 = udp }
            var metricsListener: MetricsListener?
            if let (address, port) = configuration.metrics {
                metricsListener = try await MetricsListener(address: address, port: port, group, MetricsPage(metrics, workers))
            }
            if let credentials { try add(credentials, configuration, store, notify) }
            let newEngine = SQLiteEngine(
                store, keepDays: configuration.keepDays, searchTime: configuration.searchTime, .reporting(notify, metrics))
            let state = try newEngine.start { reports in mailbox.put(reports.map { HubInput(Event($0)) }) }
            engine = newEngine
            let newServer = try ChatServer(
                configuration, identity, tls, lock, store, newEngine, state, group, listener, workers, mailbox, metrics, metricsListener,
                udpListener, relay, output: output, notify: notify)
            server = newServer
            try newServer.startThreads()
            try await opening(listener)
            newServer.watchCertificate()
            return newServer
        } catch {
            // The first error is the one to report; errors while stopping add nothing.
            if let server {
                await server.endThreads()
            } else {
                engine?.stop()
                udpListener?.stop()
            }
            try? await group.shutdownGracefully()
            try? store.close()
            lock.release()
            throw error as? UserFacingError ?? UserFacingError("The server cannot start: \(error)")
        }
    }

    private init(
        _ configuration: ServerConfiguration, _ identity: TLSIdentity, _ tls: NIOLockedValueBox<NIOSSLContext>, _ lock: DataFolderLock,
        _ store: Store, _ engine: SQLiteEngine, _ state: StoreState, _ group: MultiThreadedEventLoopGroup, _ listener: Listener,
        _ workers: [LoopWorker],
        _ mailbox: Mailbox<HubInput>,
        _ metrics: Metrics, _ metricsListener: MetricsListener?, _ udpListener: UDPListener?, _ relay: UDPListener.Relay?,
        output: @escaping @Sendable ([UInt8]) -> Void,
        notify: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        self.configuration = configuration
        fingerprint = identity.fingerprint
        reminder = NIOLockedValueBox(CertificateReminder(identity.validity))
        self.tls = tls
        self.notify = notify
        self.lock = lock
        self.store = store
        self.group = group
        self.listener = listener
        self.workers = workers
        self.metrics = metrics
        self.udpListener = udpListener
        self.metricsListener = metricsListener
        metricsAddress = metricsListener.map { listener in
            let address = configuration.metrics?.address ?? ""
            return (address.holds(":") ? "[\(address)]" : address) + ":\(listener.port)"
        }
        port = listener.port
        hasAccounts = !state.accounts.isEmpty
        self.engine = engine
        hashing = try FairPool("hash", configuration.hashing)
        let verifier = PasswordVerifier(engine, hashing, cost: configuration.hashCost) { requestID, verification in
            mailbox.put(HubInput(.verified(requestID, verification)))
        }
        log = EventLog(configuration.logFormat, write: output, notify: notify)
        driver = HubDriver(
            Hub(configuration.rules, state, at: .now), mailbox,
            HubDriver.Services(
                workers: workers, engine: engine, verifier: verifier, log: log, metrics: metrics,
                relay: relay.map { RelayGranter(key: $0.key) }))
        metrics.watch { [engine, hashing, log] in
            let waiting = engine.waiting
            return [
                ("hub", mailbox.count), ("store", waiting.writes), ("reader", waiting.reads), ("hashing", hashing.depth),
                ("log", log.waiting),
            ]
        }
    }

    private func startThreads() throws(SystemError) {
        try log.start()
        try driver.start()
        for worker in workers { worker.start() }
    }

    /// Warns of a certificate that expires, at once and then by the hour until the loops end.
    private func watchCertificate() {
        remindOfCertificate()
        group.next().scheduleRepeatedTask(initialDelay: .hours(1), delay: .hours(1)) { [weak self] _ in self?.remindOfCertificate() }
    }

    private func remindOfCertificate() {
        if let warning = reminder.withLockedValue({ $0.next(at: EventTime.now.wall) }) { notify(warning) }
    }

    private static func add(
        _ credentials: CredentialsFile, _ configuration: ServerConfiguration, _ store: Store, _ notify: (String) -> Void
    ) throws(UserFacingError) {
        for bad in credentials.badLines { notify("\(configuration.credentialsFile ?? ""):\(bad.line): \(bad.reason)") }
        let imported = try AccountBook(store, cost: configuration.hashCost).add(credentials.entries, at: EventTime.now.wall)
        // The file may hold another password for an account that exists.
        if let first = imported.present.first {
            let names = imported.present.count == 1 ? "The account \(first) exists" : "\(imported.present.count) accounts exist"
            let file = configuration.credentialsFile ?? ""
            notify("\(file): \(names) already; its lines add accounts and change no password (chatty users passwd does).")
        }
    }

    /// Reads the certificate, the message of the day and the credentials file again. Connections stay open. New connections get the new
    /// certificate, new log-ins get the new message, and new accounts can log in at once.
    /// - Throws: an error that names what cannot be read. The certificate and the message then stay as they were.
    /// - Returns: the fingerprint of the certificate in force.
    @discardableResult
    public func reload() async throws(UserFacingError) -> String {
        let identity = try configuration.identity()
        let lines = try configuration.messageOfTheDay()
        let context: NIOSSLContext
        do { context = try identity.context() } catch { throw UserFacingError("The certificate cannot be used: \(error)") }
        if let path = configuration.credentialsFile {
            let credentials = try CredentialsFile(path: path)
            let result = await onThread { [configuration, store, notify] in
                Result { () throws(UserFacingError) in try ChatServer.add(credentials, configuration, store, notify) }
            }
            try result.get()
        }
        tls.withLockedValue { $0 = context }
        reminder.withLockedValue { $0 = CertificateReminder(identity.validity) }
        remindOfCertificate()
        driver.mailbox.put(HubInput(.messageOfTheDayChanged(lines)))
        return identity.fingerprint
    }

    /// Stops accepting, says farewell to all clients, commits every pending change, and releases the data folder.
    ///
    /// Clients that have not left within the grace period are disconnected. Call it once only.
    public func stop() async throws {
        await listener.close()
        await onThread { [driver, configuration] in driver.announceShutdown(within: .milliseconds(configuration.grace.milliseconds)) }
        for worker in workers { try await worker.stop() }
        await metricsListener?.close()
        await endThreads()
        try await group.shutdownGracefully()
        try store.close()
        lock.release()
    }

    /// Ends the threads. Each finishes its pending work first.
    private func endThreads() async {
        await onThread { [driver, hashing, engine, log, udpListener] in
            udpListener?.stop()
            hashing.stop()
            driver.stop()
            engine.stop()
            log.stop(within: .seconds(1))
        }
    }

    /// Runs a blocking closure on a thread of its own, so that it blocks no task.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}

extension ServerConfiguration {
    func messageOfTheDay() throws(UserFacingError) -> [String] {
        guard let messageOfTheDayFile else { return [] }
        return try MessageOfTheDay(path: messageOfTheDayFile).lines
    }

    func identity() throws(UserFacingError) -> TLSIdentity {
        guard let tlsFiles else { return try TLSIdentity(of: folder) }
        return try TLSIdentity(certificateFile: tlsFiles.certificate, keyFile: tlsFiles.key)
    }
}

extension Duration {
    fileprivate var milliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }
}

extension SQLiteEngine.Listener {
    /// Reports a failing store to the operator, and the store's work to the metrics.
    fileprivate static func reporting(_ notify: @escaping @Sendable (String) -> Void, _ metrics: Metrics) -> Self {
        Self(
            committed: { metrics.recordCommit(of: $0, seconds: $1, failed: $2) },
            failing: { problem in
                metrics.recordFailure(problem)
                notify(problem.map { "The database cannot be written, and messages are refused: \($0)" } ?? "The database works again.")
            }, noticing: notify)
    }
}
