import Foundation

/// A real tmux with one window and a program in it: a terminal that reflows its rows when the window's width changes.
///
/// It has a tmux server of its own, which ends with this object.
final class Multiplexer {
    static var isAvailable: Bool { Executable.path(of: "tmux") != nil }

    /// Receives tmux's commands and reports its events (tmux(1), CONTROL MODE).
    private let client: ChattyProcess

    /// - Parameter words: the program and its arguments, without quotes in them.
    init(columns: Int, rows: Int, running words: [String]) async throws {
        guard let tmux = Executable.path(of: "tmux") else { throw HarnessFailure("there is no tmux") }
        // The login shell of the tests' user may be one that refuses log-ins.
        client = try ChattyProcess(
            words: [
                "-S", "socket", "-f", "/dev/null", "-u", "-C", "new-session", "-x", "\(columns)", "-y", "\(rows)",
                "exec " + words.map { "'\($0)'" }.joined(separator: " "),
            ], environment: ["NO_COLOR": "1", "SHELL": "/bin/sh"], executable: tmux)
        try await reply()
        try await run("set -g destroy-unattached on")
    }

    /// Types text without quotes in the window.
    func type(_ text: String) async throws { try await run("send-keys -l '\(text)'") }
    func press(_ keys: String) async throws { try await run("send-keys \(keys)") }

    func resize(columns: Int) async throws { try await run("resize-window -x \(columns)") }

    /// The contents of the window with what has scrolled off, one string for each line; wrapped rows are joined.
    func lines() async throws -> [String] {
        var lines = try await run("capture-pane -p -J -S -")
        lines = lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    /// Waits until the contents of the window meet a condition.
    @discardableResult
    func expect(within time: Duration = ExpectStream.patience, _ condition: ([String]) -> Bool) async throws -> [String] {
        let deadline = ContinuousClock.now + time
        while true {
            let lines = try await lines()
            if condition(lines) { return lines }
            do {
                // The contents are read again after the program has written something.
                try await client.output.expect(/%output [^\n]*\n/, within: ContinuousClock.now.duration(to: deadline))
            } catch {
                throw HarnessFailure("the window never came to be as expected:\n\(lines.joined(separator: "\n"))")
            }
        }
    }

    @discardableResult
    private func run(_ command: String) async throws -> [String] {
        try client.type(command + "\n")
        return try await reply()
    }

    @discardableResult
    private func reply() async throws -> [String] {
        let block = try await client.output.expect(/%begin (\d+ \d+ \d+)\n((?:.*\n)*?)%(end|error) \1\n/)
        guard block.3 == "end" else { throw HarnessFailure("tmux: \(block.2)") }
        return block.2.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }
}
