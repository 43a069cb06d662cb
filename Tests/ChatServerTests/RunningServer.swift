import ChatHub
import ChatProtocol
import ChatStore
import Foundation
import GRDB
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import ChatServer
@testable import ChatStoreSQLite

/// A server in this process, on a free port and in a folder of its own. Each account's password is `pw-` and its name.
final class RunningServer: Sendable {
    let temporary: TemporaryFolder
    let server: ChatServer
    let events: Recorder
    let told: Recorder

    /// Collects a server's messages for its operator or its log.
    final class Recorder: Sendable {
        private let text = NIOLockedValueBox("")

        func add(_ more: String) { text.withLockedValue { $0 += more } }
        var all: String { text.withLockedValue { $0 } }
    }

    var port: Int { server.port }

    /// The time at which the accounts were created.
    static let accountsMade = Timestamp(milliseconds: 1_769_862_896_000)

    init(
        accounts: [String] = ["yoda", "luke", "hans"], in temporary: TemporaryFolder? = nil,
        _ adjust: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws {
        self.temporary = try temporary ?? TemporaryFolder()
        let folder = DataFolder(self.temporary.file("data"))
        if temporary == nil {
            try folder.prepare()
            let store = try Store(folder)
            let book = AccountBook(store, cost: .cheap)
            for name in accounts { try book.add([Name(name)], password: "pw-" + name, at: RunningServer.accountsMade) }
            try store.close()
        }
        var configuration = ServerConfiguration(port: 0, folder: folder)
        configuration.hashCost = .cheap
        // Few loops, whatever the machine: each takes three descriptors, and many tests run at once.
        configuration.loops = min(configuration.loops, 2)
        if RawClient.isSanitized {
            // A sanitizer makes everything ten times as slow, so a client needs longer before it counts as silent.
            configuration.adjust = { $0.silence = .seconds(5) }
        }
        adjust(&configuration)
        let (events, told) = (Recorder(), Recorder())
        self.events = events
        self.told = told
        server = try await ChatServer.start(
            configuration, output: { events.add(String(decoding: $0, as: UTF8.self)) }, notify: { told.add($0 + "\n") })
    }

    /// A change of the configuration.
    struct Change {
        let body: (inout ServerConfiguration) -> Void

        init(_ body: @escaping (inout ServerConfiguration) -> Void) { self.body = body }
    }

    /// The most servers at a time. A server uses processor time, and a test waits only so long for its own.
    private static let places = Turnstile(places: 4)

    /// Runs `body` with a server, and stops the server in any case. Do not start another one within.
    static func use(
        accounts: [String] = ["yoda", "luke", "hans"], in temporary: TemporaryFolder? = nil,
        _ change: Change = Change { _ in }, _ body: (RunningServer) async throws -> Void
    ) async throws {
        await places.enter()
        defer { places.leave() }
        let running = try await RunningServer(accounts: accounts, in: temporary, change.body)
        do {
            try await body(running)
        } catch {
            try await running.server.stop()
            throw error
        }
        try await running.server.stop()
    }

    /// An IRC client that has logged in.
    func logIn(
        _ name: String, password: String? = nil, capabilities: String = "sasl message-tags server-time echo-message", tls: Bool = false,
        host: String = "127.0.0.1"
    ) async throws -> RawClient {
        // The client sends as soon as it is connected, so that the server does not take it for a silent one.
        let client = try await RawClient(port: port, tls: tls, host: host, first: "CAP REQ :\(capabilities)\r\n")
        try await client.register(name, password: password ?? "pw-" + name)
        return client
    }
}

extension RawClient {
    /// The steps of a log-in after `CAP REQ`.
    func register(_ name: String, password: String) async throws {
        let plain = Data("\0\(name)\0\(password)".utf8).base64EncodedString()
        try await send("NICK \(name)\r\nUSER \(name) 0 * :\(name)\r\nAUTHENTICATE PLAIN\r\n")
        try await expect("AUTHENTICATE +")
        try await send("AUTHENTICATE \(plain)\r\n")
        try await expect(" 903 ")
        try await send("CAP END\r\n")
        try await expect(" 422 ")
    }
}

extension PasswordHash.Cost {
    /// The cost for tests that hash many passwords.
    static let cheap = PasswordHash.Cost(log2Rounds: 1, blockSize: 8, parallelism: 1)
}
