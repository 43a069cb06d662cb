import Foundation
import TestSupport
import Testing

/// A small disk in a mount namespace of its own. The server ends with the script that has started it, whatever becomes of the test.
@Suite("A full disk", .fewAtATime, .smallDisk)
struct FullDiskTests {
    private static let unshare = Executable.path(of: "unshare")

    /// Starts a server on a disk of this size; a line typed after all steps ends it.
    /// - Parameters:
    ///   - before: commands of the shell before the server starts.
    ///   - steps: later commands, each run after a typed line; the disk is `$DATA`.
    private static func server(megabytes: Int, before: String = ":", _ steps: String) async throws -> ServerProcess {
        let home = try await ServerProcess.home()
        let script = """
            cp -r "$DATA" "$DATA.all" && mount -t tmpfs -o size=\(megabytes)m chatty-test "$DATA" && cp "$DATA.all"/* "$DATA" || exit 9
            \(before)
            setpriv --pdeathsig KILL "$@" & server=$!
            \(steps)
            read -r line; kill -TERM $server; wait $server
            """
        let process = try ChattyProcess(
            "-rm", "/bin/sh", "-c", script, "sh", Executable.chatty, "serve", "0", "--data", home["data"], "--message-rate", "0",
            home: home, environment: ["DATA": home["data"]], executable: try #require(unshare))
        return try await ServerProcess(process: process, readyIn: home)
    }

    @Test func sendersAreToldNothingKeptIsLostAndItRecovers() async throws {
        let server = try await Self.server(
            megabytes: 1, before: #"head -c 400000 /dev/zero > "$DATA/filler" || exit 9"#, #"read -r line; rm "$DATA/filler""#)
        let process = server.process

        let (yoda, luke) = (try await server.logIn("yoda", "wise"), try await server.logIn("luke", "sky"))
        let filling = String(repeating: "f", count: 3800)
        var accepted: [Int] = []
        var isFull = false
        for number in 1...1000 where !isFull {
            try yoda.send("PRIVMSG luke :number \(number) \(filling)\r\n")
            let answer = try await yoda.input.expect(#/(FAIL PRIVMSG STORE_FAILED|PRIVMSG luke :number \d+ )/#).1
            if answer.hasPrefix("FAIL") { isFull = true } else { accepted.append(number) }
        }
        #expect(isFull)
        try await process.diagnostics.expect("The database cannot be written, and messages are refused: ")
        // The service itself continues.
        try yoda.send("PING alive\r\n")
        try await yoda.input.expect("PONG")
        try process.type("free\n")
        var isKeptAgain = false
        for _ in 1...200 where !isKeptAgain {
            try yoda.send("PRIVMSG luke :number 5000 \(filling)\r\n")
            isKeptAgain = try await yoda.input.expect(/(FAIL PRIVMSG STORE_FAILED|PRIVMSG luke :number 5000 )/).1.hasPrefix("PRIVMSG")
        }
        #expect(isKeptAgain)
        try await luke.input.expect("PRIVMSG luke :number 5000 ")
        let got = luke.input.text.matches(of: #/:number (\d+) /#).compactMap { Int($0.1) }
        #expect(got == accepted + [5000])
        try process.type("stop\n")
        #expect(try await process.exitStatus() == 0)
    }

    /// The store's write-ahead log, which is many times longer than the messages, is checkpointed in time. If other data has filled the
    /// disk, this happens as soon as there is a little space.
    @Test func aSmallDiskHoldsMoreThanItsLog() async throws {
        let server = try await Self.server(
            megabytes: 8,
            """
            read -r line; cat /dev/zero > "$DATA/filler" 2> /dev/null; echo filled
            read -r line; truncate -s -2M "$DATA/filler"; echo room
            """)
        let process = server.process
        let yoda = try await server.logIn("yoda", "wise")
        func isKept(_ number: Int, _ rest: String = "") async throws -> Bool {
            try yoda.send("PRIVMSG luke :number \(number) it is \(rest)\r\n")
            return try await yoda.input.expect(#/(FAIL PRIVMSG STORE_FAILED|PRIVMSG luke :number \d+ it)/#).1.hasPrefix("PRIVMSG")
        }
        // Messages are sent one by one: each commit writes its pages to the log again.
        for number in 1...1500 { try #require(try await isKept(number), "message \(number)") }
        try process.type("fill\n")
        try await process.output.expect("filled\n")
        var number = 1500
        // While the log has reusable space, some more messages are stored; long ones make them few.
        repeat { number += 1 } while try await isKept(number, String(repeating: "f", count: 3800))
        try process.type("free\n")
        try await process.output.expect("room\n")
        while try await !isKept(number) {}
        for later in number + 1...number + 600 { try #require(try await isKept(later), "message \(later)") }
        try process.type("stop\n")
        #expect(try await process.exitStatus() == 0)
    }

    /// A read-only data folder gives one line of error, and nothing is changed.
    @Test func aReadOnlyFolderIsOneLine() async throws {
        let home = try await ServerProcess.home()
        let script = """
            cp -r "$DATA" "$DATA.all" && mount -t tmpfs -o size=1m chatty-test "$DATA" && cp "$DATA.all"/* "$DATA" &&
            mount -o remount,ro chatty-test "$DATA" || exit 9
            "$@"; echo "status $?"; "$CHATTY" users list --data "$DATA"; echo "status $?"
            """
        let process = try ChattyProcess(
            "-rm", "/bin/sh", "-c", script, "sh", Executable.chatty, "serve", "0", "--data", home["data"], home: home,
            environment: ["DATA": home["data"], "CHATTY": Executable.chatty], executable: try #require(Self.unshare))
        #expect(try await process.exitStatus() == 0)
        #expect(process.output.text.hasPrefix("status 1\n"))
        let lines = process.diagnostics.text.split(separator: "\n")
        #expect(lines.first == "chatty: The data folder \(home["data"]) cannot be used: Read-only file system", "\(lines)")
        #expect(lines.allSatisfy { $0.hasPrefix("chatty: ") } && lines.count <= 2, "\(lines)")
    }
}
