import Foundation
import NIOConcurrencyHelpers

/// A child process, with its exit status and CPU time.
public final class Child {
    /// The child's stderr.
    private let diagnostics: FileHandle
    public let pid: pid_t
    private var isReaped = false

    public struct Result {
        public let status: Int32
        /// Seconds of user and system time together.
        public let cpu: Double
    }

    /// Starts the child.
    /// - Parameters:
    ///   - words: the program's path and its arguments.
    ///   - capturesStderr: whether stderr is captured; false for a server that keeps writing to it, which nobody reads.
    public init(_ words: [String], environment: [String: String] = [:], capturesStderr: Bool = true) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw BenchmarkError("cannot make a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        if capturesStderr {
            posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        } else {
            posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        }
        let complete = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let arguments = words.map { strdup($0) } + [nil]
        let variables = complete.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        // The child must not inherit descriptors, such as one that stands for a lock, or ignored signals.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT, SIGPIPE] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // Threads of a pool block all signals, and a child would inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &actions, &attributes, arguments, variables)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw BenchmarkError("cannot start \(words[0])")
        }
        self.pid = pid
        Child.running.withLockedValue { _ = $0.insert(pid) }
        diagnostics = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
    }

    deinit { stop() }

    /// Reads stderr up to a match of the pattern.
    public func wait(for pattern: Regex<(Substring, Substring)>) throws -> String {
        var text = ""
        while true {
            if let match = text.firstMatch(of: pattern) { return String(match.1) }
            let more = diagnostics.availableData
            guard !more.isEmpty else { throw BenchmarkError("a program ended early: \(text)") }
            text += String(decoding: more, as: UTF8.self)
        }
    }

    /// Waits for the child to end; prints its status and stderr if it failed.
    public func end() -> Result {
        let (result, diagnostics) = reap()
        if result.status != 0, result.status != 143 { print("  (status \(result.status): \(diagnostics.suffix(300)))") }
        return result
    }

    private func reap() -> (result: Result, diagnostics: String) {
        // A pipe that nobody reads must not block the child.
        let drained = diagnostics.readDataToEndOfFile()
        var status: Int32 = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) < 0, errno == EINTR {}
        isReaped = true
        Child.running.withLockedValue { _ = $0.remove(pid) }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        let result = Result(status: code, cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime))
        return (result, String(decoding: drained, as: UTF8.self))
    }

    /// Terminates the child, and kills it if it is alive five seconds later. The status is not judged: InspIRCd's is 10 then.
    @discardableResult public func stop() -> Result? {
        guard !isReaped else { return nil }
        kill(pid, SIGTERM)
        var status = siginfo_t()
        for _ in 0..<500 {
            // Checks whether it has ended, without reaping it.
            if waitid(P_PID, id_t(pid), &status, WEXITED | WNOHANG | WNOWAIT) == 0, status.si_signo == SIGCHLD { return reap().result }
            usleep(10_000)
        }
        kill(pid, SIGKILL)
        return reap().result
    }

    private static let running = NIOLockedValueBox<Set<pid_t>>([])

    /// On one of these signals, kills all children, runs `body` to clean up, and exits.
    public static func stopAll(on signals: [Int32], _ body: @escaping @Sendable () -> Void) -> [any DispatchSourceSignal] {
        signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                running.withLockedValue { for pid in $0 { kill(pid, SIGKILL) } }
                body()
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }
}

public struct BenchmarkError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
