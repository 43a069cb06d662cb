import Foundation
import NIOConcurrencyHelpers
import TransferProtocol
import TransferSimulator

/// A bad path between programs on this machine: applies a ``LinkModel`` of the simulator to datagrams in real time, in both directions.
///
/// Datagrams to its port are relayed to the server's, from a separate port for each client, and the answers go back. After the stop, at the
/// latest with this object, nothing is relayed.
final class UDPLink: Sendable {
    /// Counts of datagrams in one direction.
    struct Counts {
        /// Datagrams that entered the path.
        var taken = 0
        /// Of these, datagrams longer than the path allows.
        var tooLong = 0
        /// Of these, datagrams lost for any reason.
        var dropped = 0
    }

    private struct Figures {
        var toServer = Counts()
        var toClient = Counts()
        /// Whether the link is stopped, which the thread learns by the closing of ``stopping``.
        var isStopped = false
    }

    let port: UInt16
    private let figures = NIOLockedValueBox(Figures())
    private let stopping: Int32

    /// - Parameters:
    ///   - server: the port to which datagrams are relayed.
    ///   - model: the model of both directions, each with a queue and a random generator of its own.
    init(to server: UInt16, _ model: LinkModel, seed: UInt64 = 7) throws(HarnessFailure) {
        let front = try LoopbackSocket()
        port = front.port
        let stop: (read: Int32, write: Int32)
        do {
            stop = try Descriptor.pipe()
        } catch {
            front.close()
            throw error
        }
        stopping = stop.write
        Thread { [figures] in
            let relay = Relay(front, to: server, model, seed: seed) { change in
                figures.withLockedValue { change(&$0.toServer, &$0.toClient) }
            }
            relay.run(until: stop.read)
            close(stop.read)
        }.start()
    }

    deinit { stop() }

    /// Stops relaying.
    func stop() {
        figures.withLockedValue { figures in
            if !figures.isStopped { close(stopping) }
            figures.isStopped = true
        }
    }

    var toServer: Counts { figures.withLockedValue { $0.toServer } }
    var toClient: Counts { figures.withLockedValue { $0.toClient } }
}

/// The loop on the thread of a link.
private final class Relay {
    /// A datagram in flight.
    private struct Flight {
        let due: TransferInstant
        let datagram: [UInt8]
        /// The port of the client that sends or receives it.
        let client: UInt16
        let isToServer: Bool
    }

    private let front: LoopbackSocket
    private let server: sockaddr_in
    /// The sockets to the server, by the clients' ports.
    private var backs: [UInt16: LoopbackSocket] = [:]
    private var toServer: SimulatedLink
    private var toClient: SimulatedLink
    /// The datagrams in flight, in reverse order: the next one is the last.
    private var flights: [Flight] = []
    private var buffer = [UInt8](repeating: 0, count: 65_536)
    private let count: ((inout UDPLink.Counts, inout UDPLink.Counts) -> Void) -> Void

    init(
        _ front: LoopbackSocket, to server: UInt16, _ model: LinkModel, seed: UInt64,
        count: @escaping ((inout UDPLink.Counts, inout UDPLink.Counts) -> Void) -> Void
    ) {
        self.front = front
        self.server = SocketClient.loopback(port: server)
        self.count = count
        toServer = SimulatedLink(model, seed: seed)
        toClient = SimulatedLink(model, seed: seed &+ 1)
    }

    /// Runs until the other end of the pipe `stop` is closed.
    func run(until stop: Int32) {
        while true {
            let clients = Array(backs)
            var ready = ([stop, front.descriptor] + clients.map(\.value.descriptor)).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            poll(&ready, nfds_t(ready.count), pause)
            if ready[0].revents != 0 { break }
            if ready[1].revents != 0 { receiveFromClients() }
            for (index, client) in clients.enumerated() where ready[index + 2].revents != 0 { receiveFromServer(client.key, client.value) }
            deliver()
        }
        front.close()
        for back in backs.values { back.close() }
    }

    /// The timeout for poll(2), in milliseconds.
    private var pause: Int32 {
        guard let due = flights.last?.due else { return -1 }
        let now = Self.now
        return due <= now ? 0 : Int32(min((due - now).nanoseconds / 1_000_000 + 1, 1000))
    }

    private static var now: TransferInstant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return TransferInstant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    private func receiveFromClients() {
        while let (datagram, from) = front.receive(into: &buffer) {
            let client = UInt16(bigEndian: from.sin_port)
            // If no descriptor is left, the datagram is lost.
            if backs[client] == nil { backs[client] = try? LoopbackSocket() }
            carry(datagram, of: client, isToServer: true)
        }
    }

    private func receiveFromServer(_ client: UInt16, _ back: LoopbackSocket) {
        while let (datagram, _) = back.receive(into: &buffer) { carry(datagram, of: client, isToServer: false) }
    }

    private func carry(_ datagram: [UInt8], of client: UInt16, isToServer: Bool) {
        let now = Self.now
        let arrivals = isToServer ? toServer.carry(datagram, ecn: 0, at: now) : toClient.carry(datagram, ecn: 0, at: now)
        let isTooLong = datagram.count > toServer.model.mtu
        count { toServer, toClient in
            func add(to counts: inout UDPLink.Counts) {
                counts.taken += 1
                if isTooLong { counts.tooLong += 1 }
                if arrivals.isEmpty { counts.dropped += 1 }
            }
            if isToServer { add(to: &toServer) } else { add(to: &toClient) }
        }
        for (due, datagram, _) in arrivals {
            // Datagrams that are due at the same time keep their order.
            let place = flights.firstIndex { $0.due <= due } ?? flights.endIndex
            flights.insert(Flight(due: due, datagram: datagram, client: client, isToServer: isToServer), at: place)
        }
    }

    private func deliver() {
        let now = Self.now
        while let flight = flights.last, flight.due <= now {
            flights.removeLast()
            if flight.isToServer {
                backs[flight.client]?.send(flight.datagram, to: server)
            } else {
                front.send(flight.datagram, to: SocketClient.loopback(port: flight.client))
            }
        }
    }
}
