import Foundation

/// The descriptors 0, 1 and 2, some of which may be closed when the program starts.
enum StandardStreams {
    /// Opens /dev/null for each closed one, so that no file or connection opened later gets a number to which results or diagnostics are
    /// written. Using such a stream fails as before: each is open for the other direction only, as in glibc for set-user-ID programs.
    static func fillGaps() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // open(2) returns the lowest free number, which is this one.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
