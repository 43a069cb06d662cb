import Foundation

/// Descriptors 0, 1 and 2, of which whoever starts a program may have closed some.
enum StandardStreams {
    /// Fills the gaps, so that no file or connection opened later gets a number to which results or diagnostics are written. Using one of them
    /// fails as before: each is open for the other direction only, as glibc has it for programs of other users' rights.
    static func fillGaps() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest that is free, which is this one.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
