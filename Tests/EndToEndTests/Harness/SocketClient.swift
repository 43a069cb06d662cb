import Foundation
import NIOConcurrencyHelpers

/// A bare TCP connection to a server on this machine: sends any bytes and waits for any answer.
///
///     let client = try SocketClient(port: port)
///     try await client.input.expect("Enter username: ")
///     try client.send("yoda\n")
final class SocketClient: Sendable {
    /// What the server sends.
    let input: ExpectStream
    private let descriptor: NIOLockedValueBox<Int32>

    /// Connects to 127.0.0.1.
    init(port: UInt16) throws(HarnessFailure) {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw .system("socket") }
        var address = Self.loopback(port: port)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard code == 0 else {
            let failure = HarnessFailure.system("connect to port \(port)")
            close(socket)
            throw failure
        }
        descriptor = NIOLockedValueBox(socket)
        // The stream reads a duplicate, which it closes itself: shutting down ends its read, where closing would not.
        input = ExpectStream("the connection to port \(port)", reading: fcntl(socket, F_DUPFD_CLOEXEC, 0))
    }

    deinit { hangUp() }

    func send(_ text: String) throws(HarnessFailure) { try send(bytes: Array(text.utf8)) }

    func send(bytes: [UInt8]) throws(HarnessFailure) {
        try Descriptor.write(bytes, to: descriptor.withLockedValue { $0 })
    }

    /// Says that nothing more will be sent; what the server sends still arrives.
    func endSending() { descriptor.withLockedValue { _ = shutdown($0, Int32(SHUT_WR)) } }

    /// Closes both directions.
    func hangUp() {
        descriptor.withLockedValue { descriptor in
            guard descriptor >= 0 else { return }
            shutdown(descriptor, Int32(SHUT_RDWR))
            close(descriptor)
            descriptor = -1
        }
    }

    static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
