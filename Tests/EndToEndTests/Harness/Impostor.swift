import Foundation
import Synchronization

/// A man in the middle: relays datagrams between a sender and a receiver on this machine, and answers each request for the receiver's key
/// itself, before the receiver can.
final class Impostor: Sendable {
    let port: UInt16
    private let isStopped = Atomic(false)
    private let answered = Atomic(0)

    /// The number of wrong keys sent.
    var lies: Int { answered.load(ordering: .acquiring) }

    init(before receiver: UInt16) throws(HarnessFailure) {
        let front = try LoopbackSocket()
        port = front.port
        let back: LoopbackSocket
        do {
            back = try LoopbackSocket()
        } catch {
            front.close()
            throw error
        }
        Thread { [self] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            var client = sockaddr_in()
            let server = SocketClient.loopback(port: receiver)
            while !isStopped.load(ordering: .acquiring) {
                var ready = [front, back].map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
                guard poll(&ready, 2, 100) > 0 else { continue }
                while let (datagram, from) = front.receive(into: &buffer) {
                    client = from
                    // A key request of version 1; the reply repeats its token.
                    if datagram.count >= 1200, datagram[0] == 0x96 {
                        front.send([0x97] + datagram[1..<9] + [UInt8](repeating: 66, count: 32), to: from)
                        answered.add(1, ordering: .releasing)
                    }
                    back.send(datagram, to: server)
                }
                while let (datagram, _) = back.receive(into: &buffer) { front.send(datagram, to: client) }
            }
            front.close()
            back.close()
        }.start()
    }

    func stop() { isStopped.store(true, ordering: .releasing) }
}
