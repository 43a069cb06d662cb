import Connectivity
import Foundation
import SystemSupport
import TestSupport
import Testing

@testable import NetworkIO

/// Multicast on this machine's loopback, in a group of the test's own: its port is one that the system has given to this test.
@Suite struct LinkSocketsTests {
    private static let loopback = NetworkInterface.all().filter { $0.kind == .loopback }

    /// A port of the system's choice; the socket keeps it from others.
    private static func port() throws -> (UInt16, UDPSocket) {
        let socket = try UDPSocket()
        return (socket.port, socket)
    }

    private static func collect(_ sockets: LinkSockets, until isEnough: ([[UInt8]]) -> Bool) -> [([UInt8], NetworkAddress)] {
        var received: [([UInt8], NetworkAddress)] = []
        let deadline = Date().addingTimeInterval(10)
        while !isEnough(received.map(\.0)), Date() < deadline {
            var entries = sockets.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            _ = poll(&entries, nfds_t(entries.count), 100)
            sockets.receive { received.append((Array($0), $1)) }
        }
        return received
    }

    @Test func everyListenerOfTheGroupHearsItAndTheAnswerComesBack() throws {
        let port = try Self.port().0
        let (first, second) = (try LinkSockets(listens: true, port: port), try LinkSockets(listens: true, port: port))
        let asker = try LinkSockets(listens: false, port: port)
        for listener in [first, second] { listener.join(Self.loopback) }
        // A second time costs nothing.
        first.join(Self.loopback)
        asker.sendToGroup([1, 2, 3], on: Self.loopback)
        for listener in [first, second] {
            let heard = Self.collect(listener) { $0.contains([1, 2, 3]) }
            #expect(heard.count { $0.0 == [1, 2, 3] } == 1)
            guard let from = heard.first(where: { $0.0 == [1, 2, 3] })?.1 else { continue }
            listener.send([9], to: from)
        }
        #expect(Self.collect(asker) { $0.count >= 2 }.map(\.0) == [[9], [9]])
    }

    @Test func whoHasNotJoinedHearsNothing() throws {
        let port = try Self.port().0
        let (joined, apart) = (try LinkSockets(listens: true, port: port), try LinkSockets(listens: true, port: port))
        let asker = try LinkSockets(listens: false, port: port)
        joined.join(Self.loopback)
        asker.sendToGroup([5], on: Self.loopback)
        #expect(Self.collect(joined) { !$0.isEmpty }.map(\.0) == [[5]])
        // What was sent has arrived everywhere by now.
        var heard = 0
        apart.receive { _, _ in heard += 1 }
        #expect(heard == 0)
    }

    /// A closed port, an empty datagram and one that is too long.
    @Test func oddDatagramsDoNoHarm() throws {
        let (one, other) = (try LinkSockets(listens: false), try UDPSocket())
        let closed = try Self.port().0
        one.send([1], to: NetworkAddress(ipv4: 0x7F00_0001, port: closed))
        one.send([], to: NetworkAddress(ipv4: 0x7F00_0001, port: other.port))
        one.send([UInt8](repeating: 1, count: 100_000), to: NetworkAddress(ipv4: 0x7F00_0001, port: other.port))
        one.send([7], to: NetworkAddress(ipv4: 0x7F00_0001, port: other.port))
        var from: NetworkAddress?
        let deadline = Date().addingTimeInterval(10)
        while from == nil, Date() < deadline {
            other.wait(for: .milliseconds(100))
            other.receive { from = $0.from }
        }
        let back = try #require(from)
        #expect([[], [2, 2] as [UInt8]].allSatisfy { bytes in bytes.withUnsafeBytes { other.send($0, to: back) } == .sent })
        #expect(Self.collect(one) { !$0.isEmpty }.map(\.0) == [[2, 2]])
    }

    @Test func theBestInterfacesAreUsedAndNotTooMany() {
        let many = (1...40 as ClosedRange<UInt32>).map { index in
            NetworkInterface(
                name: "if\(index)", index: index, kind: index == 40 ? .hardware : .virtual, hasDefaultRoute: index == 39,
                addresses: [NetworkAddress(ipv4: 0x0A00_0000 + index, port: 0)])
        }
        let used = LinkSockets.usable(many)
        #expect(used.count == LinkSockets.maximumInterfaces && used.prefix(2).map(\.index) == [39, 40])
    }
}
