import CLinux
import Connectivity
import Foundation
import SystemSupport
import TestSupport
import Testing

@testable import NetworkIO

@Suite struct UDPSocketTests {
    /// The received datagrams, in order; fewer if the deadline passes, so that a test does not hang.
    static func collect(_ socket: UDPSocket, count: Int, seconds: Double = 10) -> [[UInt8]] {
        var datagrams: [[UInt8]] = []
        let deadline = Date().addingTimeInterval(seconds)
        while datagrams.count < count, Date() < deadline {
            socket.wait(for: .milliseconds(100))
            socket.receive { received in
                for start in stride(from: 0, to: received.bytes.count, by: received.segmentSize) {
                    datagrams.append(Array(received.bytes[start..<min(start + received.segmentSize, received.bytes.count)]))
                }
            }
        }
        return datagrams
    }

    /// `count` datagrams of `size` bytes (the last of `last`), each a header piece of 8 bytes and a body.
    static func withBatch<Result>(
        count: Int, size: Int, last: Int, _ body: (UnsafeMutableBufferPointer<iovec>, [[UInt8]]) -> Result
    ) -> Result {
        let datagrams = (0..<count).map { index in
            (0..<(index == count - 1 ? last : size)).map { UInt8(truncatingIfNeeded: index &* 31 &+ $0) }
        }
        var bytes = datagrams.flatMap(\.self)
        return bytes.withUnsafeMutableBytes { memory in
            var pieces: [iovec] = []
            var offset = 0
            for datagram in datagrams {
                let head = min(8, datagram.count)
                pieces.append(iovec(iov_base: memory.baseAddress.map { $0 + offset }, iov_len: head))
                if datagram.count > head {
                    pieces.append(iovec(iov_base: memory.baseAddress.map { $0 + offset + head }, iov_len: datagram.count - head))
                }
                offset += datagram.count
            }
            return pieces.withUnsafeMutableBufferPointer { body($0, datagrams) }
        }
    }

    @Test(arguments: [true, false], [true, false])
    func aBatchArrivesWholeInOrder(senderOffload: Bool, receiverOffload: Bool) throws {
        let sender = try UDPSocket(offload: senderOffload)
        let receiver = try UDPSocket(offload: receiverOffload)
        // Without the offload in the kernel, the plain path must do as well.
        let hadSegmentation = sender.hasSegmentation
        let destination = NetworkAddress(ipv4: 0x7F00_0001, port: receiver.port)
        for (count, size, last) in [(1, 1200, 1200), (1, 1, 1), (2, 1400, 3), (46, 1400, 900), (64, 1000, 1000)] {
            let sent = Self.withBatch(count: count, size: size, last: last) { pieces, datagrams in
                #expect(sender.send(pieces, segmentSize: min(size, datagrams[0].count), segments: count, to: destination) == .sent)
                return datagrams
            }
            #expect(Self.collect(receiver, count: count) == sent, "\(count) of \(size)")
        }
        #expect(sender.hasSegmentation == hadSegmentation)
    }

    @Test func theSenderIsKnown() throws { try Self.expectTheSenderIsKnown(at: "127.0.0.1") }
    @Test(.ipv6) func theSenderIsKnownByItsIPv6Address() throws { try Self.expectTheSenderIsKnown(at: "::1") }

    private static func expectTheSenderIsKnown(at host: String) throws {
        let sender = try UDPSocket()
        let receiver = try UDPSocket()
        let plain = try #require(HostPort(host.contains(":") ? "[\(host)]:\(receiver.port)" : "\(host):\(receiver.port)"))
        let destination = try #require(try plain.resolve().first)
        let result = Self.withBatch(count: 1, size: 100, last: 100) { pieces, _ in
            sender.send(pieces, segmentSize: 100, segments: 1, to: destination, ecn: 2)
        }
        #expect(result == .sent)
        var from: NetworkAddress?
        var ecn: UInt8?
        receiver.wait(for: .seconds(10))
        receiver.receive {
            from = $0.from
            ecn = $0.ecn
        }
        #expect(from?.host == host)
        #expect(from?.port == sender.port)
        #expect(ecn == 2)
    }

    /// The source addresses of `count` datagrams.
    private static func sources(_ socket: UDPSocket, count: Int) -> [NetworkAddress] {
        var sources: [NetworkAddress] = []
        let deadline = Date().addingTimeInterval(10)
        while sources.count < count, Date() < deadline {
            socket.wait(for: .milliseconds(100))
            socket.receive { received in
                for _ in stride(from: 0, to: received.bytes.count, by: received.segmentSize) { sources.append(received.from) }
            }
        }
        return sources
    }

    /// All of 127.0.0.0/8 is this host; the kernel would choose 127.0.0.1.
    @Test(arguments: [true, false]) func aBatchLeavesFromTheAddressThatTheOtherCameTo(offload: Bool) throws {
        let asker = try UDPSocket(offload: offload)
        let answerer = try UDPSocket(offload: offload)
        for ip in [0x7F00_0002, 0x7F01_0203, 0x7F00_0001] as [UInt32] {
            let asked = NetworkAddress(ipv4: ip, port: answerer.port)
            #expect([UInt8](repeating: 1, count: 9).withUnsafeBytes { asker.send($0, to: asked) } == .sent)
            var heard: (peer: NetworkAddress, local: LocalAddress)?
            answerer.wait(for: .seconds(10))
            answerer.receive { heard = ($0.from, $0.local) }
            var (peer, local) = try #require(heard)
            #expect(local == LocalAddress(high: 0, low: 0xFFFF_0000_0000 | UInt64(ip)))
            for (count, ecn) in [(1, 2), (20, 0), (20, 2)] as [(Int, UInt8)] {
                let result = Self.withBatch(count: count, size: 1000, last: 1000) { pieces, _ in
                    answerer.send(pieces, segmentSize: 1000, segments: count, to: peer, from: &local, ecn: ecn)
                }
                #expect(result == .sent)
                #expect(Self.sources(asker, count: count) == Array(repeating: asked, count: count))
                #expect(local != .any)
            }
        }
    }

    @Test func withoutAnAddressTheKernelChooses() throws {
        let first = try UDPSocket()
        let second = try UDPSocket()
        let toSecond = NetworkAddress(ipv4: 0x7F00_0001, port: second.port)
        let result = Self.withBatch(count: 1, size: 10, last: 10) { pieces, _ in
            first.send(pieces, segmentSize: 10, segments: 1, to: toSecond)
        }
        #expect(result == .sent)
        #expect(Self.sources(second, count: 1) == [NetworkAddress(ipv4: 0x7F00_0001, port: first.port)])
    }

    /// As after the loss of an interface.
    @Test func anAddressThatIsGoneIsTold() throws {
        let socket = try UDPSocket()
        let receiver = try UDPSocket()
        let peer = NetworkAddress(ipv4: 0x7F00_0001, port: receiver.port)
        // 203.0.113.1 (RFC 5737) belongs to nobody.
        var gone = LocalAddress(high: 0, low: 0xFFFF_CB00_7101)
        let result = Self.withBatch(count: 20, size: 1000, last: 1000) { pieces, _ in
            socket.send(pieces, segmentSize: 1000, segments: 20, to: peer, from: &gone)
        }
        #expect(result == .sent)
        #expect(Self.sources(receiver, count: 20).allSatisfy { $0.port == socket.port && $0.isLoopback })
        #expect(gone == .any)
        #expect(socket.hasSegmentation == receiver.hasSegmentation)
    }

    @Test func tooLargeIsToldAndSegmentationStays() throws {
        let sender = try UDPSocket()
        let destination = NetworkAddress(ipv4: 0x7F00_0001, port: sender.port)
        let result = Self.withBatch(count: 1, size: 65_530, last: 65_530) { pieces, _ in
            sender.send(pieces, segmentSize: 65_530, segments: 1, to: destination)
        }
        #expect(result == .tooLarge)
        #expect(sender.hasSegmentation)
    }

    @Test func aPortInUseIsAnError() throws {
        let socket = try UDPSocket()
        #expect(throws: SystemError.self) { _ = try UDPSocket(port: socket.port) }
    }

    @Test func aWakeUpEndsTheWait() throws {
        let socket = try UDPSocket()
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        #expect(!socket.wait(for: .milliseconds(1), wakeUp: ends[0]))
        #expect(write(ends[1], "x", 1) == 1)
        #expect(socket.wait(for: .seconds(100), wakeUp: ends[0]))
    }

    @Test(arguments: [
        ("example.org:9999", "example.org", 9999), ("127.0.0.1:1", "127.0.0.1", 1), ("[::1]:65535", "::1", 65535),
    ])
    func hostAndPort(text: String, host: String, port: Int) {
        let parsed = HostPort(text)
        #expect(parsed?.host == host)
        #expect(parsed.map { Int($0.port) } == port)
        #expect(parsed?.description == text)
    }

    @Test(arguments: ["", ":", "host", "host:", ":9", "host:0", "host:65536", "::1:99", "a b:9", "host:9x", "/etc:9"])
    func notHostAndPort(text: String) {
        #expect(HostPort(text) == nil)
    }
}

extension UDPSocket {
    /// Sends from an address that the kernel chooses.
    func send(
        _ pieces: UnsafeMutableBufferPointer<iovec>, segmentSize: Int, segments: Int, to address: NetworkAddress,
        skip: Int = 0, ecn: UInt8 = 0
    ) -> SendResult {
        var any = LocalAddress.any
        return send(pieces, segmentSize: segmentSize, segments: segments, to: address, from: &any, skip: skip, ecn: ecn)
    }
}
