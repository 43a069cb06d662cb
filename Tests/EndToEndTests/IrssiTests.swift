import Foundation
import TestSupport
import Testing

/// A widely used client on a terminal: logs in with SASL, sends and receives messages, creates and joins a group.
@Suite("irssi", .fewAtATime)
struct IrssiTests {
    static let irssi = Executable.path(of: "irssi")

    @Test(.enabled(if: irssi != nil, "irssi is not installed")) func itLogsInAndTalks() async throws {
        let server = try await ServerProcess()
        // irssi gives up a log-in after 20 seconds, in which a busy machine may not have hashed the password. A token needs no hashing.
        let earlier = try await server.logIn("luke", "sky")
        try earlier.send("TOKEN\r\n")
        let token = String(try await earlier.input.expect(#/RESUME_TOKEN (\S+) /#).1)
        try earlier.send("QUIT\r\n")
        let home = try TemporaryFolder()
        let configuration = try home.write(
            """
            servers = ( { address = "127.0.0.1"; chatnet = "chatty"; port = "\(server.port)"; use_tls = "no"; autoconnect = "yes"; } );
            chatnets = { chatty = { type = "IRC"; nick = "luke"; sasl_mechanism = "PLAIN"; sasl_username = "luke"; sasl_password = "\(token)"; }; };
            settings = {
              core = { real_name = "luke"; user_name = "luke"; nick = "luke"; };
              "fe-common/core" = { autocreate_query_level = "NONE"; autocreate_windows = "no"; };
            };
            """, to: "config")
        let irssi = try ChattyProcess(
            "--config=\(configuration)", "--home=\(home.path)", on: .terminal(columns: 120, rows: 40), home: home,
            executable: #require(Self.irssi))
        try await irssi.expectScreen(columns: 120, rows: 40) { $0.lines.contains { $0.contains("Welcome! luke") } }
        let yoda = try await server.logIn("yoda", "wise")
        try irssi.type("/msg yoda from irssi\r")
        try await yoda.input.expect(":luke!luke@chatty PRIVMSG yoda :from irssi\r\n")
        try yoda.send("PRIVMSG luke :to irssi\r\n")
        try await irssi.expectScreen(columns: 120, rows: 40) { $0.lines.contains { $0.contains("to irssi") } }
        try irssi.type("/join #jedi\r")
        try await server.process.output.expect("User: luke successfully created the group chat: jedi.\n")
        try yoda.send("JOIN #jedi\r\n")
        try await yoda.input.expect(" 366 ")
        try await irssi.expectScreen(columns: 120, rows: 40) { $0.lines.contains { $0.contains("yoda") && $0.contains("joined #jedi") } }
        try yoda.send("PRIVMSG #jedi :hello group\r\n")
        try await irssi.expectScreen(columns: 120, rows: 40) { $0.lines.contains { $0.contains("hello group") } }
        try irssi.type("/quit\r")
        #expect(try await irssi.exitStatus() == 0)
    }
}
