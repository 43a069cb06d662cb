import Foundation

/// The socket of a service manager, which receives what sd_notify(3) would send to systemd.
public final class NotifySocket {
    public enum Failure: Error { case cannotBind(Int32) }

    private let descriptor: Int32
    /// The value for `$NOTIFY_SOCKET`.
    public let path: String

    /// - Parameter abstract: whether the socket is in the kernel's abstract namespace instead of the file system.
    public init(abstract: Bool = false) throws {
        let name = "/tmp/chatty-notify-\(UUID().uuidString)"
        path = (abstract ? "@" : "") + name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes: [UInt8] = (abstract ? [0] : []) + Array(name.utf8) + (abstract ? [] : [0])
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let isBound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
        }
        guard isBound else { throw Failure.cannotBind(errno) }
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(descriptor)
        if path.hasPrefix("/") { unlink(path) }
    }

    /// The next message; empty if none comes within a minute.
    public func next() -> String {
        var buffer = [UInt8](repeating: 0, count: 1024)
        return String(decoding: buffer[..<max(0, recv(descriptor, &buffer, buffer.count, 0))], as: UTF8.self)
    }
}
