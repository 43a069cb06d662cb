import Foundation

/// A child process whose end and CPU time are waited for.
final class Child {
    /// What it wrote to stderr, read while it runs where a line of it is waited for.
    private let diagnostics: FileHandle
    let pid: pid_t
    private var isReaped = false

    struct Result {
        let status: Int32
        /// Seconds of user and system time together.
        let cpu: Double
    }

    /// - Parameter words: the program's path and its arguments.
    init(_ words: [String], environment: [String: String] = [:]) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw BenchmarkError("cannot make a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        let complete = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let arguments = words.map { strdup($0) } + [nil]
        let variables = complete.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &actions, nil, arguments, variables)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw BenchmarkError("cannot start \(words[0])")
        }
        self.pid = pid
        diagnostics = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
    }

    deinit { stop() }

    /// Reads stderr until a match of the pattern.
    func wait(for pattern: Regex<(Substring, Substring)>) throws -> String {
        var text = ""
        while true {
            if let match = text.firstMatch(of: pattern) { return String(match.1) }
            let more = diagnostics.availableData
            guard !more.isEmpty else { throw BenchmarkError("a program ended early: \(text)") }
            text += String(decoding: more, as: UTF8.self)
        }
    }

    func end() -> Result {
        // A pipe that nobody reads must not stop the child.
        let drained = diagnostics.readDataToEndOfFile()
        var status: Int32 = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) < 0, errno == EINTR {}
        isReaped = true
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        if code != 0, code != 143 { print("  (status \(code): \(String(decoding: drained.suffix(300), as: UTF8.self)))") }
        return Result(status: code, cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime))
    }

    @discardableResult func stop() -> Result? {
        guard !isReaped else { return nil }
        kill(pid, SIGTERM)
        return end()
    }
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
