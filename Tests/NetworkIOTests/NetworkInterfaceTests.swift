import Connectivity
import Testing

@testable import NetworkIO

@Suite struct NetworkInterfaceTests {
    @Test func driversAreKnown() {
        #expect(NetworkInterface.kind(driver: "bridge", isPointToPoint: false) == .bridge)
        #expect(NetworkInterface.kind(driver: "virtio_net", isPointToPoint: false) == .hardware)
        #expect(NetworkInterface.kind(driver: "tun", isPointToPoint: false) == .tunnel)
        #expect(NetworkInterface.kind(driver: nil, isPointToPoint: true) == .tunnel)
        #expect(NetworkInterface.kind(driver: "veth", isPointToPoint: false) == .virtual)
    }

    /// The interfaces of this machine.
    @Test func theyAreRead() {
        let interfaces = NetworkInterface.all()
        #expect(interfaces.contains { $0.kind == .loopback && $0.addresses.contains(NetworkAddress(ipv4: 0x7F00_0001, port: 0)) })
        #expect(Set(interfaces.map(\.name)).count == interfaces.count)
    }
}
