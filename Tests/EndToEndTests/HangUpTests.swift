import Foundation
import TestSupport
import Testing

@testable import ChatStoreSQLite

/// What SIGHUP means to a server: on a terminal that is gone it is the end, anywhere else the settings are read again (OperationTests, TLSReloadTests).
@Suite("A server on a terminal", .fewAtATime)
struct HangUpTests {
    /// A shell on a terminal of its own that runs a server and writes down how it ended.
    private struct Terminal {
        let home: TemporaryFolder
        /// Holds the terminal open as long as it runs.
        private let holder: ChattyProcess
        let server: SocketClient
        /// What goes not to the terminal.
        private let outside: ChattyProcess

        /// - Parameter withNoHangUp: started by nohup(1), which sends elsewhere what would go to a terminal.
        init(withNoHangUp: Bool) async throws {
            home = try TemporaryFolder()
            guard mkfifo(home["outside"], 0o600) == 0 else { throw HarnessFailure.system("mkfifo") }
            outside = try ChattyProcess(words: [home["outside"]], executable: "/bin/cat")
            let command = "'\(Executable.chatty)' serve 0 --data '\(home["data"])'"
            // The shell itself outlives its terminal to see the server's end.
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
