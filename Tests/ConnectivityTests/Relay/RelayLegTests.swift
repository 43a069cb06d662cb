import TestSupport
import Testing

@testable import Connectivity

@Suite struct RelayLegTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func aLegIsBoundOverALinkThatLosesMuch(seed: UInt64) {
        var link = RelayLink(seed: seed)
        link.loss = 0.3
        link.run(for: .seconds(20))
        #expect(link.isBound(0) && link.isBound(1))
    }

    @Test func theRelayTellsItsRate() {
        var link = RelayLink(limits: RelayLimits(rate: 123_456))
        link.run(for: .milliseconds(20))
        #expect(link.legs[0].state == .bound(.address(RelayLink.relayAddress), rate: 123_456))
    }

    /// A router that has forgotten the mapping gives another port; the relay hears of it with the next bind.
    @Test func aLegThatHasMovedIsBoundAgain() {
        var link = RelayLink()
        link.run(for: .milliseconds(20))
        link.addresses[0].port = 2000
        link.send(10, from: 0)
        link.send(10, from: 1)
        #expect(link.arrived.isEmpty)
        link.legs[0].rebind(at: link.now)
        link.run(for: .milliseconds(20))
        link.send(10, from: 0)
        link.send(10, from: 1)
        #expect(link.arrived == [0: 1, 1: 1])
        link.addresses[1].port = 2000
        link.run(for: .seconds(11))
        link.send(10, from: 0)
        #expect(link.arrived == [0: 1, 1: 2])
    }

    @Test func aStreamIsWantedOnlyWhereTheRelayIsSilent() {
        var link = RelayLink()
        link.blocked = [0]
        link.run(for: .milliseconds(1100))
        #expect(!link.legs[0].wantsStream)
        link.run(for: .milliseconds(200))
        #expect(link.legs[0].wantsStream && !link.legs[1].wantsStream)
        link.legs[0].streamOpened(at: link.now)
        link.run(for: .milliseconds(5))
        #expect(link.isBound(0))
        // The stream is lost, and UDP works in the meantime.
        link.table.ended(stream: 0)
        link.legs[0].streamClosed(at: link.now)
        #expect(!link.isBound(0))
        link.blocked = []
        link.run(for: .milliseconds(5))
        #expect(link.legs[0].state == .bound(.address(RelayLink.relayAddress), rate: link.table.limits.rate))
    }

    @Test func aBoundLegAsksSeldom() {
        var link = RelayLink()
        link.run(for: .milliseconds(20))
        var sent = 0
        while link.now < .seconds(100) {
            while let (bytes, _) = link.legs[0].nextDatagram(at: link.now) {
                sent += 1
                link.toRelay(bytes, from: 0)
            }
            link.now += .milliseconds(10)
        }
        #expect(sent == 9 || sent == 10)
    }

    /// An owner that hears nothing asks again and again; the relay would not answer a flood.
    @Test func bindsAreFewHoweverOftenTheyAreAskedFor() {
        var link = RelayLink()
        link.run(for: .milliseconds(20))
        link.blocked = [0]
        var sent = 0
        let start = link.now
        while link.now < start + .seconds(10) {
            link.legs[0].rebind(at: link.now)
            while let (bytes, _) = link.legs[0].nextDatagram(at: link.now) {
                sent += 1
                link.toRelay(bytes, from: 0)
            }
            #expect(link.legs[0].nextTimeout.map { $0 > link.now } ?? false)
            link.now += .milliseconds(1)
        }
        #expect((15...30).contains(sent), "\(sent)")
        link.blocked = []
        link.run(for: .seconds(1))
        #expect(link.isBound(0))
    }

    /// Only what the relay sends to this leg's address of it, under the leg's key, counts.
    @Test func strangersAreNotHeard() {
        var link = RelayLink()
        let grant = link.legs[0].grant
        let stranger = RelayLeg.Via.address(.ip(192, 0, 2, 66))
        let bind = link.legs[0].nextDatagram(at: .zero)
        let nonce = bind?.bytes.withUnsafeBytes { RelayControl(unproven: $0)?.nonce } ?? 0
        let forged = RelayGrant(leg: grant.leg, expires: grant.expires, account: grant.account, key: [UInt8](repeating: 1, count: 32))
        for bytes in [
            RelayControl(.bound, forged, nonce: nonce).encoded(forged), RelayControl(.refused, forged, nonce: nonce).encoded(forged),
            RelayControl(.bound, grant, nonce: nonce &+ 1).encoded(grant), RelayDatagram.header(of: grant.leg) + [1, 2, 3],
        ] {
            for via in [stranger, .address(RelayLink.relayAddress), .stream] {
                #expect(bytes.withUnsafeBytes { link.legs[0].receive($0, from: via, at: .zero) } == .nothing)
            }
        }
        #expect(link.legs[0].state == .binding)
        // A challenge is answered to an address of the relay only.
        let challenge = RelayControl(.challenge, grant, nonce: nonce).encoded(grant)
        _ = challenge.withUnsafeBytes { link.legs[0].receive($0, from: stranger, at: .zero) }
        #expect(link.legs[0].nextDatagram(at: .zero) == nil)
        link.run(for: .milliseconds(500))
        #expect(link.isBound(0))
        // Data comes from where the leg is bound.
        #expect(
            (RelayDatagram.header(of: grant.leg) + [1]).withUnsafeBytes { link.legs[0].receive($0, from: stranger, at: link.now) }
                == .nothing)
    }

    @Test func aRefusedLegIsSilent() {
        var link = RelayLink(legs: 4, limits: RelayLimits(open: 1))
        link.run(for: .milliseconds(50))
        #expect(link.legs[2].state == .refused(.full))
        link.legs[2].rebind(at: link.now)
        #expect(link.legs[2].nextDatagram(at: link.now + .seconds(100)) == nil && link.legs[2].nextTimeout == nil)
        #expect(!link.legs[2].wantsStream)
    }
}
