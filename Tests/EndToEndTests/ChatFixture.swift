import Foundation

/// A server with accounts whose passwords are their names backwards, and clients of it.
struct ChatFixture {
    let server: ChattyProcess
    let port: String
    let folder: TemporaryDirectory

    static let accounts = ["ethan", "e", "yoda", "luke", "hans"]
    static func password(of name: String) -> String { "pw-" + String(name.reversed()) }

    /// A data folder with the accounts, made once: hashing their passwords takes its time.
    private static let template = Task {
        let folder = try TemporaryDirectory()
        let lines = accounts.map { "\($0) \(password(of: $0))\n" }.joined()
        try lines.write(toFile: folder.path + "/credentials", atomically: false, encoding: .utf8)
        let server = try serve(folder, port: "0", ["--credentials", folder.path + "/credentials"])
        _ = try await portOf(server)
        server.signal(SIGTERM)
        _ = try await server.exitStatus()
        return folder
    }

    init(_ options: String...) async throws {
        folder = try TemporaryDirectory()
        try FileManager.default.copyItem(atPath: try await Self.template.value.path + "/data", toPath: folder.path + "/data")
        server = try Self.serve(folder, port: "0", options)
        port = try await Self.portOf(server)
    }

    private init(server: ChattyProcess, port: String, folder: TemporaryDirectory) {
        self.server = server
        self.port = port
        self.folder = folder
    }

    /// Another server on the same data and port, once the first one is gone.
    func restarted() async throws -> ChatFixture {
        let again = try Self.serve(folder, port: port, [])
        return ChatFixture(server: again, port: try await Self.portOf(again), folder: folder)
    }

    private static func serve(_ folder: TemporaryDirectory, port: String, _ options: [String]) throws -> ChattyProcess {
        try ChattyProcess(words: ["serve", port, "3", "--data", folder.path + "/data"] + options)
    }

    private static func portOf(_ server: ChattyProcess) async throws -> String {
        String(try await server.diagnostics.expect(/on port (\d+)/, within: .seconds(120)).1)
    }

    /// A client on a terminal, nothing typed yet.
    func terminal(
        columns: UInt16 = 140, rows: UInt16 = 24, home: TemporaryDirectory? = nil, directory: String? = nil,
        environment: [String: String] = [:], _ options: String...
    ) throws -> ChattyProcess {
        try ChattyProcess(
            words: ["connect", "127.0.0.1", port] + options, on: .terminal(columns: columns, rows: rows), home: home, directory: directory,
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

    /// A client on pipes with its name and password given.
    func script(
        as name: String, password: String? = nil, home: TemporaryDirectory? = nil, directory: String? = nil, _ options: String...
    ) throws -> ChattyProcess {
        try ChattyProcess(
            words: ["connect", "127.0.0.1", port, "-u", name] + options, home: home, directory: directory,
            environment: ["CHATTY_PASSWORD": password ?? Self.password(of: name)])
    }
}
