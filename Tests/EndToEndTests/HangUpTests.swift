import Foundation
import TestSupport
import Testing

@testable import ChatStoreSQLite

/// SIGHUP ends a server whose terminal is gone; any other server reloads its settings (OperationTests, TLSReloadTests).
@Suite("A server on a terminal", .fewAtATime)
struct HangUpTests {
    /// A shell on a terminal of its own that runs a server and records its exit status.
    private struct Terminal {
        let home: TemporaryFolder
        /// Keeps the terminal open while it runs.
        private let holder: ChattyProcess
        let server: SocketClient
        /// Receives the output that does not go to the terminal.
        private let outside: ChattyProcess

        /// - Parameter withNoHangUp: whether nohup(1) starts the server, which redirects output for a terminal.
        init(withNoHangUp: Bool) async throws {
            home = try TemporaryFolder()
            guard mkfifo(home["outside"], 0o600) == 0 else { throw HarnessFailure.system("mkfifo") }
            outside = try ChattyProcess(words: [home["outside"]], executable: "/bin/cat")
            let command = "'\(Executable.chatty)' serve 0 --data '\(home["data"])'"
            // The shell itself survives the loss of its terminal, to see the server's end.
            try home.write(
                """
                trap : HUP
                exec 3>'\(home["outside"])'
                \(withNoHangUp ? "nohup \(command) >&3 2>&3" : command)
                echo "status $?" >&3
                """, to: "run")
            holder = try ChattyProcess(
                words: ["-qec", "sh '\(home["run"])'", "/dev/null"], environment: ["HOME": home.path], executable: "/usr/bin/script")
            let port = try await (withNoHangUp ? outside : holder).output.expect(/Listening on port (\d+)/).1
            server = try SocketClient(port: try #require(UInt16(port)))
            try await server.input.expect("Enter username: ")
        }

        func close() { holder.kill() }

        func expectEnd() async throws {
            #expect(try await server.input.end().hasSuffix("The server is shutting down.\n"))
            try await outside.output.expect("status 0\n")
        }
    }

    @Test func thatIsClosedEnds() async throws {
        let terminal = try await Terminal(withNoHangUp: false)
        terminal.close()
        try await terminal.expectEnd()
    }

    @Test func withNohupStays() async throws {
        let terminal = try await Terminal(withNoHangUp: true)
        let pid = try #require(DataFolderLock.holder(of: DataFolder(terminal.home["data"])))
        defer { kill(pid, SIGTERM) }
        terminal.close()
        kill(pid, SIGHUP)
        try terminal.server.send("nobody\n")
        try await terminal.server.input.expect("There is no user nobody.\nEnter username: ")
        kill(pid, SIGTERM)
        try await terminal.expectEnd()
    }
}
