/// A `chatty serve` with accounts, on any free port, for one test.
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
    let data: TemporaryDirectory

    /// - Parameters:
    ///   - accounts: names and passwords.
    ///   - options: further words of the command line.
    ///   - data: the data folder of an earlier server.
    ///   - port: any free one where 0.
    init(
        accounts: [String: String] = ["yoda": "jedi*knight", "hans": "falcon*solo", "luke": "light*saber"], options: [String] = [],
        data: TemporaryDirectory? = nil, port: UInt16 = 0
    ) async throws {
        let data = try data ?? TemporaryDirectory()
        let credentials = try data.write(accounts.map { "\($0.key) \($0.value)\n" }.joined(), to: "credentials.txt")
        process = try ChattyProcess(
            words: ["serve", "\(port)", "--credentials", credentials, "--data", data["store"]] + options)
        let match = try await process.diagnostics.expect(/Listening on port (\d+)/)
        guard let number = UInt16(match.1) else { throw HarnessFailure("no port: \(match.0)") }
        self.port = number
        self.accounts = accounts
        self.data = data
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
