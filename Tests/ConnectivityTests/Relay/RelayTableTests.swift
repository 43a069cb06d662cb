import TestSupport
import Testing

@testable import Connectivity

/// What a relay passes on, and what strangers and hostile legs get of it: nothing.
@Suite struct RelayTableTests {
    private static func bound(_ limits: RelayLimits = RelayLimits(), legs: Int = 2) -> RelayLink {
        var link = RelayLink(legs: legs, limits: limits)
        link.run(for: .milliseconds(50))
        return link
    }

    private static func data(_ leg: UInt64, _ count: Int = 100) -> [UInt8] {
        RelayDatagram.header(of: leg) + [UInt8](repeating: 1, count: count)
    }

    @Test func whatOneLegSendsArrivesAtTheOther() {
        var link = Self.bound()
        link.send(1200, from: 0)
        link.send(20, from: 1)
        link.send(20, from: 1)
        #expect(link.arrived == [1: 1, 0: 2])
        #expect(link.table.figures == RelayTable.Figures(open: 1, bytes: 1240, dropped: 0, refused: 0))
    }

    @Test func nothingIsPassedOnBeforeTheOtherLegIsBound() {
        var link = RelayLink(legs: 1)
        link.run(for: .milliseconds(50))
        link.send(1200, from: 0)
        #expect(link.arrived.isEmpty && link.table.figures.dropped == 1 && link.table.figures.bytes == 0)
    }

    /// Whoever knows the id of a leg, from a datagram that he has seen, gets nothing out of the relay and nothing into it.
    @Test func theAddressOfAStrangerIsNoLegs() {
        var link = Self.bound()
        let stranger = RelayOrigin.address(.ip(192, 0, 2, 66, port: 1000), at: .any)
        for leg in link.legs.map(\.grant.leg) { #expect(link.receive(Self.data(leg), from: stranger) == .nothing) }
        // The same address at another port is another address.
        let beside = RelayOrigin.address(.ip(198, 51, 100, 1, port: 1001), at: .any)
        #expect(link.receive(Self.data(link.legs[0].grant.leg), from: beside) == .nothing)
        #expect(link.table.figures == RelayTable.Figures(open: 1))
    }

    @Test func aGuessedKeyBindsNothing() {
        var link = Self.bound()
        let known = link.legs[0].grant
        let forged = RelayGrant(leg: known.leg, expires: known.expires, account: known.account, key: [UInt8](repeating: 1, count: 32))
        let later = RelayGrant(leg: known.leg, expires: known.expires + 1, account: known.account, key: known.keyBytes)
        let other = RelayGrant(leg: known.leg, expires: known.expires, account: known.account + 1, key: known.keyBytes)
        let otherLeg = RelayGrant(leg: known.leg ^ 1, expires: known.expires, account: known.account, key: known.keyBytes)
        let stranger = RelayOrigin.address(.ip(192, 0, 2, 66, port: 1000), at: .any)
        for grant in [forged, later, other, otherLeg] {
            for kind in [RelayControl.Kind.bind, .answer, .release] {
                for origin in [stranger, .stream(9)] {
                    #expect(link.receive(RelayControl(kind, grant, nonce: 1).encoded(grant), from: origin) == .nothing)
                }
            }
        }
        link.send(100, from: 0)
        #expect(link.arrived == [1: 1])
    }

    /// A bind that somebody has recorded gets a challenge sent to his address, and no more; his answer would need the key.
    @Test func aReplayedProofBindsNothing() throws {
        var link = Self.bound()
        let grant = link.legs[0].grant
        let bind = RelayControl(.bind, grant, nonce: 5)
        let (home, stranger) = (RelayOrigin.address(.ip(198, 51, 100, 9), at: .any), RelayOrigin.address(.ip(192, 0, 2, 66), at: .any))
        guard case .answer(let bytes) = link.receive(bind.encoded(grant), from: home) else { return #expect(Bool(false)) }
        let challenge = try #require(bytes.withUnsafeBytes { RelayControl(unproven: $0) })
        #expect(challenge.kind == .challenge && bytes.count == RelayControl.size)
        let proof = challenge.answer(.answer, body: challenge.body).encoded(grant)
        // The proof of one address is none of another.
        #expect(link.receive(proof, from: stranger) == .nothing)
        guard case .answer(let bound) = link.receive(proof, from: home) else { return #expect(Bool(false)) }
        #expect(bound[9] == RelayControl.Kind.bound.rawValue)
        // The leg moves on; what was proven before does not bring it back.
        link.run(for: .seconds(11))
        #expect(link.isBound(0))
        #expect(link.receive(proof, from: home) == .nothing)
        #expect(link.receive(Self.data(grant.leg), from: home) == .nothing)
        link.send(100, from: 1)
        #expect(link.arrived == [0: 1])
    }

    @Test func aFloodOfBindsIsAnsweredSeldom() {
        var link = Self.bound()
        let grant = link.legs[0].grant
        for second in 1...3 {
            link.now = .seconds(second)
            let answers = (0..<500 as Range<UInt16>).count {
                let origin = RelayOrigin.address(.ip(192, 0, 2, 66, port: 1 + $0), at: .any)
                return link.receive(RelayControl(.bind, grant, nonce: 1).encoded(grant), from: origin) != .nothing
            }
            #expect(answers == 20)
        }
        link.run(for: .seconds(12))
        #expect(link.isBound(0) && link.isBound(1))
    }

    @Test func noMoreAreOpenThanAllowed() {
        var link = RelayLink(legs: 140, limits: RelayLimits(perAccount: 100, open: 64))
        link.run(for: .milliseconds(50))
        #expect(link.table.figures.open == 64 && link.table.figures.refused == 12)
        #expect((0..<140).count { link.isBound($0) } == 128)
        #expect(link.legs.count { $0.state == .refused(.full) } == 12)
    }

    @Test func anAccountHasItsShare() {
        // The fixture has four transfers of each account.
        var link = RelayLink(legs: 16, limits: RelayLimits(perAccount: 3))
        link.run(for: .milliseconds(50))
        #expect(link.table.figures.open == 6)
        #expect(link.legs.count { $0.state == .refused(.accountLimit) } == 4)
    }

    @Test func aGrantExpiresButAnOpenRelayStays() {
        var link = RelayLink(lifetime: 60)
        link.run(for: .milliseconds(50))
        link.run(for: .seconds(100))
        link.send(100, from: 0)
        #expect(link.arrived == [1: 1])
        link.restartServer()
        link.run(for: .seconds(12))
        #expect(link.legs.allSatisfy { $0.state == .refused(.expired) })
    }

    /// The legs' grants are known to a server that is started again: what it has lost it learns from the next bind.
    @Test func aRestartedServerRelaysOn() {
        var link = Self.bound()
        link.restartServer()
        link.send(100, from: 0)
        #expect(link.arrived.isEmpty)
        link.run(for: .seconds(11))
        link.send(100, from: 0)
        #expect(link.arrived == [1: 1])
    }

    @Test func aLegThatFloodsIsHeldToTheRate() {
        var link = Self.bound(RelayLimits(rate: 1_000_000))
        for _ in 0..<10_000 {
            for _ in 0..<5 { link.send(1000, from: 0) }
            link.run(for: .milliseconds(1))
        }
        // Ten seconds, and the quarter of a second that may come at once.
        let passed = link.table.figures.bytes
        #expect((10_000_000...10_250_000).contains(passed))
        #expect(link.table.figures.dropped == 50_000 - passed / 1000)
    }

    @Test func allTransfersTogetherHaveOneRate() {
        var link = Self.bound(RelayLimits(rate: 1_000_000, total: 4_000_000, open: 64), legs: 128)
        #expect(link.table.figures.open == 64)
        for _ in 0..<2000 {
            for index in stride(from: 0, to: 128, by: 2) { link.send(1000, from: index) }
            link.now += .milliseconds(1)
        }
        #expect((8_000_000...9_000_000).contains(link.table.figures.bytes))
    }

    @Test func aLegThatIsGoneIsUnbound() {
        var link = Self.bound()
        link.now += .seconds(44)
        link.table.expire(at: link.now)
        #expect(link.table.figures.open == 1)
        link.now += .seconds(2)
        link.table.expire(at: link.now)
        #expect(link.table.figures.open == 0)
        link.send(100, from: 0)
        #expect(link.arrived.isEmpty)
    }

    @Test func aReleasedRelayIsFreeAtOnce() throws {
        var link = Self.bound()
        for index in 0..<2 {
            let (bytes, _) = try #require(link.legs[index].release())
            // Only the leg itself can release itself.
            #expect(link.receive(bytes, from: .address(.ip(192, 0, 2, 66), at: .any)) == .nothing)
            #expect(link.table.figures.open == 1)
            link.toRelay(bytes, from: index)
        }
        #expect(link.table.figures.open == 0)
    }

    @Test func aStreamIsALegUntilItEnds() {
        var link = RelayLink()
        link.blocked = [0]
        link.run(for: .milliseconds(1500))
        #expect(link.legs[0].wantsStream && !link.legs[1].wantsStream)
        link.legs[0].streamOpened(at: link.now)
        link.run(for: .milliseconds(10))
        link.send(100, from: 0)
        link.send(100, from: 1)
        #expect(link.arrived == [0: 1, 1: 1])
        link.table.ended(stream: 0)
        link.send(100, from: 1)
        #expect(link.arrived == [0: 1, 1: 1])
        // Another stream that brings data without a bind is a stranger's.
        #expect(link.receive(Self.data(link.legs[0].grant.leg), from: .stream(77)) == .nothing)
    }

    @Test func datagramsTooLongOrEmptyAreNotPassedOn() {
        var link = Self.bound()
        let origin = link.origin(0)
        for count in [0, RelayDatagram.maximumPayload + 1, 65_000] {
            #expect(link.receive(Self.data(link.legs[0].grant.leg, count), from: origin) == .nothing)
        }
        #expect(link.receive(Self.data(link.legs[0].grant.leg, RelayDatagram.maximumPayload), from: origin) != .nothing)
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func whateverAStrangerSendsChangesNothing(seed: UInt64) {
        var link = Self.bound()
        let before = link.table.figures
        var random = SeededGenerator(seed: seed)
        let grant = link.legs[0].grant
        for _ in 0..<2000 {
            var bytes: [UInt8]
            switch random.next() % 4 {
            case 0: bytes = (0..<Int(random.next() % 100)).map { _ in UInt8.random(in: 0...255, using: &random) }
            case 1: bytes = Self.data(random.next(), Int(random.next() % 50))
            case 2:
                bytes = RelayControl(.bind, grant, nonce: random.next()).encoded(grant)
                bytes[Int(random.next() % 64)] ^= UInt8(1 << (random.next() % 8))
            default:
                bytes = RelayControl(.answer, grant, nonce: random.next()).encoded(grant)
            }
            let stranger = NetworkAddress(ipv4: UInt32.random(in: 1...UInt32.max, using: &random), port: 9)
            let origin: RelayOrigin = random.next().isMultiple(of: 4) ? .stream(random.next()) : .address(stranger, at: .any)
            #expect(link.receive(bytes, from: origin) == .nothing)
        }
        #expect(link.table.figures == before)
        link.send(100, from: 0)
        #expect(link.arrived == [1: 1])
    }
}
