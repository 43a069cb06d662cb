import Foundation
import TestSupport
import Testing

extension ServiceTests {
    /// Start and stop of the server, and their failures.
    @Suite("chatty serve as a process")
    struct ServerProcessTests {
        @Test(arguments: [SIGTERM, SIGINT]) func aSignalStopsItWithStatusZero(signal: Int32) async throws {
            let server = try await ChattyServer()
            let yoda = try await server.plainSession("yoda")
            server.process.signal(signal)
            #expect(try await server.process.exitStatus() == 0)
            #expect(try await yoda.input.end().contains("The server is shutting down."))
        }

        @Test func aPortInUseIsOneLine() async throws {
            let server = try await ChattyServer(accounts: [:])
            let data = try TemporaryFolder()
            let second = try ChattyProcess("serve", "\(server.port)", "--data", data["store"])
            #expect(try await second.exitStatus() == 1)
            let text = try await second.diagnostics.end()
            #expect(text.split(separator: "\n").last?.hasPrefix("chatty: ") == true)
            #expect(text.contains("\(server.port)"), "\(text)")
            #expect(try await second.output.end() == "")
        }

        @Test func aDataFolderInUseNamesTheOther() async throws {
            let server = try await ChattyServer(accounts: [:])
            let second = try ChattyProcess("serve", "0", "--data", server.data["store"])
            #expect(try await second.exitStatus() == 1)
            #expect(try await second.diagnostics.end().contains("\(server.process.pid)"))
        }

        @Test func unreadableFilesAreOneLine() async throws {
            let data = try TemporaryFolder()
            try data.write("", to: "file")
            for words in [
                ["--credentials", data["missing"], "--data", data["store"]], ["--data", data["file"]], ["--data", data["file"] + "/below"],
                ["--tls-cert", data["missing"], "--tls-key", data["missing"], "--data", data["store"]],
            ] {
                let process = try ChattyProcess(words: ["serve", "0"] + words)
                #expect(try await process.exitStatus() == 1, "\(words)")
                let lines = try await process.diagnostics.end().split(separator: "\n")
                #expect(lines.count == 1 && lines[0].hasPrefix("chatty: "), "\(lines)")
            }
        }

        @Test func aBadLineOfTheCredentialsIsReportedWithItsNumber() async throws {
            let data = try TemporaryFolder()
            let credentials = try data.write("yoda jedi*knight\nnopassword\n9lives cat\nhans falcon*solo\n", to: "credentials.txt")
            let process = try ChattyProcess("serve", "0", "--credentials", credentials, "--data", data["store"])
            try await process.diagnostics.expect("Listening on port ")
            let text = process.diagnostics.text
            #expect(text.contains("2") && text.contains("3") && !text.contains("jedi*knight"), "\(text)")
        }

        @Test func theLogCanBeJSON() async throws {
            let server = try await ChattyServer(options: ["--log-format", "json"])
            let yoda = try await server.plainSession("yoda")
            try yoda.send("/joingroup sith\n")
            try await yoda.input.expect("There is no group chat sith.\n")
            let line = try await server.process.output.expect(#/\{.*"failed".*\}/#).0
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
            #expect(object["user"] == "yoda" && object["time"]?.hasSuffix("Z") == true)
        }

        @Test func aConnectionThatNeverLogsInIsClosed() async throws {
            let server = try await ChattyServer(options: ["--login-timeout", "2"])
            let silent = try SocketClient(port: server.port)
            let text = try await silent.input.end()
            #expect(text.contains("You did not log in within 2 seconds."))
        }

        /// Any garbage leaves the server intact for the next session.
        @Test func garbageHurtsNobody() async throws {
            let server = try await ChattyServer()
            var random = SeededGenerator(seed: 1)
            let starts: [[UInt8]] = [[], [0x16, 3, 1], Array("NICK ".utf8), Array("CAP LS 302\r\n".utf8), [0], [10]]
            for start in Array(repeating: starts, count: 8).flatMap(\.self) {
                let client = try SocketClient(port: server.port)
                // The server may close at any byte.
                try? client.send(bytes: start + random.bytes(20_000))
                client.hangUp()
            }
            let yoda = try await server.plainSession("yoda")
            try yoda.send("/activeuser\n")
            try await yoda.input.expect("No other active user.\n")
            #expect(!server.process.hasEnded)
        }
    }
}
