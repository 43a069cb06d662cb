import Connectivity
import NetworkSimulator
import TestSupport
import Testing

/// The model of a NAT is measured from within and from outside, as RFC 5780 measures a real one.
@Suite struct NATKindTests {
    /// A program that the test sends and receives by.
    private final class Socket: NetworkProgram {
        var toSend: [SentDatagram] = []
        private(set) var received: [(bytes: [UInt8], from: NetworkAddress)] = []

        func receive(_ datagram: [UInt8], from: NetworkAddress, at now: Duration) { received.append((datagram, from)) }
        func nextDatagram(at now: Duration) -> SentDatagram? { toSend.isEmpty ? nil : toSend.removeFirst() }
        var nextTimeout: Duration? { nil }
    }

    /// A host behind a NAT, and three sockets outside: two on one host would be one address, so the second differs by port only.
    private final class Laboratory {
        let network = SimulatedNetwork(seed: 3)
        let inner = Socket()
        let server = Socket()
        let samePlace = Socket()
        let stranger = Socket()
        static let serverAddress = NetworkAddress.ip(203, 0, 113, 10, port: 3478)
        static let strangerAddress = NetworkAddress.ip(203, 0, 113, 11, port: 3478)
        let publicAddress: NetworkAddress

        init(_ kind: NATKind) {
            let home = PathSearch.Home.offering(kind)
            publicAddress = kind == .firewall ? home.hostAddress : home.publicAddress
            let place = network.addHome(home.routers, publicAddress: home.publicAddress)
            network.addHost([home.hostAddress], in: place, inner)
            network.addHost([Self.serverAddress], server)
            network.addHost([Self.strangerAddress], stranger)
        }

        func run() { network.run(for: .milliseconds(100)) }

        /// What `socket` sees of a datagram from within.
        func seen(by socket: Socket, at address: NetworkAddress, timeToLive: Int = 64) -> NetworkAddress? {
            let before = socket.received.count
            inner.toSend.append(SentDatagram(bytes: [1], to: address, timeToLive: timeToLive))
            run()
            return socket.received.count > before ? socket.received.last?.from : nil
        }

        /// Whether a datagram from outside gets in.
        func getsIn(from socket: Socket, to address: NetworkAddress) -> Bool {
            let before = inner.received.count
            socket.toSend.append(SentDatagram(bytes: [2], to: address))
            run()
            return inner.received.count > before
        }
    }

    struct Expectation: Sendable {
        let kind: NATKind
        let isIndependent: Bool
        let letsStrangersIn: Bool
        let keepsPort: Bool
        let isSpoiled: Bool

        init(_ kind: NATKind, independent: Bool = true, strangers: Bool = false, keepsPort: Bool = false, spoiled: Bool = false) {
            self.kind = kind
            isIndependent = independent
            letsStrangersIn = strangers
            self.keepsPort = keepsPort
            isSpoiled = spoiled
        }
    }

    static let expectations = [
        Expectation(.none, strangers: true, keepsPort: true), Expectation(.fullCone, strangers: true), Expectation(.addressRestricted),
        Expectation(.portRestricted), Expectation(.linux, keepsPort: true), Expectation(.linuxAccept, keepsPort: true, spoiled: true),
        Expectation(.symmetric, independent: false), Expectation(.symmetricSequential, independent: false), Expectation(.carrier),
        Expectation(.carrierSymmetric, independent: false), Expectation(.firewall, keepsPort: true),
    ]

    @Test(arguments: expectations) func aKindBehavesAsItIsNamed(expected: Expectation) throws {
        let laboratory = Laboratory(expected.kind)
        let first = try #require(laboratory.seen(by: laboratory.server, at: Laboratory.serverAddress))
        #expect(first.isSameHost(as: laboratory.publicAddress))
        #expect((first.port == 40_000) == expected.keepsPort)
        #expect(laboratory.getsIn(from: laboratory.server, to: first))
        #expect(laboratory.getsIn(from: laboratory.stranger, to: first) == expected.letsStrangersIn)
        let second = try #require(laboratory.seen(by: laboratory.stranger, at: Laboratory.strangerAddress))
        // The stranger's early datagram has occupied the port.
        #expect((first == second) == (expected.isIndependent && !expected.isSpoiled))
        #expect(laboratory.getsIn(from: laboratory.stranger, to: second))
    }

    @Test func anAddressRestrictedNATLetsInOtherPortsOfAKnownHost() throws {
        for (kind, isLetIn) in [(NATKind.addressRestricted, true), (.portRestricted, false), (.linux, false), (.symmetric, false)] {
            let laboratory = Laboratory(kind)
            let first = try #require(laboratory.seen(by: laboratory.server, at: Laboratory.serverAddress))
            var elsewhere = Laboratory.serverAddress
            elsewhere.port = 9
            let network = laboratory.network
            network.addHost([elsewhere], laboratory.samePlace)
            #expect(laboratory.getsIn(from: laboratory.samePlace, to: first) == isLetIn, "\(kind)")
        }
    }

    /// The very purpose of a primer.
    @Test func aDatagramThatDiesOnItsWayOpensTheOwnNATOnly() throws {
        for kind in [NATKind.linux, .portRestricted, .carrier, .firewall, .linuxAccept] {
            let laboratory = Laboratory(kind)
            let first = try #require(laboratory.seen(by: laboratory.server, at: Laboratory.serverAddress))
            #expect(laboratory.seen(by: laboratory.stranger, at: Laboratory.strangerAddress, timeToLive: 4) == nil, "\(kind)")
            #expect(laboratory.getsIn(from: laboratory.stranger, to: first), "\(kind)")
        }
    }

    @Test(arguments: [NATKind.udpBlocked, .webOnly]) func nothingPassesWhereUDPIsBlocked(kind: NATKind) {
        let laboratory = Laboratory(kind)
        #expect(laboratory.seen(by: laboratory.server, at: Laboratory.serverAddress) == nil)
    }

    @Test(arguments: [(NATKind.linux, 130), (.portRestricted, 121), (.symmetric, 130)])
    func aMappingEndsInSilence(kind: NATKind, seconds: Int) throws {
        let laboratory = Laboratory(kind)
        let first = try #require(laboratory.seen(by: laboratory.server, at: Laboratory.serverAddress))
        #expect(laboratory.getsIn(from: laboratory.server, to: first))
        laboratory.network.run(for: .seconds(100))
        #expect(laboratory.getsIn(from: laboratory.server, to: first))
        laboratory.network.run(for: .seconds(seconds))
        #expect(!laboratory.getsIn(from: laboratory.server, to: first))
    }

    @Test func withoutAnAnswerAConnectionOfLinuxLasts30Seconds() throws {
        let laboratory = Laboratory(.linux)
        let first = try #require(laboratory.seen(by: laboratory.server, at: Laboratory.serverAddress))
        laboratory.network.run(for: .seconds(31))
        #expect(!laboratory.getsIn(from: laboratory.server, to: first))
    }

    /// Two hosts of a home use the same port.
    @Test func aPortThatIsTakenIsNotGivenTwice() {
        let network = SimulatedNetwork(seed: 4)
        let home = network.addHome(NATKind.linux.routers, publicAddress: .ip(198, 51, 100, 10))
        let hosts = [Socket(), Socket()]
        let server = Socket()
        network.addHost([Laboratory.serverAddress], server)
        for (index, host) in hosts.enumerated() {
            network.addHost([.ip(192, 168, 1, UInt32(10 + index), port: 40_000)], in: home, host)
            host.toSend = [SentDatagram(bytes: [1], to: Laboratory.serverAddress)]
        }
        network.run(for: .seconds(1))
        let ports = server.received.map(\.from.port)
        #expect(ports.count == 2 && ports.contains(40_000) && Set(ports).count == 2)
    }
}
