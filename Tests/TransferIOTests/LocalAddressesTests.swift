import Connectivity
import NetworkIO
import Testing
import TransferProtocol

@testable import TransferIO

/// The addresses that a machine announces, by its interfaces.
@Suite struct LocalAddressesTests {
    private static func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> NetworkAddress {
        NetworkAddress(ipv4: a << 24 | b << 16 | c << 8 | d, port: 0)
    }
    private static func global(_ low: UInt64) -> NetworkAddress { NetworkAddress(high: 0x2001_0DB8 << 32, low: low, port: 0) }
    private static func linkLocal(_ low: UInt64) -> NetworkAddress { NetworkAddress(high: 0xFE80 << 48, low: low, port: 0) }
    private static let loopback = NetworkInterface(
        name: "lo", index: 1, kind: .loopback, addresses: [v4(127, 0, 0, 1), NetworkAddress(high: 0, low: 1, port: 0)])
    private static let home = NetworkInterface(
        name: "eth0", index: 30, kind: .hardware, hasDefaultRoute: true, addresses: [v4(192, 168, 1, 2), global(2), linkLocal(2)])

    private static func hosts(_ interfaces: [NetworkInterface], limit: Int = 16) -> [String] {
        LocalAddresses(of: interfaces, port: 9, limit: limit).addresses.map(\.host)
    }

    /// Behind the addresses that anybody reaches, before those of this network, and each once.
    @Test func mappedAddressesHaveTheirPlace() {
        let mapped = NetworkAddress(ipv4: 0xC633_640A, port: 4242)
        let home = LocalAddresses(of: [Self.loopback, Self.home], port: 9, limit: 16)
        #expect(
            home.addresses(mapped: [mapped]).map(\.host) == ["198.51.100.10", "192.168.1.2", "2001:db8::2", "fe80::2", "127.0.0.1", "::1"])
        #expect(home.addresses(mapped: []) == home.addresses)
        #expect(
            home.candidates(mapped: [mapped], reflexive: []).named.map(\.host).prefix(3) == ["2001:db8::2", "198.51.100.10", "192.168.1.2"])
        let server = NetworkInterface(
            name: "eth0", index: 2, kind: .hardware, hasDefaultRoute: true, addresses: [Self.global(2), Self.v4(10, 0, 0, 1)])
        let both = LocalAddresses(of: [server], port: 9, limit: 16)
        let pinhole = NetworkAddress(high: 0x2001_0DB8 << 32, low: 2, port: 9)
        #expect(both.addresses(mapped: [pinhole]) == both.addresses)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let interfaces: [NetworkInterface]
        let hosts: [String]
    }

    static let cases: [Case] = [
        Case(testDescription: "nothing at all", interfaces: [], hosts: []),
        Case(testDescription: "loopback only", interfaces: [loopback], hosts: ["127.0.0.1", "::1"]),
        Case(
            testDescription: "a home", interfaces: [loopback, home],
            hosts: ["192.168.1.2", "2001:db8::2", "fe80::2", "127.0.0.1", "::1"]),
        Case(
            testDescription: "only link-local",
            interfaces: [
                loopback, NetworkInterface(name: "eth0", index: 2, kind: .hardware, addresses: [v4(169, 254, 3, 4), linkLocal(7)]),
            ], hosts: ["169.254.3.4", "fe80::7", "127.0.0.1", "::1"]),
        Case(
            testDescription: "IPv6 only",
            interfaces: [
                NetworkInterface(name: "br0", index: 2, kind: .bridge, addresses: [global(9)]),
                NetworkInterface(name: "eth0", index: 3, kind: .hardware, hasDefaultRoute: true, addresses: [linkLocal(1), global(1)]),
            ], hosts: ["2001:db8::1", "2001:db8::9", "fe80::1"]),
        Case(
            testDescription: "a tunnel has the default route",
            interfaces: [
                NetworkInterface(name: "docker0", index: 2, kind: .bridge, addresses: [v4(172, 17, 0, 1)]),
                NetworkInterface(name: "eth0", index: 3, kind: .hardware, addresses: [v4(192, 168, 1, 2)]),
                NetworkInterface(name: "tun0", index: 9, kind: .tunnel, hasDefaultRoute: true, addresses: [v4(10, 8, 0, 2)]),
            ], hosts: ["10.8.0.2", "192.168.1.2", "172.17.0.1"]),
        Case(
            testDescription: "both have one",
            interfaces: [
                NetworkInterface(name: "tun0", index: 2, kind: .tunnel, hasDefaultRoute: true, addresses: [v4(10, 8, 0, 2)]),
                NetworkInterface(name: "veth0", index: 3, kind: .virtual, addresses: [v4(10, 9, 0, 1)]),
                NetworkInterface(name: "eth0", index: 4, kind: .hardware, hasDefaultRoute: true, addresses: [v4(192, 168, 1, 2)]),
                NetworkInterface(name: "wg0", index: 5, kind: .tunnel, addresses: [v4(10, 7, 0, 2)]),
            ], hosts: ["192.168.1.2", "10.8.0.2", "10.7.0.2", "10.9.0.1"]),
        Case(
            testDescription: "no carrier where the default route is",
            interfaces: [
                NetworkInterface(
                    name: "eth0", index: 2, kind: .hardware, hasCarrier: false, hasDefaultRoute: true, addresses: [v4(192, 168, 1, 2)]),
                NetworkInterface(name: "wlan0", index: 3, kind: .hardware, addresses: [v4(192, 168, 2, 2)]),
                NetworkInterface(name: "br0", index: 4, kind: .bridge, addresses: [v4(172, 18, 0, 1)]),
            ], hosts: ["192.168.2.2", "172.18.0.1", "192.168.1.2"]),
        Case(
            testDescription: "one address on two interfaces",
            interfaces: [
                NetworkInterface(name: "br0", index: 2, kind: .bridge, addresses: [v4(10, 0, 0, 1)]),
                NetworkInterface(name: "eth0", index: 3, kind: .hardware, addresses: [v4(10, 0, 0, 1)]),
            ], hosts: ["10.0.0.1"]),
    ]

    @Test(arguments: cases) func order(of the: Case) { #expect(Self.hosts(the.interfaces) == the.hosts) }

    /// The bridges have lower indices than the interface that matters.
    @Test func twentyBridgesDoNotHideTheNetwork() {
        var interfaces = [Self.loopback]
        for number in UInt32(0)..<20 {
            let addresses = [Self.v4(172, 17, number, 1), Self.linkLocal(100 + UInt64(number))]
            interfaces.append(NetworkInterface(name: "br\(number)", index: 2 + number, kind: .bridge, addresses: addresses))
        }
        interfaces.append(Self.home)
        let places = LocalAddresses(of: interfaces, port: 9, limit: 16)
        let hosts: [String] = places.addresses.map { $0.host }
        #expect(hosts.count == 16)
        #expect(hosts.prefix(3) == ["192.168.1.2", "2001:db8::2", "172.17.0.1"])
        #expect(hosts.suffix(3) == ["fe80::2", "fe80::64", "127.0.0.1"])
        #expect(places.addresses.allSatisfy { $0.port == 9 && $0.scope == 0 })
        #expect(places.leftOut.count == 28)
        #expect(places.leftOut.first == .init(address: NetworkAddress(ipv4: 0xAC11_0B01, port: 9), interface: "br11"))
    }

    /// Temporary addresses must not fill a ticket.
    @Test func fourOfOneFamilyAreEnough() {
        var many = NetworkInterface(
            name: "eth0", index: 2, kind: .hardware, hasDefaultRoute: true, addresses: [Self.v4(192, 168, 1, 2)])
        for number in UInt64(1)...9 { many.addresses.append(Self.global(number)) }
        let places = LocalAddresses(of: [many, Self.loopback], port: 9, limit: 16)
        #expect(places.addresses.count { $0.ipv4 == nil && !$0.isLoopback } == 4)
        #expect(places.leftOut.map(\.address.host) == (5...9).map { "2001:db8::\($0)" })
    }

    @Test func whetherTheyAreOfUseElsewhere() {
        let alone = LocalAddresses(of: [Self.loopback], port: 9, limit: 16)
        #expect(alone.areLocal && alone.areOnLink)
        let link = NetworkInterface(name: "eth0", index: 2, kind: .hardware, addresses: [Self.linkLocal(1)])
        let onLink = LocalAddresses(of: [Self.loopback, link], port: 9, limit: 16)
        #expect(!onLink.areLocal && onLink.areOnLink)
        let home = LocalAddresses(of: [Self.loopback, Self.home], port: 9, limit: 16)
        #expect(!home.areLocal && !home.areOnLink)
    }

    /// The other side cannot know the names of this side's links.
    @Test func aLinkLocalAddressIsTriedOnEachOwnLink() {
        let wlan = NetworkInterface(name: "wlan0", index: 31, kind: .hardware, addresses: [Self.linkLocal(3)])
        let v4 = NetworkInterface(name: "eth1", index: 4, kind: .hardware, addresses: [Self.v4(10, 0, 0, 1)])
        var interfaces = [Self.loopback]
        for number in UInt32(0)..<9 {
            let address = Self.linkLocal(10 + UInt64(number))
            interfaces.append(NetworkInterface(name: "br\(number)", index: 5 + number, kind: .bridge, addresses: [address]))
        }
        interfaces += [v4, wlan, Self.home]
        let theirs = [Self.v4(192, 168, 1, 9), Self.linkLocal(77), Self.v4(169, 254, 1, 1)]
        let tried = LocalAddresses.onOwnLinks(theirs, interfaces)
        #expect(tried.map(\.host) == ["192.168.1.9", "fe80::4d", "fe80::4d", "fe80::4d", "fe80::4d", "169.254.1.1"])
        #expect(tried.map(\.scope) == [0, 30, 31, 5, 6, 0])
        var scoped = Self.linkLocal(77)
        scoped.scope = 5
        #expect(LocalAddresses.onOwnLinks([scoped], [Self.home]) == [scoped])
        #expect(LocalAddresses.onOwnLinks([Self.linkLocal(77)], [Self.loopback]) == [])
    }

    @Test func thoseOfThisMachine() {
        #expect(LocalAddresses.now(port: 9, limit: 16).addresses.contains(NetworkAddress(ipv4: 0x7F00_0001, port: 9)))
    }
}
