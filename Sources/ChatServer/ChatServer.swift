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

/// A running server: its store, its threads and its listening socket, from ``start(_:output:tell:)`` to ``stop()``.
public final class ChatServer: Sendable {
    /// The TCP port it listens on.
    public let port: Int
    /// Of its certificate.
    public let fingerprint: String
    /// Address and port at which metrics are served, where they are, as in a URL.
    public let metricsAddress: String?

    /// Whether there was an account at the start.
    public let hasAccounts: Bool
    public var folder: DataFolder { configuration.folder }

    private let configuration: ServerConfiguration
    private let lock: DataFolderLock
    let store: Store
    private let group: MultiThreadedEventLoopGroup
    private let listener: Listener
    let metrics: Metrics
    private let metricsListener: MetricsListener?
    private let workers: [LoopWorker]
    private let engine: SQLiteEngine
    private let hashing: FairPool<HashingKey>
    private let log: EventLog
    private let driver: HubDriver
    private let tls: NIOLockedValueBox<NIOSSLContext>
    private let reminder: NIOLockedValueBox<CertificateReminder>
    private let tell: @Sendable (String) -> Void

    /// Starts a server; it is ready for clients when this returns.
    /// - Parameters:
    ///   - output: takes the lines about events, whole; may block.
    ///   - tell: what the host has to know besides: bad lines of the credentials file, a store that fails.
    /// - Throws: an error in one line, with nothing left running.
    public static func start(
        _ configuration: ServerConfiguration, output: @escaping @Sendable ([UInt8]) -> Void, tell: @escaping @Sendable (String) -> Void
    ) async throws(UserFacingError) -> ChatServer {
        try await start(configuration, output: output, tell: tell, opening: { try await $0.accept() })
    }

    /// - Parameter opening: lets clients in, as the last step.
    static func start(
        _ configuration: ServerConfiguration, output: @escaping @Sendable ([UInt8]) -> Void, tell: @escaping @Sendable (String) -> Void,
        opening: (Listener) async throws -> Void
    ) async throws(UserFacingError) -> ChatServer {
        var configuration = configuration
        try configuration.folder.prepare()
        let lock = try DataFolderLock(configuration.folder)
        let credentials = try configuration.credentialsFile.map { (path) throws(UserFacingError) in try CredentialsFile(path: path) }
        let identity = try configuration.identity()
        configuration.rules.messageOfTheDay = try configuration.messageOfTheDay()
        let store = try Store(configuration.folder)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
        var engine: SQLiteEngine?
        var server: ChatServer?
        do {
            let tls = NIOLockedValueBox(try identity.context())
            var settings = ConnectionSettings(tls: tls, allowsPlaintext: configuration.allowsPlaintext)
            configuration.adjust(&settings)
            let mailbox = Mailbox<HubInput>()
            let workers = group.makeIterator().enumerated().map { index, loop in
                LoopWorker(index: index, eventLoop: loop, settings: settings, hub: mailbox)
            }
            // The port is asked for before passwords are hashed, so that it is not after a minute that somebody hears of its being taken.
            let listener = try await Listener(port: configuration.port, group, workers, tell: tell)
            let metrics = Metrics()
            var metricsListener: MetricsListener?
            if let (address, port) = configuration.metrics {
                metricsListener = try await MetricsListener(address: address, port: port, group, MetricsPage(metrics, workers))
            }
            if let credentials { try add(credentials, configuration, store, tell) }
            let newEngine = SQLiteEngine(
                store, keepDays: configuration.keepDays, searchTime: configuration.searchTime, .telling(tell, metrics))
            let state = try newEngine.start { reports in mailbox.put(reports.map { HubInput(Event($0)) }) }
            engine = newEngine
            let newServer = try ChatServer(
                configuration, identity, tls, lock, store, newEngine, state, group, listener, workers, mailbox, metrics, metricsListener,
                output: output, tell: tell)
            server = newServer
            try newServer.startThreads()
            try await opening(listener)
            newServer.watchCertificate()
            return newServer
        } catch {
            // What started is of no more use; the reason is the one above.
            if let server { await server.endThreads() } else { engine?.stop() }
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
        _ metrics: Metrics, _ metricsListener: MetricsListener?, output: @escaping @Sendable ([UInt8]) -> Void,
        tell: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        self.configuration = configuration
        fingerprint = identity.fingerprint
        reminder = NIOLockedValueBox(CertificateReminder(identity.validity))
        self.tls = tls
        self.tell = tell
        self.lock = lock
        self.store = store
        self.group = group
        self.listener = listener
        self.workers = workers
        self.metrics = metrics
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
        log = EventLog(configuration.logFormat, write: output, tell: tell)
        driver = HubDriver(
            Hub(configuration.rules, state, at: .now), mailbox,
            HubDriver.Services(workers: workers, engine: engine, verifier: verifier, log: log, metrics: metrics))
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

    /// Reminds of a certificate that expires; until the loops end.
    private func watchCertificate() {
        remindOfCertificate()
        group.next().scheduleRepeatedTask(initialDelay: .hours(1), delay: .hours(1)) { [weak self] _ in self?.remindOfCertificate() }
    }

    private func remindOfCertificate() {
        if let warning = reminder.withLockedValue({ $0.next(at: EventTime.now.wall) }) { tell(warning) }
    }

    private static func add(
        _ credentials: CredentialsFile, _ configuration: ServerConfiguration, _ store: Store, _ tell: (String) -> Void
    ) throws(UserFacingError) {
        for bad in credentials.badLines { tell("\(configuration.credentialsFile ?? ""):\(bad.line): \(bad.reason)") }
        let imported = try AccountBook(store, cost: configuration.hashCost).add(credentials.entries, at: EventTime.now.wall)
        // Somebody may have written another password for one of these.
        if let first = imported.present.first {
            let names = imported.present.count == 1 ? "The account \(first) exists" : "\(imported.present.count) accounts exist"
            let file = configuration.credentialsFile ?? ""
            tell("\(file): \(names) already; its lines add accounts and change no password (chatty users passwd does).")
        }
    }

    /// Reads the certificate, the message of the day and the credentials file again, without dropping anybody: the certificate is shown to those who
    /// connect from now on, the message to those who log in, and new accounts can log in at once.
    /// - Throws: what cannot be read; all of it then stays as it was.
    /// - Returns: the fingerprint in force.
    @discardableResult
    public func reload() async throws(UserFacingError) -> String {
        let identity = try configuration.identity()
        let lines = try configuration.messageOfTheDay()
        let context: NIOSSLContext
        do { context = try identity.context() } catch { throw UserFacingError("The certificate cannot be used: \(error)") }
        if let path = configuration.credentialsFile {
            let credentials = try CredentialsFile(path: path)
            let result = await onThread { [configuration, store, tell] in
                Result { () throws(UserFacingError) in try ChatServer.add(credentials, configuration, store, tell) }
            }
            try result.get()
        }
        tls.withLockedValue { $0 = context }
        reminder.withLockedValue { $0 = CertificateReminder(identity.validity) }
        remindOfCertificate()
        driver.mailbox.put(HubInput(.messageOfTheDayChanged(lines)))
        return identity.fingerprint
    }

    /// Stops accepting, tells all clients, writes what is under way to the disk, and lets the data folder go.
    ///
    /// Clients that have not left within the grace are cut off. Not to be called twice.
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

    /// What is under way is done and written first.
    private func endThreads() async {
        await onThread { [driver, hashing, engine, log] in
            hashing.stop()
            driver.stop()
            engine.stop()
            log.stop(within: .seconds(1))
        }
    }

    /// Runs what blocks where it blocks no task.
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
    /// Tells the host of a store that fails, and the metrics of what it does.
    fileprivate static func telling(_ tell: @escaping @Sendable (String) -> Void, _ metrics: Metrics) -> Self {
        Self(
            committed: { metrics.recordCommit(of: $0, seconds: $1, failed: $2) },
            failing: { problem in
                metrics.recordFailure(problem)
                tell(problem.map { "The database cannot be written, and messages are refused: \($0)" } ?? "The database works again.")
            }, noticing: tell)
    }
}
