import Foundation
import TestSupport

/// A built `chatty serve` on a free port, ready for clients, with the accounts `yoda` (`wise`) and `luke` (`sky`).
struct ServerProcess {
    let process: ChattyProcess
    let port: UInt16
    let home: TemporaryFolder
}

extension ServerProcess {
    /// The start of a server takes long on a busy machine.
    private static let patience = Duration.seconds(120)

    /// A data folder with the accounts, made once, because password hashing is slow by design.
    private static let template = Task {
        let home = try TemporaryFolder()
        let credentials = try home.write("yoda wise\nluke sky\n", to: "credentials.txt")
        let users = try ChattyProcess("users", "import", credentials, "--data", home["data"], home: home)
        guard try await users.exitStatus(within: patience) == 0 else { throw HarnessFailure(users.diagnostics.text) }
        return home
    }

    /// A home folder with the accounts in its folder `data`.
    static func home() async throws -> TemporaryFolder {
        let home = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: await template.value["data"], toPath: home["data"])
        return home
    }

    /// - Parameters:
    ///   - home: contains `data`; that of an earlier server continues its state.
    init(home: TemporaryFolder? = nil, options: [String] = []) async throws {
        let home = if let home { home } else { try await ServerProcess.home() }
        try await self.init(
            process: ChattyProcess(words: ["serve", "0", "--data", home["data"]] + options, home: home), readyIn: home)
    }

    /// Waits until a started server is ready.
    init(process: ChattyProcess, readyIn home: TemporaryFolder) async throws {
        let ready = try await process.diagnostics.expect(
            /Listening on port (\d+), certificate SHA256:[0-9A-F:]{95}\n/, within: ServerProcess.patience)
        guard let port = UInt16(ready.1) else { throw HarnessFailure("\(ready.1) is no port") }
        self.init(process: process, port: port, home: home)
    }

    /// An IRC client that has logged in.
    func logIn(_ name: String, _ password: String) async throws -> SocketClient {
        let client = try SocketClient(port: port)
        let plain = Data("\0\(name)\0\(password)".utf8).base64EncodedString()
        try client.send(
            "CAP REQ :sasl echo-message standard-replies\r\nNICK \(name)\r\nUSER \(name) 0 * :\(name)\r\nAUTHENTICATE PLAIN\r\n")
        try await client.input.expect("AUTHENTICATE +")
        try client.send("AUTHENTICATE \(plain)\r\n")
        try await client.input.expect(" 903 ", within: ServerProcess.patience)
        try client.send("CAP END\r\n")
        try await client.input.expect(" 422 ")
        return client
    }

    /// The numbers of the messages `number N` from `yoda` that `luke` has missed, and of `number 9999`, which `yoda` sends now.
    /// - Parameter last: a number that must be among them.
    func numbersForLuke(upTo last: Int) async throws -> [Int] {
        let luke = try await logIn("luke", "sky")
        try await luke.input.expect("PRIVMSG luke :number \(last)\r\n")
        let yoda = try await logIn("yoda", "wise")
        try yoda.send("PRIVMSG luke :number 9999\r\n")
        try await luke.input.expect("PRIVMSG luke :number 9999\r\n")
        return ServerProcess.numbers(in: luke.input.text)
    }

    static func numbers(in text: String) -> [Int] { text.matches(of: /:number (\d+)\r\n/).compactMap { Int($0.1) } }
}
