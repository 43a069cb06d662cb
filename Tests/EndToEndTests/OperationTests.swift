import Foundation
import TestSupport
import Testing

/// The built server in operation: under a service manager, monitored by Prometheus, backed up while it runs.
@Suite("The server in operation", .fewAtATime)
struct OperationTests {
    @Test func systemdKnowsWhenItStartsReloadsAndStops() async throws {
        let socket = try NotifySocket()
        let home = try await ServerProcess.home()
        let state = home["data"]
        let process = try ChattyProcess("serve", "0", home: home, environment: ["NOTIFY_SOCKET": socket.path, "STATE_DIRECTORY": state])
        let server = try await ServerProcess(process: process, readyIn: home)
        #expect(socket.next() == "READY=1\nSTATUS=Listening on port \(server.port)")
        process.signal(SIGHUP)
        #expect(socket.next().wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=[0-9]+/) != nil)
        try await process.diagnostics.expect("chatty: Reloaded the settings, certificate SHA256:")
        #expect(socket.next().hasPrefix("READY=1\n"))
        process.signal(SIGTERM)
        #expect(socket.next() == "STOPPING=1")
        #expect(try await process.exitStatus() == 0)
        #expect(FileManager.default.fileExists(atPath: state + "/tls-cert.pem"), "$STATE_DIRECTORY is the data folder")
    }

    /// The service's folder does not belong to the user who administers it.
    @Test func theFirstAccountOfAServiceIsAddedByRoot() async throws {
        let home = try TemporaryFolder()
        let server = try ChattyProcess("serve", "0", home: home, environment: ["STATE_DIRECTORY": home["state"]])
        try await server.diagnostics.expect(" sudo chatty users add NAME --data \(home["state"])\n")
        server.signal(SIGTERM)
        #expect(try await server.exitStatus() == 0)
    }

    /// The path of systemd-analyze, which rates the exposure of a service from 0 (safe) to 10; nil if it cannot rate a file.
    private static let analyser: String? = {
        guard let path = Executable.path(of: "systemd-analyze") else { return nil }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = ["--version"]
        let output = Pipe()
        process.standardOutput = output
        guard (try? process.run()) != nil else { return nil }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        // It can rate a file since version 250.
        return (text.firstMatch(of: /systemd (\d+)/).flatMap { Int($0.1) } ?? 0) >= 250 ? path : nil
    }()

    @Test(.enabled(if: analyser != nil, "needs systemd 250 or later")) func theUnitLetsAServerDoLittleElse() async throws {
        let home = try TemporaryFolder()
        let readme = try String(contentsOfFile: Executable.package + "/README.md", encoding: .utf8)
        let unit = try #require(readme.firstMatch(of: /```\n(\[Unit\]\n[^`]*)```/)?.1)
        let file = try home.write(String(unit), to: "chatty.service")
        // The threshold is in tenths.
        let process = try ChattyProcess(
            words: ["security", "--offline=yes", "--threshold=30", file], executable: try #require(Self.analyser))
        #expect(try await process.exitStatus() == 0)
        let rating = try await process.output.end()
        #expect(rating.contains("Overall exposure level for chatty.service: "), "\(rating)")
    }

    @Test func prometheusReadsItsMetrics() async throws {
        let home = try await ServerProcess.home()
        let process = try ChattyProcess("serve", "0", "--data", home["data"], "--metrics", "127.0.0.1:0", home: home)
        let metrics = try await process.diagnostics.expect(#/Metrics on http://127\.0\.0\.1:(\d+)/metrics\n/#, within: .seconds(120)).1
        let server = try await ServerProcess(process: process, readyIn: home)
        _ = try await server.logIn("yoda", "wise")
        let client = try SocketClient(port: try #require(UInt16(metrics)))
        try client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let answer = try await client.input.end()
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("\nchatty_logins_total 1\n") && answer.contains("\nchatty_commit_seconds_count "))
    }

    /// Sessions and stored messages leave nothing behind in the server's memory.
    @Test(.disabled(if: Executable.isSanitized, "a sanitizer's own memory")) func memoryStaysAsItWas() async throws {
        let home = try await ServerProcess.home()
        let process = try ChattyProcess(
            "serve", "0", "--data", home["data"], "--metrics", "127.0.0.1:0", "--message-rate", "0", home: home)
        let metrics = try await process.diagnostics.expect(#/Metrics on http://127\.0\.0\.1:(\d+)/metrics\n/#, within: .seconds(120)).1
        let server = try await ServerProcess(process: process, readyIn: home)
        let first = try await server.logIn("yoda", "wise")
        try first.send("TOKEN\r\n")
        let token = String(try await first.input.expect(#/RESUME_TOKEN (\S+) /#).1)
        func comeAndGo(_ sessions: Int) async throws {
            for number in 1...sessions {
                let client = try await server.logIn("yoda", token)
                for message in 1...20 { try client.send("PRIVMSG luke :number \(number) \(message)\r\n") }
                try await client.input.expect("PRIVMSG luke :number \(number) 20\r\n")
                client.hangUp()
            }
        }
        func memory() async throws -> Int {
            let client = try SocketClient(port: try #require(UInt16(metrics)))
            try client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let answer = try await client.input.end()
            return try #require(answer.firstMatch(of: /\nprocess_resident_memory_bytes (\d+)\n/).flatMap { Int($0.1) })
        }
        try await comeAndGo(100)
        let before = try await memory()
        try await comeAndGo(300)
        let after = try await memory()
        #expect(after < before + 16 * 1_048_576, "grown from \(before) to \(after) bytes over 300 sessions and 6000 messages")
    }

    @Test(arguments: ["localhost:1", "9697", "127.0.0.1"]) func anAddressOfMetricsIsNumeric(text: String) async throws {
        let process = try ChattyProcess("serve", "0", "--metrics", text)
        #expect(try await process.exitStatus() == 2)
        #expect(try await process.diagnostics.end().contains("--metrics needs an IPv4 or IPv6 address with a port"))
    }

    static let sqlite = Executable.path(of: "sqlite3")

    /// The commands of README's "Back it up", with a server that is written to at the same time.
    @Test(.enabled(if: sqlite != nil, "sqlite3 is not installed")) func aBackUpOfARunningServerIsWhole() async throws {
        let server = try await ServerProcess(options: ["--message-rate", "0"])
        let yoda = try await server.logIn("yoda", "wise")
        try yoda.send("PRIVMSG luke :number 1\r\n")
        try await yoda.input.expect("PRIVMSG luke :number 1\r\n")
        let writing = Task.detached { for number in 2...3000 { try yoda.send("PRIVMSG luke :number \(number)\r\n") } }
        try await yoda.input.expect("PRIVMSG luke :number 200\r\n")
        let acknowledged = 200
        let backUp = try TemporaryFolder()
        let target = backUp["data"]
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
        let copy = try ChattyProcess(
            server.home["data"] + "/chatty.db", ".timeout 10000", ".backup \(target)/chatty.db", executable: try #require(Self.sqlite))
        #expect(try await copy.exitStatus() == 0, "\(copy.diagnostics.text)")
        for name in ["tls-cert.pem", "tls-key.pem"] {
            try FileManager.default.copyItem(atPath: server.home["data"] + "/" + name, toPath: target + "/" + name)
        }
        try await writing.value
        // The backup did not disturb the server.
        try await yoda.input.expect("PRIVMSG luke :number 3000\r\n")
        let restored = try await ServerProcess(home: backUp)
        let got = try await restored.numbersForLuke(upTo: acknowledged)
        #expect(got == Array(1...(got.count - 1)) + [9999] && got.count > acknowledged)
        #expect(
            restored.process.diagnostics.text.firstMatch(of: /SHA256:[0-9A-F:]+/)?.0
                == server.process.diagnostics.text.firstMatch(of: /SHA256:[0-9A-F:]+/)?.0)
    }
}
