import Connectivity
import Glibc
import NetworkIO
import SystemSupport

/// The server's UDP port, which has the number of its TCP port: it tells clients from which address it sees them (STUN, RFC 8489), so that
/// two of them behind routers find a direct path for a file. It belongs to a thread of its own.
final class UDPListener: Sendable {
    private enum Request: Sendable { case stop }

    private let mailbox: PolledMailbox<Request>
    private let thread: JoinableThread

    /// Requests and answers are short: a larger buffer would only keep what a flood has left.
    private static let bufferBytes = 1 << 18

    /// Starts it. A server without it is of use all the same: that only concerns files between clients behind routers.
    static func start(port: Int, _ metrics: Metrics, _ notify: (String) -> Void) -> UDPListener? {
        do throws(SystemError) {
            return try UDPListener(port: port, metrics)
        } catch {
            notify("Clients behind routers may find no path for files, because UDP port \(port) is not available: \(error)")
            return nil
        }
    }

    /// Binds the port and starts the thread.
    /// - Throws: if the port is in use, or the system has no descriptor or thread left.
    init(port: Int, _ metrics: Metrics) throws(SystemError) {
        mailbox = try PolledMailbox()
        let socket = try UDPSocket(port: UInt16(clamping: port), bufferBytes: Self.bufferBytes, offload: false)
        thread = try JoinableThread("chatty-udp", socket) { [mailbox] socket in Self.run(socket, mailbox, metrics) }
    }

    /// Ends the thread and closes the port.
    func stop() {
        mailbox.post(.stop)
        thread.join()
    }

    private static func run(_ socket: UDPSocket, _ mailbox: PolledMailbox<Request>, _ metrics: Metrics) {
        var random = SystemRandomNumberGenerator()
        var answerer = STUNAnswerer(random: &random)
        let clock = ContinuousClock()
        let start = clock.now
        while mailbox.drain().elements.isEmpty {
            let now = clock.now - start
            var answers = 0
            let received = socket.receive { datagram in
                // Without offload each call brings one datagram.
                guard let answer = answerer.answer(datagram.bytes, from: datagram.from, at: now) else { return }
                answers += 1
                send(answer, datagram, socket)
            }
            if answers > 0 { metrics.recordReflexiveAnswers(answers) }
            if received == 0 { socket.wait(for: .seconds(3600), wakeUp: mailbox.descriptor) }
        }
    }

    /// Answers from the address at which the request arrived. What the system does not take is dropped: the client asks again.
    private static func send(_ answer: [UInt8], _ datagram: UDPSocket.Received, _ socket: UDPSocket) {
        var bytes = answer
        var local = datagram.local
        bytes.withUnsafeMutableBytes { memory in
            var piece = iovec(iov_base: memory.baseAddress, iov_len: memory.count)
            withUnsafeMutablePointer(to: &piece) {
                _ = socket.send(
                    UnsafeMutableBufferPointer(start: $0, count: 1), segmentSize: memory.count, segments: 1, to: datagram.from, from: &local
                )
            }
        }
    }
}
