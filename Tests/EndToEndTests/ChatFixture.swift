import TestSupport

/// A server with accounts whose passwords are their names backwards, and its clients.
struct ChatFixture {
    let server: ChattyServer
    var port: String { "\(server.port)" }

    static let accounts = ["ethan", "e", "yoda", "luke", "hans"]
    static func password(of name: String) -> String { "pw-" + String(name.reversed()) }

    init(accounts names: [String] = Self.accounts, _ options: String...) async throws {
        let accounts = Dictionary(uniqueKeysWithValues: names.map { ($0, Self.password(of: $0)) })
        server = try await ChattyServer(accounts: accounts, options: options)
    }

    private init(_ server: ChattyServer) { self.server = server }

    /// A new server on the same data and port, after the end of the first one.
    func restarted() async throws -> ChatFixture {
        ChatFixture(try await ChattyServer(accounts: server.accounts, data: server.data, port: server.port))
    }

    /// A client on a terminal, before any input.
    func terminal(
        columns: UInt16 = 140, rows: UInt16 = 24, udpPort: UInt16? = nil, home: TemporaryFolder? = nil, directory: String? = nil,
        environment: [String: String] = [:], _ options: String...
    ) throws -> ChattyProcess {
        try ChattyProcess(
            words: ["connect", "127.0.0.1", port] + (udpPort.map { ["\($0)"] } ?? []) + options,
            on: .terminal(columns: columns, rows: rows), home: home, directory: directory,
            environment: ["NO_COLOR": "1"].merging(environment) { $1 })
    }

    /// Types name and password and waits for the first prompt.
    func logIn(_ client: ChattyProcess, as name: String) async throws {
        try await client.output.expect("Enter username: ")
        try client.type(name + "\r")
        try await client.output.expect("Enter password: ")
        try client.type(Self.password(of: name) + "\r")
        try await client.output.expect("/help):")
        try await client.output.expect("\(name)> ")
    }

    /// A client on pipes, with name and password.
    func script(
        as name: String, password: String? = nil, home: TemporaryFolder? = nil, directory: String? = nil, _ options: String...
    ) throws -> ChattyProcess {
        try ChattyProcess(
            words: ["connect", "127.0.0.1", port, "-u", name] + options, home: home, directory: directory,
            environment: ["CHATTY_PASSWORD": password ?? Self.password(of: name)])
    }
}
