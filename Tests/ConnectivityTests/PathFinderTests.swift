import TestSupport
import Testing

@testable import Connectivity

/// One side of a search alone: what it sends when, and how it decides.
@Suite struct PathFinderTests {
    static let peerKeys = SearchKeys(secret: secret, role: .answering)
    static let publicAddress = NetworkAddress.ip(192, 0, 2, 1)
    static let otherPublic = NetworkAddress.ip(192, 0, 2, 2)
    static let privateAddress = NetworkAddress.ip(192, 168, 1, 10)
    static let global6 = NetworkAddress.ipv6(0x2001_0DB8 << 32, 1)

    static func finder(_ candidates: [NetworkAddress], role: SearchRole = .offering) -> PathFinder {
        PathFinder(role: role, secret: secret, candidates: candidates, random: SeededGenerator(seed: 9), at: .zero)
    }

    /// All that is to be sent at a time.
    static func send(_ finder: inout PathFinder, at now: Duration) -> [PathFinder.Outgoing] {
        var sent: [PathFinder.Outgoing] = []
        while let next = finder.nextDatagram(at: now) { sent.append(next) }
        return sent
    }

    /// Drives a finder by its own timers to `end`, with nobody who answers.
    static func drive(_ finder: inout PathFinder, to end: Duration) -> [(at: Duration, PathFinder.Outgoing)] {
        var sent: [(Duration, PathFinder.Outgoing)] = []
        var now = Duration.zero
        for _ in 0..<10_000 {
            sent += send(&finder, at: now).map { (now, $0) }
            guard let next = finder.nextTimeout, next <= end else { break }
            now = next
        }
        return sent
    }

    static func nonce(_ bytes: [UInt8], _ keys: SearchKeys = peerKeys) -> UInt64? {
        bytes.withUnsafeBytes { ProbeDatagram($0, keys: keys) }?.nonce
    }

    /// The peer's answer to a probe comes in.
    @discardableResult static func answer(
        _ finder: inout PathFinder, _ probe: PathFinder.Outgoing, from: NetworkAddress? = nil, at now: Duration,
        keys: SearchKeys = peerKeys, seen: NetworkAddress = .ip(198, 51, 100, 1)
    ) -> Bool {
        guard let nonce = nonce(probe.bytes, keys) else { return false }
        let bytes = ProbeDatagram(nonce: nonce, content: .answer(seen: seen)).encoded(keys: keys)
        return bytes.withUnsafeBytes { finder.receive($0, from: from ?? probe.to, at: now) }
    }

    /// A probe of the peer comes in.
    @discardableResult static func probe(
        _ finder: inout PathFinder, nonce: UInt64 = 1, from: NetworkAddress, at now: Duration, keys: SearchKeys = peerKeys
    ) -> Bool {
        let bytes = ProbeDatagram(nonce: nonce, content: .probe).encoded(keys: keys)
        return bytes.withUnsafeBytes { finder.receive($0, from: from, at: now) }
    }

    private static let schedule = [0, 100, 200, 400, 700, 1100, 1600, 2200, 3000, 4000, 5000]

    @Test func eachCandidateIsProbedByScheduleAndTheSearchFailsInTime() {
        var finder = Self.finder([Self.publicAddress, Self.privateAddress])
        let sent = Self.drive(&finder, to: .seconds(60))
        for address in [Self.publicAddress, Self.privateAddress] {
            #expect(sent.filter { $0.1.to == address }.map { Int($0.at / .ms(1)) } == Self.schedule)
        }
        #expect(sent.allSatisfy { $0.1.timeToLive == nil })
        #expect(finder.state == .failed && finder.nextTimeout == nil)
        var second = Self.finder([Self.publicAddress])
        _ = Self.drive(&second, to: .milliseconds(5999))
        #expect(second.state == .searching && second.nextTimeout == .seconds(6))
    }

    @Test func theAnsweringSidePrimesGlobalAddressesAndWaits() {
        var finder = Self.finder([Self.publicAddress, Self.privateAddress, Self.global6], role: .answering)
        let primers = Self.send(&finder, at: .zero)
        #expect(primers.map(\.to) == [Self.publicAddress, Self.global6] && primers.allSatisfy { $0.timeToLive == 4 })
        #expect(finder.nextTimeout == .ms(250))
        #expect(Self.send(&finder, at: .ms(249)).isEmpty)
        let probes = Self.send(&finder, at: .ms(250))
        #expect(probes.map(\.to) == [Self.publicAddress, Self.privateAddress, Self.global6] && probes.allSatisfy { $0.timeToLive == nil })
        _ = Self.drive(&finder, to: .ms(6249))
        #expect(finder.state == .searching && finder.nextTimeout == .ms(6250))
        _ = Self.drive(&finder, to: .ms(6250))
        #expect(finder.state == .failed)
    }

    @Test func theFirstAuthenticDatagramWakesTheAnsweringSide() {
        var finder = Self.finder([Self.publicAddress], role: .answering)
        let keys = SearchKeys(secret: secret, role: .offering)
        _ = Self.send(&finder, at: .zero)
        // One of somebody else does not.
        let isForeign = [UInt8](repeating: 0x99, count: 51).withUnsafeBytes { finder.receive($0, from: Self.publicAddress, at: .ms(20)) }
        #expect(!isForeign && Self.send(&finder, at: .ms(20)).isEmpty)
        Self.probe(&finder, from: Self.publicAddress, at: .ms(30), keys: keys)
        // The answer, and a probe of its own.
        #expect(Self.send(&finder, at: .ms(30)).map(\.bytes.first) == [0x9A, 0x99])
    }

    @Test func patienceIsTheOwnersWithinTwoSeconds() {
        for (patience, begin) in [(Duration.ms(700), Duration.ms(700)), (.seconds(9), .seconds(2)), (.seconds(-1), .zero)] {
            var finder = PathFinder(
                role: .answering, secret: secret, candidates: [Self.privateAddress], patience: patience, random: SeededGenerator(seed: 1),
                at: .zero)
            #expect(finder.nextTimeout == begin)
            #expect(Self.send(&finder, at: begin).count == 1)
        }
    }

    /// A driver that was held up sends one probe for all that it has missed, not a burst.
    @Test func missedProbesAreNotMadeUpFor() {
        var finder = Self.finder([Self.publicAddress])
        #expect(Self.send(&finder, at: .ms(1650)).count == 1)
        #expect(finder.nextTimeout == .ms(2200))
    }

    @Test func anAnswerOnALocalNetworkOrIPv6WinsAtOnce() {
        let addresses: [NetworkAddress] = [
            Self.privateAddress, Self.global6, .ipv6(0xFE80 << 48, 1, scope: 2), .ip(169, 254, 0, 9), .ip(100, 64, 0, 9),
            .ipv6(0xFD00 << 48, 1),
        ]
        for address in addresses {
            var finder = Self.finder([Self.publicAddress, address])
            let probes = Self.send(&finder, at: .zero)
            Self.answer(&finder, probes[1], at: .ms(3))
            #expect(finder.state == .found(address, roundTrip: .ms(3)), "\(address)")
            #expect(finder.nextTimeout == nil && Self.send(&finder, at: .ms(100)).isEmpty)
        }
        var finder = PathFinder(
            role: .offering, secret: secret, candidates: [.ip(127, 0, 0, 1)], includesLoopback: true, random: SeededGenerator(seed: 1),
            at: .zero)
        let probes = Self.send(&finder, at: .zero)
        Self.answer(&finder, probes[0], at: .ms(1))
        #expect(finder.state == .found(.ip(127, 0, 0, 1), roundTrip: .ms(1)))
    }

    @Test func ofOtherAddressesTheBestWithin50msWins() {
        var finder = Self.finder([Self.publicAddress, Self.otherPublic])
        let probes = Self.send(&finder, at: .zero)
        Self.answer(&finder, probes[1], at: .ms(20), seen: .ip(198, 51, 100, 2))
        #expect(finder.state == .searching && finder.nextTimeout == .ms(70))
        Self.answer(&finder, probes[0], at: .ms(60), seen: .ip(198, 51, 100, 1))
        #expect(Self.send(&finder, at: .ms(69)).isEmpty && finder.state == .searching)
        #expect(Self.send(&finder, at: .ms(70)).isEmpty)
        #expect(finder.state == .found(Self.publicAddress, roundTrip: .ms(60)))
        #expect(finder.observed == .ip(198, 51, 100, 1))
    }

    @Test func aLaterAnswerThanThatDoesNotCount() {
        var finder = Self.finder([Self.publicAddress, Self.otherPublic])
        let probes = Self.send(&finder, at: .zero)
        Self.answer(&finder, probes[1], at: .ms(20), seen: .ip(198, 51, 100, 2))
        Self.answer(&finder, probes[0], at: .ms(70), seen: .ip(198, 51, 100, 1))
        #expect(finder.state == .found(Self.otherPublic, roundTrip: .ms(20)))
        #expect(finder.observed == .ip(198, 51, 100, 2))
    }

    /// Within the wait, an address of the own network still wins at once.
    @Test func aLocalAnswerEndsTheWait() {
        var finder = Self.finder([Self.publicAddress, Self.privateAddress])
        let probes = Self.send(&finder, at: .zero)
        Self.answer(&finder, probes[0], at: .ms(5))
        Self.answer(&finder, probes[1], at: .ms(30))
        #expect(finder.state == .found(Self.privateAddress, roundTrip: .ms(30)))
    }

    @Test func amongUnnamedAddressesTheNearerWins() {
        var finder = Self.finder([])
        let far = NetworkAddress.ip(192, 0, 2, 3)
        let near = NetworkAddress.ip(192, 0, 2, 4)
        Self.probe(&finder, nonce: 1, from: far, at: .zero)
        Self.probe(&finder, nonce: 2, from: near, at: .ms(10))
        let sent = Self.send(&finder, at: .ms(10)).filter { $0.bytes.first == 0x99 }
        #expect(sent.map(\.to) == [far, near])
        Self.answer(&finder, sent[0], at: .ms(50))
        Self.answer(&finder, sent[1], at: .ms(40))
        _ = Self.send(&finder, at: .ms(100))
        #expect(finder.state == .found(near, roundTrip: .ms(30)))
    }

    /// Whoever probes rightly from an unknown address is probed there at once; named later, it gets its rank.
    @Test func anUnknownAddressThatProbesIsProbed() {
        var finder = Self.finder([Self.publicAddress])
        _ = Self.send(&finder, at: .zero)
        Self.probe(&finder, from: Self.otherPublic, at: .ms(33))
        let sent = Self.send(&finder, at: .ms(33))
        #expect(sent.map(\.to) == [Self.otherPublic, Self.otherPublic] && sent.map(\.bytes.first) == [0x9A, 0x99])
        finder.addCandidates([Self.otherPublic], at: .ms(34))
        #expect(Self.send(&finder, at: .ms(34)).isEmpty)
        Self.answer(&finder, sent[1], at: .ms(53))
        _ = Self.send(&finder, at: .ms(103))
        #expect(finder.state == .found(Self.otherPublic, roundTrip: .ms(20)))
    }

    @Test func theAnsweringSideTakesTheFirstAnswerAndKeepsAnswering() {
        let keys = SearchKeys(secret: secret, role: .offering)
        var finder = Self.finder([Self.publicAddress, Self.otherPublic], role: .answering)
        let sent = Self.send(&finder, at: .zero) + Self.send(&finder, at: .ms(250))
        Self.answer(&finder, sent[3], at: .ms(290), keys: keys)
        #expect(finder.state == .found(Self.otherPublic, roundTrip: .ms(40)))
        Self.probe(&finder, nonce: 8, from: Self.publicAddress, at: .seconds(30), keys: keys)
        #expect(Self.send(&finder, at: .seconds(30)).map(\.to) == [Self.publicAddress])
        #expect(finder.nextTimeout == nil)
    }

    @Test func addedCandidatesHaveAScheduleOfTheirOwn() {
        var finder = Self.finder([Self.publicAddress])
        _ = Self.drive(&finder, to: .ms(3000))
        finder.addCandidates([Self.publicAddress, Self.otherPublic], at: .ms(3050))
        #expect(Self.send(&finder, at: .ms(3050)).map(\.to) == [Self.otherPublic])
        var times: [Int] = [0]
        var now = Duration.ms(3050)
        while let next = finder.nextTimeout, next <= .seconds(30) {
            now = next
            for sent in Self.send(&finder, at: now) where sent.to == Self.otherPublic { times.append(Int((now - .ms(3050)) / .ms(1))) }
        }
        #expect(times == Self.schedule)
        #expect(finder.state == .failed && now == .ms(9050))
    }

    /// However often the peer names something new.
    @Test func theSearchEndsAfter15SecondsAtTheLatest() {
        var finder = Self.finder([Self.publicAddress])
        var now = Duration.zero
        for index in 0..<600 where finder.state == .searching {
            now = .ms(50 * index)
            _ = Self.send(&finder, at: now)
            if index.isMultiple(of: 40) { finder.addCandidates([.ip(198, 51, 100, UInt32(1 + index / 40))], at: now) }
        }
        #expect(finder.state == .failed && now == .seconds(15))
    }

    @Test func afterTheEndNothingNewIsProbed() {
        var finder = Self.finder([Self.publicAddress])
        _ = Self.drive(&finder, to: .seconds(60))
        finder.addCandidates([Self.otherPublic], at: .seconds(61))
        Self.probe(&finder, from: .ip(192, 0, 2, 77), at: .seconds(62))
        #expect(Self.send(&finder, at: .seconds(62)).map(\.bytes.first) == [0x9A])
        #expect(finder.nextTimeout == nil)
    }

    @Test func aSearchWithoutCandidatesEndsInTimeToo() {
        var finder = Self.finder([])
        #expect(Self.drive(&finder, to: .seconds(60)).isEmpty)
        #expect(finder.state == .failed)
    }
}
