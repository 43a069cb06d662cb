import Foundation

/// How many files and sockets this process may have open at once.
enum DescriptorLimit {
    /// Takes as many as the system allows this process (`ulimit -Hn`), for a command that may need more than it was started with (`ulimit -Sn`).
    /// Where that is refused the limit stays as it was.
    /// - Returns: whether the command can start with as many; if not, the user has been told.
    static func raise() -> Bool {
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        guard !hasRoom(for: neededToStart) else { return true }
        Diagnostics.say(
            "Too few files may be open at once: chatty needs \(neededToStart) at least. Raise the limit (ulimit -n) and start it again.")
        return false
    }

    /// An event loop for each processor has three; the store, the key and the sockets have the others.
    private static let neededToStart = 24 + 4 * ProcessInfo.processInfo.activeProcessorCount

    /// Whether the system gives so many more right now.
    static func hasRoom(for count: Int) -> Bool {
        var taken: [Int32] = []
        defer { for descriptor in taken { close(descriptor) } }
        for _ in 0..<count {
            let descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
            guard descriptor >= 0 else { return false }
            taken.append(descriptor)
        }
        return true
    }
}
