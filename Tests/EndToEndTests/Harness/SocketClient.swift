import Foundation
import NIOConcurrencyHelpers

/// A bare TCP connection to a server on this machine: sends any bytes and waits for any answer.
///
///     let client = try SocketClient(port: port)
///     try await client.input.expect("Enter username: ")
///     try client.send("yoda\n")
final class SocketClient: Sendable {
    private struct Socket {
        let descriptor: Int32
        var isHungUp = false
        /// Whether the stream's thread reads from the descriptor, which it does until the connection ends.
        var isRead = true
        /// The last user closes the descriptor, so that none uses another one that has got the same number.
        var isOver: Bool { isHungUp && !isRead }
    }

    /// The data from the server.
    let input: ExpectStream
    private let socket: NIOLockedValueBox<Socket>

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
        let state = NIOLockedValueBox(Socket(descriptor: socket))
        self.socket = state
        input = ExpectStream("the connection to port \(port)", reading: socket) { descriptor in
            state.withLockedValue { state in
                state.isRead = false
                if state.isOver { close(descriptor) }
            }
        }
    }

    deinit { hangUp() }

    func send(_ text: String) throws(HarnessFailure) { try send(bytes: Array(text.utf8)) }

    func send(bytes: [UInt8]) throws(HarnessFailure) {
        let state = socket.withLockedValue { $0 }
        guard !state.isHungUp else { throw HarnessFailure("the connection was hung up") }
        try Descriptor.write(bytes, to: state.descriptor)
    }

    /// Ends the sending direction; data from the server still arrives.
    func endSending() { socket.withLockedValue { if !$0.isHungUp { shutdown($0.descriptor, Int32(SHUT_WR)) } } }

    /// Closes both directions.
    func hangUp() {
        socket.withLockedValue { state in
            guard !state.isHungUp else { return }
            state.isHungUp = true
            // This ends a blocked read, which close would not.
            shutdown(state.descriptor, Int32(SHUT_RDWR))
            if state.isOver { close(state.descriptor) }
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
