import Connectivity
import DequeModule

/// Requests for the static key of a listener of which only the address is known. Before the handshake an answer proves nothing: anybody on
/// the path can answer first, so every different key is reported.
struct KeyRequests {
    private struct Request {
        var address: NetworkAddress
        var token: UInt64
        var deadline: TransferInstant
        var nextAt: TransferInstant
        var interval = KeyRequests.interval
        var claimed: [[UInt8]] = []
    }

    /// Different keys reported for one request, at most.
    private static let maximumClaims = 4

    private static let interval = TransferDuration.milliseconds(500)
    private var open: [Request] = []
    private var answers: Deque<(address: NetworkAddress, key: [UInt8]?)> = []

    mutating func add(_ address: NetworkAddress, token: UInt64, deadline: TransferInstant, at now: TransferInstant) {
        open.append(Request(address: address, token: token, deadline: deadline, nextAt: now))
    }

    mutating func answered(token: UInt64, from address: NetworkAddress, key: [UInt8]) {
        guard let index = open.firstIndex(where: { $0.token == token && $0.address == address }),
            open[index].claimed.count < Self.maximumClaims, !open[index].claimed.contains(key)
        else { return }
        open[index].claimed.append(key)
        answers.append((address, key))
    }

    mutating func nextAnswer() -> (address: NetworkAddress, key: [UInt8]?)? { answers.popFirst() }

    /// A key request: type 1 | token 8 | zeros up to 1200.
    mutating func nextDatagram(at now: TransferInstant) -> (NetworkPath, [UInt8])? {
        guard let index = open.firstIndex(where: { $0.nextAt <= now }) else { return nil }
        open[index].nextAt = now + open[index].interval
        // An answer may be forged and the true one lost: the request is repeated after an answer too, at growing intervals.
        if !open[index].claimed.isEmpty { open[index].interval = open[index].interval * 2 }
        var bytes: [UInt8] = [DatagramType.keyRequest.firstByte]
        bytes.appendInteger(open[index].token)
        bytes += [UInt8](repeating: 0, count: DatagramType.minimumHello - bytes.count)
        return (NetworkPath(remote: open[index].address, local: .any), bytes)
    }

    var nextTimeout: TransferInstant { open.reduce(.distantFuture) { min($0, $1.nextAt, $1.deadline) } }

    mutating func expire(at now: TransferInstant) {
        for request in open where request.deadline <= now { answers.append((request.address, nil)) }
        open.removeAll { $0.deadline <= now }
    }
}
