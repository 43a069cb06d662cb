import Connectivity
import Testing

@testable import NetworkIO

@Suite struct NetworkInterfaceTests {
    @Test func routesAreRead() {
        let ipv4 = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
            eth1\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
            tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
            eth2\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0
            """
        let zeros = String(repeating: "0", count: 32)
        let ipv6 = """
            \(zeros) 00 \(zeros) 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     wlan0
            \(zeros) 00 \(zeros) 00 \(zeros) ffffffff 00000001 00000000 00200200       lo
            20010db8000000000000000000000000 40 \(zeros) 00 \(zeros) 00000100 00000001 00000000 00000001     eth5
            """
        #expect(NetworkInterface.defaultRoutes(ipv4: ipv4, ipv6: ipv6) == ["eth0", "wlan0"])
        #expect(NetworkInterface.defaultRoutes(ipv4: "", ipv6: "\n \n") == [])
    }

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
