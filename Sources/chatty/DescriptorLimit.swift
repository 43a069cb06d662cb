import Foundation

/// The limit of files and sockets that this process can have open at once.
enum DescriptorLimit {
    /// Raises the soft limit (`ulimit -Sn`) to the hard one (`ulimit -Hn`), for a command that may need more descriptors. If the system
    /// refuses, the limit stays as it was.
    /// - Returns: whether there are enough descriptors to start; if not, the user has been informed.
    static func raise() -> Bool {
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        guard !hasRoom(for: neededToStart) else { return true }
        Diagnostics.report(
            "Too few files may be open at once: chatty needs \(neededToStart) at least. Raise the limit (ulimit -n) and start it again.")
        return false
    }

    /// Descriptors needed at the start: three for the event loop of each processor, the others for the store, the key and the sockets.
    private static let neededToStart = 24 + 4 * ProcessInfo.processInfo.activeProcessorCount

    /// Whether the process can open `count` more descriptors at this moment.
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
