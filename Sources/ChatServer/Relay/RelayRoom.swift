import Connectivity
import Glibc
import NetworkIO

/// The relay on the thread of the UDP port: passes on what the table says, from sockets and streams to sockets and streams.
final class RelayRoom {
    private struct Connected {
        let stream: RelayStream
        let since: Duration
        /// Whether it has shown a grant.
        var isProven = false
    }

    private var table: RelayTable
    private let socket: UDPSocket
    private var streams: [UInt64: Connected] = [:]
    /// Streams at once: two legs a transfer, and some that are yet to show a grant. Until then they count as connections of their address.
    private let maximumStreams: Int
    /// How long a stream may be open without a grant.
    private static let patience = Duration.seconds(10)

    init(_ limits: RelayLimits, _ key: RelayGrantKey, _ socket: UDPSocket) {
        var random = SystemRandomNumberGenerator()
        table = RelayTable(limits, key: key, random: &random)
        maximumStreams = 2 * limits.open + 64
        self.socket = socket
    }

    var figures: RelayTable.Figures { table.figures }

    /// Whether ``tick(at:)`` is to be called each second.
    var isBusy: Bool { table.figures.open > 0 || !streams.isEmpty }

    func receive(_ datagram: UDPSocket.Received, at now: Duration) {
        handle(datagram.bytes, from: .address(datagram.from, at: datagram.local), at: now)
    }

    func opened(_ stream: RelayStream, at now: Duration) {
        guard streams.count < maximumStreams else { return stream.close() }
        streams[stream.id] = Connected(stream: stream, since: now)
    }

    func arrived(_ datagram: [UInt8], over id: UInt64, at now: Duration) {
        guard let stream = streams[id]?.stream else { return }
        stream.taken(datagram.count)
        datagram.withUnsafeBytes { handle($0, from: .stream(id), at: now) }
    }

    func ended(_ id: UInt64) {
        streams[id] = nil
        table.ended(stream: id)
    }

    /// Closes the streams that have shown no grant in time, and forgets legs that are gone.
    func tick(at now: Duration) {
        table.expire(at: now)
        for (id, state) in streams where !state.isProven && now >= state.since + Self.patience {
            state.stream.close()
            ended(id)
        }
    }

    func closeAll() {
        for (_, state) in streams { state.stream.close() }
        streams = [:]
    }

    private func handle(_ bytes: UnsafeRawBufferPointer, from origin: RelayOrigin, at now: Duration) {
        switch table.receive(bytes, from: origin, at: now, wallClock: UInt32(clamping: time(nil))) {
        case .nothing: break
        case .answer(let answer):
            // Only what is authentic is answered.
            if case .stream(let id) = origin, let state = streams[id], !state.isProven {
                streams[id]?.isProven = true
                state.stream.proven()
            }
            _ = send(answer, UnsafeRawBufferPointer(start: nil, count: 0), to: origin)
        case .forward(let to, let leg):
            let payload = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(RelayDatagram.headerSize))
            if !send(RelayDatagram.header(of: leg), payload, to: to) { table.dropped(payload.count) }
        }
    }

    /// - Returns: false if nothing was sent.
    private func send(_ head: [UInt8], _ payload: UnsafeRawBufferPointer, to origin: RelayOrigin) -> Bool {
        switch origin {
        case .stream(let id): return streams[id]?.stream.send(head + payload) ?? false
        case .address(let address, var local):
            var head = head
            return head.withUnsafeMutableBytes { head in
                var pieces = [iovec(iov_base: head.baseAddress, iov_len: head.count)]
                if !payload.isEmpty {
                    pieces.append(iovec(iov_base: UnsafeMutableRawPointer(mutating: payload.baseAddress), iov_len: payload.count))
                }
                let size = head.count + payload.count
                return pieces.withUnsafeMutableBufferPointer {
                    socket.send($0, segmentSize: size, segments: 1, to: address, from: &local) == .sent
                }
            }
        }
    }
}
