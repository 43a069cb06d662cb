import Connectivity
import Testing

@Suite struct AddressClassTests {
    private enum Class: String { case loopback, linkLocal, unspecified, multicast, isPrivate, global, none }

    private static func classes(_ address: NetworkAddress) -> [Class] {
        let found: [(Class, Bool)] = [
            (.loopback, address.isLoopback), (.linkLocal, address.isLinkLocal), (.unspecified, address.isUnspecified),
            (.multicast, address.isMulticast), (.isPrivate, address.isPrivate), (.global, address.isGlobal),
        ]
        return found.filter(\.1).map(\.0)
    }

    private static let expected: [(NetworkAddress, Class)] = [
        (.ip(0, 0, 0, 0), .unspecified), (.ip(0, 0, 0, 1), .none), (.ip(1, 1, 1, 1), .global), (.ip(9, 255, 255, 255), .global),
        (.ip(10, 0, 0, 0), .isPrivate), (.ip(10, 255, 255, 255), .isPrivate), (.ip(11, 0, 0, 0), .global),
        (.ip(100, 63, 255, 255), .global),
        (.ip(100, 64, 0, 0), .isPrivate), (.ip(100, 127, 255, 255), .isPrivate), (.ip(100, 128, 0, 0), .global),
        (.ip(126, 255, 255, 255), .global), (.ip(127, 0, 0, 1), .loopback), (.ip(127, 255, 255, 255), .loopback),
        (.ip(169, 253, 255, 255), .global), (.ip(169, 254, 0, 1), .linkLocal), (.ip(169, 255, 0, 0), .global),
        (.ip(172, 15, 255, 255), .global), (.ip(172, 16, 0, 0), .isPrivate), (.ip(172, 31, 255, 255), .isPrivate),
        (.ip(172, 32, 0, 0), .global), (.ip(192, 0, 2, 1), .global), (.ip(192, 167, 255, 255), .global), (.ip(192, 168, 0, 0), .isPrivate),
        (.ip(192, 168, 255, 255), .isPrivate), (.ip(192, 169, 0, 0), .global), (.ip(223, 255, 255, 255), .global),
        (.ip(224, 0, 0, 0), .multicast), (.ip(239, 255, 255, 255), .multicast), (.ip(240, 0, 0, 0), .none),
        (.ip(255, 255, 255, 255), .none),
        (.ipv6(0, 0), .unspecified), (.ipv6(0, 1), .loopback), (.ipv6(0, 2), .none), (.ipv6(0x0064_FF9B << 32, 1), .none),
        (.ipv6(0x2001_0DB8 << 32, 1), .global), (.ipv6(0x3FFF << 48, 1), .global), (.ipv6(0x4000 << 48, 1), .none),
        (.ipv6(0xFC00 << 48, 1), .isPrivate), (.ipv6(0xFDFF << 48, 1), .isPrivate), (.ipv6(0xFE80 << 48, 1, scope: 2), .linkLocal),
        (.ipv6(0xFEBF << 48, 1), .linkLocal), (.ipv6(0xFEC0 << 48, 1), .none), (.ipv6(0xFF02 << 48, 1), .multicast),
    ]

    @Test func anAddressHasOneClassOrNone() {
        for (address, expected) in Self.expected {
            #expect(Self.classes(address) == (expected == .none ? [] : [expected]), "\(address)")
            let isReachable = [Class.global, .isPrivate, .linkLocal].contains(expected)
            #expect(address.isReachable() == isReachable, "\(address)")
            #expect(address.isReachable(includingLoopback: true) == (isReachable || expected == .loopback), "\(address)")
            var nowhere = address
            nowhere.port = 0
            #expect(!nowhere.isReachable(includingLoopback: true))
        }
        #expect(NetworkAddress.ip(255, 255, 255, 255).isBroadcast && !NetworkAddress.ip(255, 255, 255, 254).isBroadcast)
    }
}
