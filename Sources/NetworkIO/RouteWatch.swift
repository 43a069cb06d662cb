import CLinux
import Glibc
import SystemSupport

/// Tells when this machine's addresses or routes change: ``descriptor`` is readable then (rtnetlink(7)).
public final class RouteWatch {
    public let descriptor: Int32

    /// Throws if the system has no socket left.
    public init() throws(SystemError) {
        descriptor = clinux_route_watch_make()
        guard descriptor >= 0 else { throw SystemError("watch the network's routes") }
    }

    deinit { close(descriptor) }

    /// Forgets what has changed so far.
    /// - Returns: whether anything had.
    @discardableResult public func clear() -> Bool { clinux_route_watch_clear(descriptor) == 1 }
}
