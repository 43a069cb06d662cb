import Foundation
import Synchronization

/// Passes datagrams on between a sender and a receiver of this machine, and answers each question for the receiver's key itself, too, before
/// the receiver can.
final class Impostor: Sendable {
    let port: UInt16
    private let front: Int32
    private let back: Int32
    private let isStopped = Atomic(false)
    private let answered = Atomic(0)

    /// Wrong keys told.
    var lies: Int { answered.load(ordering: .acquiring) }

    init(before receiver: UInt16) throws {
        (front, port) = try Self.socket()
        (back, _) = try Self.socket()
        Thread { [self] in
            var client = sockaddr_in()
            let server = Self.address(receiver)
            while !isStopped.load(ordering: .acquiring) {
                var ready = [pollfd(fd: front, events: Int16(POLLIN), revents: 0), pollfd(fd: back, events: Int16(POLLIN), revents: 0)]
                guard poll(&ready, 2, 100) > 0 else { continue }
                while let (datagram, from) = Self.receive(front) {
                    client = from
                    // A key request of version 1: its token is repeated by the reply.
                    if datagram.count >= 1200, datagram[0] == 0x96 {
                        Self.send([0x97] + datagram[1..<9] + [UInt8](repeating: 66, count: 32), over: front, to: from)
                        answered.add(1, ordering: .releasing)
                    }
                    Self.send(datagram, over: back, to: server)
                }
                while let (datagram, _) = Self.receive(back) { Self.send(datagram, over: front, to: client) }
            }
            close(front)
            close(back)
        }.start()
    }

    func stop() { isStopped.store(true, ordering: .releasing) }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        address.sin_port = port.bigEndian
        return address
    }

    private static func socket() throws -> (Int32, UInt16) {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | O_NONBLOCK, 0)
        var place = address(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw HarnessFailure("a socket for the impostor: \(errno)") }
        return (descriptor, UInt16(bigEndian: place.sin_port))
    }

    private static func receive(_ descriptor: Int32) -> ([UInt8], sockaddr_in)? {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var from = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &from) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(descriptor, &bytes, bytes.count, 0, $0, &length) }
        }
        return count < 0 ? nil : (Array(bytes[..<count]), from)
    }

    private static func send(_ datagram: [UInt8], over descriptor: Int32, to address: sockaddr_in) {
        var address = address
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, datagram, datagram.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
