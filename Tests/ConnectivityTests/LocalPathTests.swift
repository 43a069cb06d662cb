import Connectivity
import NetworkSimulator
import TestSupport
import Testing

/// Paths other than between two NATs of the public network.
@Suite struct LocalPathTests {
    private static func sameNetwork(_ kind: NATKind, isIsolated: Bool = false, hairpins: Bool = false) -> PathSearch.Outcome {
        var search = PathSearch(kind, kind)
        search.place = .sameNetwork(isIsolated: isIsolated)
        for index in search.offering.routers.indices { search.offering.routers[index].hairpins = hairpins }
        return search.run()
    }

    @Test(arguments: [NATKind.linux, .portRestricted, .symmetric, .carrier, .udpBlocked])
    func twoHostsOfOneHomeMeetAtTheirPrivateAddresses(kind: NATKind) {
        let outcome = Self.sameNetwork(kind)
        #expect(outcome.address == .ip(192, 168, 1, 20, port: 50_000))
        #expect(outcome.offeringTime < .milliseconds(100))
    }

    @Test(arguments: [NATKind.linux, .portRestricted, .fullCone]) func isolatedFromEachOtherTheyNeedAHairpin(kind: NATKind) {
        #expect(!Self.sameNetwork(kind, isIsolated: true).isFound)
        let outcome = Self.sameNetwork(kind, isIsolated: true, hairpins: true)
        #expect(outcome.address?.isSameHost(as: .ip(198, 51, 100, 10)) == true)
    }

    /// Both homes use the same private network: who has the peer's address in one's own home is somebody else.
    @Test func anotherHostWithThePeersPrivateAddressIsNotThePeer() {
        final class Bystander: NetworkProgram {
            private(set) var heard = 0
            func receive(_ datagram: [UInt8], from: NetworkAddress, at now: Duration) { heard += 1 }
            func nextDatagram(at now: Duration) -> SentDatagram? { nil }
            var nextTimeout: Duration? { nil }
        }
        let network = SimulatedNetwork(seed: 1)
        let bystander = Bystander()
        let one = SearchingHost(.offering(.linux), servers: [], seed: 1)
        let other = SearchingHost(.answering(.linux), servers: [], seed: 2)
        let home = network.addHome(NATKind.linux.routers, publicAddress: .ip(198, 51, 100, 10))
        network.addHost(one.addresses, in: home, one)
        network.addHost(other.addresses, in: home, bystander)
        let otherHome = network.addHome(NATKind.linux.routers, publicAddress: .ip(192, 0, 2, 10))
        network.addHost(other.addresses, in: otherHome, other)
        other.begin(.answering, one.candidates, at: .zero)
        one.begin(.offering, other.candidates, at: .zero)
        network.run(for: .seconds(10))
        #expect(bystander.heard == 11)
        #expect(one.finder?.state == .failed && other.finder?.state == .failed)
    }

    /// IPv6 needs no translation, only that both have written: it is found between NATs that cannot be punched, and wins over IPv4.
    @Test(arguments: [(NATKind.symmetric, NATKind.symmetric), (.linux, .portRestricted), (.none, .linux)])
    func withIPv6BehindFirewallsItIsTaken(one: NATKind, other: NATKind) {
        var search = PathSearch(one, other)
        search.offering.ipv6 = .ipv6(0x2001_0DB8_000A_0000, 0x10, port: 40_000)
        search.answering.ipv6 = .ipv6(0x2001_0DB8_000B_0000, 0x10, port: 50_000)
        let outcome = search.run()
        #expect(outcome.address == search.answering.ipv6)
        #expect(outcome.offeringObserved == search.offering.ipv6)
    }

    @Test(arguments: [(NATKind.linux, false), (.portRestricted, false), (.none, false), (.symmetric, true), (.carrierSymmetric, true)])
    func twoServersTellASymmetricNAT(kind: NATKind, depends: Bool) {
        #expect(PathSearch(kind, .none).run().offeringMappingDepends == depends)
    }
}

/// What the repeated requests to STUN servers are for.
@Suite struct KeptMappingTests {
    /// An offer that waits for half an hour behind a NAT that forgets a mapping after 20 s.
    @Test(arguments: [true, false]) func anOfferThatWaitsIsReachedIfItsMappingIsKept(isKept: Bool) {
        var search = PathSearch(.portRestricted, .portRestricted)
        for index in search.offering.routers.indices { search.offering.routers[index].mappingLife = .seconds(20) }
        search.waiting = .seconds(1800)
        search.keepsMapping = isKept
        #expect(search.run().isFound == isKept)
    }

    @Test func aRouterThatForgetsIsNoticedWithinTheInterval() {
        let network = SimulatedNetwork(seed: 1)
        let server = NetworkAddress.ip(203, 0, 113, 10, port: 3478)
        network.addHost([server], STUNServer(seed: 1))
        let host = SearchingHost(.offering(.portRestricted), servers: [server], seed: 1)
        let home = network.addHome(NATKind.portRestricted.routers, publicAddress: .ip(198, 51, 100, 10))
        network.addHost(host.addresses, in: home, host)
        host.keepMapping(true)
        network.run(for: .seconds(100))
        let before = host.query.reflexive
        #expect(host.takeChange() && before.count == 1)
        network.restartRouters()
        network.run(for: .seconds(16))
        #expect(host.takeChange() && host.query.reflexive.count == 1 && host.query.reflexive != before)
    }
}
