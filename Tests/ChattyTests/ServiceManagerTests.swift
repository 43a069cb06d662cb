import Foundation
import TestSupport
import Testing

@testable import chatty

/// The datagrams that systemd would read from its socket.
@Suite("Notifying a service manager")
struct ServiceManagerTests {
    @Test(arguments: [false, true]) func itIsToldByADatagram(abstract: Bool) throws {
        let socket = try NotifySocket(abstract: abstract)
        let manager = ServiceManager(environment: ["NOTIFY_SOCKET": socket.path])
        manager.ready("Listening on port 6697")
        #expect(socket.next() == "READY=1\nSTATUS=Listening on port 6697")
        var before = timespec()
        clock_gettime(CLOCK_MONOTONIC, &before)
        manager.reloading()
        let match = try #require(socket.next().wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=([0-9]+)/))
        let microseconds = try #require(Int64(match.1))
        #expect((0..<60_000_000).contains(microseconds - (Int64(before.tv_sec) * 1_000_000 + Int64(before.tv_nsec) / 1000)))
        manager.stopping()
        #expect(socket.next() == "STOPPING=1")
    }

    @Test(arguments: [nil, "", "relative", "vsock:2:1234", "/tmp/nobody-there", "/" + String(repeating: "x", count: 200)])
    func whereNobodyListensNothingHappens(path: String?) {
        let manager = ServiceManager(environment: path.map { ["NOTIFY_SOCKET": $0] } ?? [:])
        manager.ready("x")
        manager.stopping()
    }

    @Test(arguments: [
        ("127.0.0.1:9697", "127.0.0.1", 9697), ("[::1]:0", "::1", 0), ("0.0.0.0:65535", "0.0.0.0", 65535),
    ]) func addressesOfMetrics(text: String, address: String, port: Int) {
        #expect(NumericEndpoint(text) == NumericEndpoint(address: address, port: port))
    }

    @Test(arguments: [
        "", "9697", "127.0.0.1", "127.0.0.1:", "localhost:1", "::1:1", "[::1]", "[127.0.0.1]:1", "127.0.0.1:65536", "127.0.0.1:-1",
    ])
    func whatIsNoAddressIsNotTaken(text: String) { #expect(NumericEndpoint(text) == nil) }
}
