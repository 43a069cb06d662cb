import Connectivity
import Testing

@testable import NetworkIO

@Suite struct DefaultRouteTests {
    @Test func routesAreRead() {
        let ipv4 = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth9\t00000000\t0201A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
            eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
            eth1\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
            tun0\t00000000\t00000000\t0001\t0\t0\t700\t00000000\t0\t0\t0
            tun1\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
            eth2\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0
            """
        let zeros = String(repeating: "0", count: 32)
        let ipv6 = """
            \(zeros) 00 \(zeros) 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     wlan0
            \(zeros) 00 \(zeros) 00 \(zeros) ffffffff 00000001 00000000 00200200       lo
            20010db8000000000000000000000000 40 \(zeros) 00 \(zeros) 00000100 00000001 00000000 00000001     eth5
            """
        let routes = DefaultRoute.all(ipv4: ipv4, ipv6: ipv6) { $0 == "wlan0" ? 7 : 0 }
        #expect(
            routes == [
                DefaultRoute(interface: "eth0", router: NetworkAddress(ipv4: 0xC0A8_0101, port: 0), metric: 100),
                DefaultRoute(interface: "eth9", router: NetworkAddress(ipv4: 0xC0A8_0102, port: 0), metric: 600),
                DefaultRoute(interface: "tun0", router: nil, metric: 700),
                DefaultRoute(
                    interface: "wlan0", router: NetworkAddress(high: 0xFE80_0000_0000_0000, low: 1, port: 0, scope: 7), metric: 1024),
            ])
        #expect(DefaultRoute.all(ipv4: "", ipv6: "\n \n") { _ in 0 } == [])
    }
}
