import Foundation

/// A non-blocking UDP socket on a free port of 127.0.0.1.
struct LoopbackSocket {
    let descriptor: Int32
    let port: UInt16

    init() throws(HarnessFailure) {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | O_NONBLOCK, 0)
        guard descriptor >= 0 else { throw .system("socket") }
        var address = SocketClient.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard code == 0 else {
            let failure = HarnessFailure.system("bind")
            Foundation.close(descriptor)
            throw failure
        }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
    }

    func close() { Foundation.close(descriptor) }

    /// The next datagram in the queue and its sender; nil if there is none.
    /// - Parameter buffer: space for the longest datagram.
    func receive(into buffer: inout [UInt8]) -> (datagram: [UInt8], from: sockaddr_in)? {
        var from = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &from) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length)
            }
        }
        return count < 0 ? nil : (Array(buffer[..<count]), from)
    }

    /// Sends a datagram. One that the system does not accept is lost, as on any path.
    func send(_ datagram: [UInt8], to address: sockaddr_in) {
        _ = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, datagram, datagram.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
