import ChatProtocol
import TestSupport

@testable import ChatStoreSQLite

/// A `chatty serve` with accounts on a free port, for one test.
///
///     let server = try await ChattyServer(accounts: ["yoda": "jedi*knight", "hans": "falcon*solo"])
///     let yoda = try await server.plainSession("yoda")
///     try yoda.send("/activeuser\n")
///     try await yoda.input.expect("No other active user.\n")
final class ChattyServer: Sendable {
    let process: ChattyProcess
    let port: UInt16
    let accounts: [String: String]
    /// The data folder, for a second server after this one.
    let data: TemporaryFolder

    /// - Parameters:
    ///   - accounts: passwords by name.
    ///   - options: further words of the command line.
    ///   - data: the data folder of an earlier server.
    ///   - port: the port; 0 for any free one.
    init(
        accounts: [String: String] = ["yoda": "jedi*knight", "hans": "falcon*solo", "luke": "light*saber"], options: [String] = [],
        data: TemporaryFolder? = nil, port: UInt16 = 0
    ) async throws {
        let folder = try data ?? TemporaryFolder()
        if data == nil { try Self.make(accounts, in: folder["store"]) }
        process = try ChattyProcess(words: ["serve", "\(port)", "--data", folder["store"]] + options)
        let match = try await process.diagnostics.expect(/Listening on port (\d+)/)
        guard let number = UInt16(match.1) else { throw HarnessFailure("no port: \(match.0)") }
        self.port = number
        self.accounts = accounts
        self.data = folder
    }

    /// Makes accounts whose passwords are cheap to verify: in a build without optimisation the usual cost is seconds for each log-in.
    private static func make(_ accounts: [String: String], in path: String) throws {
        let folder = DataFolder(path)
        try folder.prepare()
        let store = try Store(folder)
        let entries = try accounts.sorted { $0.key < $1.key }.enumerated().map {
            CredentialsFile.Entry(line: $0.offset + 1, name: try Name($0.element.key), password: $0.element.value)
        }
        let cheap = PasswordHash.Cost(log2Rounds: 4, blockSize: 1, parallelism: 1)
        _ = try AccountBook(store, cost: cheap).add(entries, at: Timestamp(milliseconds: 0))
        try store.close()
    }

    /// A plain-text connection that has logged in.
    func plainSession(_ name: String) async throws -> SocketClient {
        guard let password = accounts[name] else { throw HarnessFailure("\(name) has no account") }
        let client = try SocketClient(port: port)
        try await client.input.expect("Enter username: ")
        try client.send(name + "\n")
        try await client.input.expect("Enter password: ")
        try client.send(password + "\n")
        try await client.input.expect("Welcome! \(name)\n")
        try await client.input.expect("/logout, /help):\n")
        return client
    }

    /// An IRC connection that has logged in with `PASS`.
    func ircSession(_ name: String, capabilities: String = "") async throws -> SocketClient {
        guard let password = accounts[name] else { throw HarnessFailure("\(name) has no account") }
        let client = try SocketClient(port: port)
        let negotiation = capabilities.isEmpty ? "" : "CAP REQ :\(capabilities)\r\nCAP END\r\n"
        try client.send("PASS \(name):\(password)\r\nNICK \(name)\r\nUSER \(name) 0 * :\(name)\r\n" + negotiation)
        try await client.input.expect("001 \(name) :Welcome! \(name)\r\n")
        try await client.input.expect("422 ")
        return client
    }

    /// SIGTERM, and the exit status.
    func stop() async throws -> Int32 {
        process.signal(15)
        return try await process.exitStatus()
    }
}
