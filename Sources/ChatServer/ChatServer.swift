import ChatHub
import ChatProtocol
import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// A running server: its store, its threads and its listening socket, from ``start(_:output:tell:)`` to ``stop()``.
public final class ChatServer: Sendable {
    /// The TCP port it listens on.
    public let port: Int
    /// Of its certificate.
    public let fingerprint: String

    private let configuration: ServerConfiguration
    private let lock: DataFolderLock
    let store: Store
    private let group: MultiThreadedEventLoopGroup
    private let listener: Listener
    private let workers: [LoopWorker]
    private let writer: StoreWriter
    private let reader: StoreReader
    private let hashing: HashingPool
    private let log: EventLog
    private let driver: HubDriver
    private let tls: Guarded<NIOSSLContext>
    private let tell: @Sendable (String) -> Void

    /// Starts a server; it is ready for clients when this returns.
    /// - Parameters:
    ///   - output: takes the lines about events, whole; may block.
    ///   - tell: what the host has to know besides: bad lines of the credentials file, a store that fails.
    /// - Throws: an error in one line, with nothing left running.
    public static func start(
        _ configuration: ServerConfiguration, output: @escaping @Sendable ([UInt8]) -> Void, tell: @escaping @Sendable (String) -> Void
    ) async throws(ServerError) -> ChatServer {
        try configuration.folder.prepare()
        let lock = try DataFolderLock(configuration.folder)
        let credentials = try configuration.credentialsFile.map { (path) throws(ServerError) in try CredentialsFile(path: path) }
        let identity = try configuration.identity()
        let store = try Store(configuration.folder)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: min(AllowedCores.count, SessionID.maximumLoops))
        do {
            let tls = Guarded(try identity.context())
            var settings = ConnectionSettings(tls: tls, allowsPlaintext: configuration.allowsPlaintext)
            configuration.adjust(&settings)
            let mailbox = Mailbox<HubInput>()
            let workers = group.makeIterator().enumerated().map { index, loop in
                LoopWorker(index: index, eventLoop: loop, settings: settings, hub: mailbox)
            }
            // The port is asked for before passwords are hashed, so that it is not after a minute that somebody hears of its being taken.
            let listener = try await Listener(port: configuration.port, group, workers)
            if let credentials { try add(credentials, configuration, store, tell) }
            let server = try ChatServer(
                configuration, identity.fingerprint, tls, lock, store, group, listener, workers, mailbox, output: output, tell: tell)
            try await listener.accept()
            return server
        } catch {
            // What started is of no more use; the reason is the one above.
            try? await group.shutdownGracefully()
            try? store.close()
            lock.release()
            throw error as? ServerError ?? ServerError("The server cannot start: \(error)")
        }
    }

    private init(
        _ configuration: ServerConfiguration, _ fingerprint: String, _ tls: Guarded<NIOSSLContext>, _ lock: DataFolderLock, _ store: Store,
        _ group: MultiThreadedEventLoopGroup, _ listener: Listener, _ workers: [LoopWorker], _ mailbox: Mailbox<HubInput>,
        output: @escaping @Sendable ([UInt8]) -> Void, tell: @escaping @Sendable (String) -> Void
    ) throws {
        self.configuration = configuration
        self.fingerprint = fingerprint
        self.tls = tls
        self.tell = tell
        self.lock = lock
        self.store = store
        self.group = group
        self.listener = listener
        self.workers = workers
        port = listener.port
        writer = StoreWriter(
            store,
            StoreWriter.Listener(
                stored: { results in mailbox.put(results.map { HubInput(.stored($0.0, succeeded: $0.succeeded)) }) },
                accountsChanged: { mailbox.put(HubInput(.accountsChanged($0))) },
                failing: { problem in
                    tell(problem.map { "The store fails, and messages are refused: \($0)" } ?? "The store works again.")
                }))
        reader = StoreReader(store) { mailbox.put(HubInput($0)) }
        hashing = HashingPool(configuration.hashing)
        let verifier = PasswordVerifier(store, hashing, reader, writer, cost: configuration.hashCost) { ticket, verification in
            mailbox.put(HubInput(.verified(ticket, verification)))
        }
        log = EventLog(configuration.logFormat, write: output, tell: tell)
        driver = HubDriver(
            Hub(configuration.rules, try store.loadState(), at: .now), mailbox,
            HubDriver.Hands(workers: workers, writer: writer, reader: reader, verifier: verifier, log: log))
        writer.start()
        reader.start()
        log.start()
        driver.start()
        for worker in workers { worker.start() }
    }

    private static func add(
        _ credentials: CredentialsFile, _ configuration: ServerConfiguration, _ store: Store, _ tell: (String) -> Void
    ) throws(ServerError) {
        for bad in credentials.badLines { tell("\(configuration.credentialsFile ?? ""):\(bad.line): \(bad.reason)") }
        _ = try AccountBook(store, cost: configuration.hashCost).add(credentials.entries, at: Moment.now.wall)
    }

    /// Reads the certificate and the credentials file again, without dropping anybody: the one is shown to those who connect from now on, new accounts
    /// of the other can log in at once.
    /// - Throws: what cannot be read; all of it then stays as it was.
    /// - Returns: the fingerprint in force.
    @discardableResult
    public func reload() async throws(ServerError) -> String {
        let identity = try configuration.identity()
        let credentials = try configuration.credentialsFile.map { (path) throws(ServerError) in try CredentialsFile(path: path) }
        do {
            let context = try identity.context()
            tls.update { $0 = context }
        } catch {
            throw ServerError("The certificate cannot be used: \(error)")
        }
        guard let credentials else { return identity.fingerprint }
        let result = await onThread { [configuration, store, tell] in
            Result { () throws(ServerError) in
                try ChatServer.add(credentials, configuration, store, tell)
                return try AccountBook(store).list().map(\.account)
            }
        }
        driver.mailbox.put(HubInput(.accountsChanged(try result.get())))
        return identity.fingerprint
    }

    /// Stops accepting, tells all clients, writes what is under way to the disk, and lets the data folder go.
    ///
    /// Clients that have not left within the grace are cut off. Not to be called twice.
    public func stop() async throws {
        await listener.close()
        await onThread { [driver, configuration] in driver.tellEverybody(within: .milliseconds(configuration.grace.milliseconds)) }
        for worker in workers { try await worker.stop() }
        await onThread { [driver, hashing, reader, writer, log] in
            hashing.stop()
            driver.stop()
            reader.stop()
            writer.stop()
            log.stop(within: .seconds(1))
        }
        try await group.shutdownGracefully()
        try store.close()
        lock.release()
    }

    /// Runs what blocks where it blocks no task.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}

extension ServerConfiguration {
    func identity() throws(ServerError) -> TLSIdentity {
        guard let tlsFiles else { return try TLSIdentity(of: folder) }
        return try TLSIdentity(certificateFile: tlsFiles.certificate, keyFile: tlsFiles.key)
    }
}

extension Duration {
    fileprivate var milliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }
}
