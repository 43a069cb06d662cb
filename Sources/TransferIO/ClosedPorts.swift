import Connectivity
import NetworkIO
import TransferProtocol

/// Detects that none of a receiver's addresses has a listener, as far as their hosts report it: a datagram to a closed UDP port elicits
/// "port unreachable" (RFC 1122 §4.1.3.1), and the system reports that to a connected socket.
///
/// The probes are empty datagrams from sockets of their own, because a transfer's socket is not connected; they end once a handshake is
/// answered. An attacker off the path cannot forge such a report without knowing the port of the probe.
public enum ClosedPorts {
    private static let sendEvery = Duration.milliseconds(400)
    private static let pollEvery = Duration.milliseconds(100)

    /// Returns true once every address is known to be closed, for longer than a receiver takes to start; false if `isOver` returns true or
    /// the task is cancelled.
    public static func areAll(_ addresses: [NetworkAddress], unless isOver: @escaping @Sendable () -> Bool) async -> Bool {
        let sockets = addresses.map { ConnectedUDPSocket(to: $0) }
        var refusals = Refusals(count: addresses.count)
        for index in sockets.indices where sockets[index]?.isConnected == false { refusals.markUnreachable(index) }
        var sendAt = ContinuousClock.now
        while !Task.isCancelled, !isOver() {
            let now = LoopCore.clock()
            let isTurn = ContinuousClock.now >= sendAt
            if isTurn { sendAt += sendEvery }
            for (index, socket) in sockets.enumerated() {
                guard let socket, socket.isConnected else { continue }
                switch probe(socket, sending: isTurn) {
                case .refused: refusals.refused(index, at: now)
                case .datagram: refusals.answered(index)
                case .nothing: break
                }
            }
            if refusals.areComplete { return true }
            do { try await Task.sleep(for: pollEvery) } catch { return false }
        }
        return false
    }

    private static func probe(_ socket: ConnectedUDPSocket, sending: Bool) -> ConnectedUDPSocket.Reception {
        var byte: UInt8 = 0
        let reception = withUnsafeMutableBytes(of: &byte) { socket.receive(into: $0) }
        guard sending, !socket.send(UnsafeRawBufferPointer(start: nil, count: 0)) else { return reception }
        return .refused
    }
}

/// The results of probes of some addresses, by their indices in a list. Held by `ClosedPortsTests`.
struct Refusals {
    private enum Standing {
        case unknown
        case refused(times: Int, since: TransferInstant, until: TransferInstant)
        /// This machine has no route to the address.
        case unreachable
        case answered
    }

    /// Refusals before an address counts as closed: a receiver may be about to start, and one refusal may concern another's datagram.
    private static let leastTimes = 3
    private static let leastTime = TransferDuration.milliseconds(1500)

    private var standings: [Standing]

    init(count: Int) { standings = Array(repeating: .unknown, count: count) }

    mutating func refused(_ index: Int, at now: TransferInstant) {
        switch standings[index] {
        case .unknown: standings[index] = .refused(times: 1, since: now, until: now)
        case .refused(let times, let since, _): standings[index] = .refused(times: times + 1, since: since, until: now)
        case .unreachable, .answered: break
        }
    }

    mutating func markUnreachable(_ index: Int) { standings[index] = .unreachable }
    mutating func answered(_ index: Int) { standings[index] = .answered }

    /// Whether every reachable address refuses, and there is one.
    var areComplete: Bool {
        var hasRefused = false
        for standing in standings {
            switch standing {
            case .unknown, .answered: return false
            case .unreachable: break
            case .refused(let times, let since, let until):
                guard times >= Self.leastTimes, until >= since + Self.leastTime else { return false }
                hasRefused = true
            }
        }
        return hasRefused
    }
}
