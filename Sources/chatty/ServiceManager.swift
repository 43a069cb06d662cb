import Foundation

/// Reports the server's state to the service manager by the protocol of sd_notify(3): a datagram to the socket that `$NOTIFY_SOCKET` names.
///
/// systemd's `Type=notify` waits for ``ready(_:)`` before it starts services that need the server. Without `$NOTIFY_SOCKET` nothing is
/// sent.
struct ServiceManager: Sendable {
    private let path: String?

    /// - Parameter environment: the environment of the process.
    init(environment: [String: String]) {
        // A path, or a name in Linux's abstract namespace that begins with `@`.
        path = environment["NOTIFY_SOCKET"].flatMap { $0.unicodeScalars.first == "/" || $0.unicodeScalars.first == "@" ? $0 : nil }
    }

    /// - Parameter status: one line for people, as `systemctl status` shows it.
    func ready(_ status: String) { notify("READY=1\nSTATUS=\(status)") }

    /// The server reloads its settings; ``ready(_:)`` follows when it is done. `Type=notify-reload` needs the time.
    func reloading() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        notify("RELOADING=1\nMONOTONIC_USEC=\(Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)")
    }

    func stopping() { notify("STOPPING=1") }

    /// Sends a message. A failure is ignored: the server runs just as well without a manager.
    private func notify(_ message: String) {
        guard let path else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        let isAbstract = path.unicodeScalars.first == "@"
        if isAbstract { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count + (isAbstract ? 0 : 1))
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(message.utf8)
        _ = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
