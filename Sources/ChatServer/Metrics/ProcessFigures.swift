import ChatProtocol
import Glibc
import SystemSupport

/// The system's figures of this process, under the names that Prometheus' own clients use.
struct ProcessFigures: Sendable {
    /// User and system time, seconds.
    var processorSeconds = 0.0
    var residentBytes = 0.0
    var openDescriptors = 0.0

    init() {
        var usage = rusage()
        if getrusage(RUSAGE_SELF.rawValue, &usage) == 0 {
            processorSeconds = [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
        }
        // Best effort: a system without /proc has no such figures.
        if let bytes = try? SmallFile.read("The memory of the process", "/proc/self/statm") {
            let pages = String(decoding: bytes, as: UTF8.self).pieces(between: " ")
            if pages.count > 1, let count = Double(pages[1]) { residentBytes = count * Double(getpagesize()) }
        }
        if let folder = opendir("/proc/self/fd") {
            // Without `.`, `..` and the descriptor of this listing.
            openDescriptors = -3
            while readdir(folder) != nil { openDescriptors += 1 }
            closedir(folder)
        }
    }
}
