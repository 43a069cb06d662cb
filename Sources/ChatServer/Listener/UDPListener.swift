import ChatProtocol
import Connectivity
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NetworkIO
import SystemSupport

/// The server's UDP port, which has the number of its TCP port. It tells clients from which address it sees them (STUN, RFC 8489), so that two
/// of them behind routers find a direct path for a file, and it is the relay of those that find none. It belongs to a thread of its own.
final class UDPListener: Sendable {
    private enum Request: Sendable {
        case stop
        case opened(RelayStream)
        case arrived([UInt8], stream: UInt64)
        case ended(stream: UInt64)
    }

    /// What the relay is run with.
    struct Relay: Sendable {
        let limits: RelayLimits
        let key: RelayGrantKey
    }

    private let mailbox: PolledMailbox<Request>
    private let thread: JoinableThread
    private let lastStream = NIOLockedValueBox<UInt64>(0)
    /// What clients are told of it, as values of `chatty/service`.
    let services: [String]

    /// The requests and answers of STUN are short: a larger buffer would only keep what a flood has left. A relay needs room for the bursts of
    /// its transfers.
    private static let bufferBytes = (stun: 1 << 18, relay: 4 << 20)

    /// Starts it. A server without it is of use all the same: that only concerns files between clients behind routers.
    static func start(port: Int, _ relay: Relay?, _ metrics: Metrics, _ notify: (String) -> Void) -> UDPListener? {
        do throws(SystemError) {
            return try UDPListener(port: port, relay, metrics)
        } catch {
            notify("Clients behind routers may find no path for files, because UDP port \(port) is not available: \(error)")
            return nil
        }
    }

    /// Binds the port and starts the thread.
    /// - Throws: if the port is in use, or the system has no descriptor or thread left.
    init(port: Int, _ relay: Relay?, _ metrics: Metrics) throws(SystemError) {
        mailbox = try PolledMailbox()
        services = [Capability.stunService] + (relay == nil ? [] : [Capability.relayService])
        let bytes = relay == nil ? Self.bufferBytes.stun : Self.bufferBytes.relay
        let socket = try UDPSocket(port: UInt16(clamping: port), bufferBytes: bytes, offload: false)
        thread = try JoinableThread("chatty-udp", socket) { [mailbox] socket in Self.run(socket, relay, mailbox, metrics) }
    }

    /// Ends the thread and closes the port.
    func stop() {
        mailbox.post(.stop)
        thread.join()
    }

    // Streams of the relay.

    /// Takes a connection that speaks the relay's datagrams.
    /// - Parameter proven: called on any thread, once, when a leg has shown a grant over it.
    func open(_ channel: any Channel, proven: @escaping @Sendable () -> Void) -> RelayStream {
        let id = lastStream.withLockedValue { last in
            last += 1
            return last
        }
        let stream = RelayStream(id: id, channel, proven: proven)
        mailbox.post(.opened(stream))
        return stream
    }

    func arrived(_ datagram: [UInt8], over stream: RelayStream) {
        guard stream.arrives(datagram.count) else { return }
        mailbox.post(.arrived(datagram, stream: stream.id))
    }

    func ended(_ stream: RelayStream) { mailbox.post(.ended(stream: stream.id)) }

    // The thread.

    private static func run(_ socket: UDPSocket, _ relay: Relay?, _ mailbox: PolledMailbox<Request>, _ metrics: Metrics) {
        var random = SystemRandomNumberGenerator()
        var answerer = STUNAnswerer(random: &random)
        let room = relay.map { RelayRoom($0.limits, $0.key, socket) }
        defer { room?.closeAll() }
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            for request in mailbox.drain().elements {
                let now = clock.now - start
                switch request {
                case .stop: return
                case .opened(let stream): if let room { room.opened(stream, at: now) } else { stream.close() }
                case .arrived(let datagram, let id): room?.arrived(datagram, over: id, at: now)
                case .ended(let id): room?.ended(id)
                }
            }
            let now = clock.now - start
            var answers = 0
            let received = socket.receive { datagram in
                // Without offload each call brings one datagram.
                if let first = datagram.bytes.first, RelayDatagram.isRelay(firstByte: first) {
                    room?.receive(datagram, at: now)
                    return
                }
                guard let answer = answerer.answer(datagram.bytes, from: datagram.from, at: now) else { return }
                answers += 1
                send(answer, datagram, socket)
            }
            if answers > 0 { metrics.recordReflexiveAnswers(answers) }
            room?.tick(at: now)
            if let room { metrics.recordRelay(room.figures) }
            if received == 0 { socket.wait(for: .seconds(room?.isBusy == true ? 1 : 3600), wakeUp: mailbox.descriptor) }
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
