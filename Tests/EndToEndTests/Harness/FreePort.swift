import Foundation

/// Finds ports that were free a moment ago. If the program can choose a port itself (`serve 0`), that is better: no other can take it in
/// between.
enum FreePort {
    static func tcp() throws(HarnessFailure) -> UInt16 { try bound(SOCK_STREAM) }
    static func udp() throws(HarnessFailure) -> UInt16 { try bound(SOCK_DGRAM) }

    private static func bound(_ type: __socket_type) throws(HarnessFailure) -> UInt16 {
        let descriptor = socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system("socket") }
        defer { close(descriptor) }
        var address = SocketClient.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard code == 0 else { throw .system("bind") }
        return UInt16(bigEndian: address.sin_port)
    }
}
