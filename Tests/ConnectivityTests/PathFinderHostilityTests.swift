import TestSupport
import Testing

@testable import Connectivity

/// Peers and strangers that mean harm, or send nonsense.
@Suite struct PathFinderHostilityTests {
    private typealias One = PathFinderTests

    private static let victim = NetworkAddress.ip(198, 51, 100, 66)

    @Test func anAnswerFromElsewhereThanProbedDoesNotWin() {
        var finder = One.finder([One.publicAddress])
        let probe = One.send(&finder, at: .zero)[0]
        // It is authentic, thus of this search.
        #expect(One.answer(&finder, probe, from: Self.victim, at: .ms(1)))
        #expect(One.answer(&finder, probe, from: One.privateAddress, at: .ms(1)))
        _ = One.send(&finder, at: .ms(99))
        #expect(finder.state == .searching && finder.observed == nil)
    }

    @Test func anAnswerToNoProbeDoesNotWin() {
        var finder = One.finder([One.privateAddress])
        _ = One.send(&finder, at: .zero)
        for nonce in 0..<100 as Range<UInt64> {
            let bytes = ProbeDatagram(nonce: nonce, content: .answer(seen: Self.victim)).encoded(keys: One.peerKeys)
            _ = bytes.withUnsafeBytes { finder.receive($0, from: One.privateAddress, at: .ms(1)) }
        }
        #expect(finder.state == .searching)
    }

    /// Without the secret nothing can be forged, and what the finder has sent cannot be sent back to it.
    @Test func strangersAreNotHeard() {
        var finder = One.finder([One.privateAddress])
        let own = One.send(&finder, at: .zero)[0].bytes
        var random = SeededGenerator(seed: 4)
        for round in 0..<500 {
            let bytes = round == 0 ? own : random.mutated(own)
            let isOurs = bytes.withUnsafeBytes { finder.receive($0, from: One.privateAddress, at: .ms(1)) }
            #expect(!isOurs)
        }
        #expect(One.send(&finder, at: .ms(1)).isEmpty && finder.state == .searching)
        // From port 0 nobody can have sent.
        #expect(!One.probe(&finder, from: .ip(192, 0, 2, 1, port: 0), at: .ms(2)))
    }

    @Test func aProbeIsAnsweredOnceForEachAddressAndAtItsOwnSize() {
        var finder = One.finder([])
        for _ in 0..<100 { One.probe(&finder, nonce: 1, from: One.publicAddress, at: .ms(1)) }
        let sent = One.send(&finder, at: .ms(1))
        #expect(sent.count { $0.bytes.first == 0x9A } == 1)
        #expect(sent.allSatisfy { $0.bytes.count == ProbeDatagram.size })
    }

    /// A captured probe that is sent from everywhere adds four addresses and costs 64 answers; the peer is found nevertheless.
    @Test func aReplayedProbeCostsLittle() {
        var finder = One.finder([One.publicAddress])
        var sent: [PathFinder.Outgoing] = []
        for host in 0..<1000 as Range<UInt32> {
            One.probe(&finder, nonce: 1, from: NetworkAddress(ipv4: 0xC633_6401 + host, port: 9), at: .zero)
            sent += One.send(&finder, at: .zero)
        }
        #expect(sent.count { $0.bytes.first == 0x9A } == 64)
        #expect(Set(sent.filter { $0.bytes.first == 0x99 }.map(\.to)).count == 5)
        let probe = sent.first { $0.to == One.publicAddress }
        if let probe { One.answer(&finder, probe, at: .ms(30)) }
        _ = One.send(&finder, at: .ms(80))
        #expect(finder.state == .found(One.publicAddress, roundTrip: .ms(30)))
    }

    @Test func aThousandCandidatesAreTwelve() {
        var finder = One.finder((0..<1000).map { NetworkAddress(ipv4: 0xC000_0201 + $0, port: 9) })
        let sent = One.drive(&finder, to: .seconds(60))
        #expect(Set(sent.map(\.1.to)).count == 12 && sent.count == 12 * 11)
        #expect(finder.state == .failed)
    }

    @Test(arguments: [SearchRole.offering, .answering]) func nothingIsSentToManyOrToOneself(role: SearchRole) {
        let bad: [NetworkAddress] = [
            .ip(127, 0, 0, 1), .ipv6(0, 1), .ip(224, 0, 0, 251), .ip(255, 255, 255, 255), .ip(0, 0, 0, 0), .ipv6(0xFF02 << 48, 1),
            .ipv6(0, 0), .ip(192, 0, 2, 1, port: 0), .ip(240, 0, 0, 1), .ip(0, 0, 0, 5),
        ]
        var finder = One.finder(bad, role: role)
        finder.addCandidates(bad, at: .zero)
        #expect(One.drive(&finder, to: .seconds(60)).isEmpty)
        #expect(finder.state == .failed)
    }

    /// Whatever comes in, at whatever time: the bytes, the probes to an address and the time are bounded, and timers move on.
    @Test(arguments: 0..<60 as Range<UInt64>) func theBoundsHoldAgainstAPeerThatDoesAnything(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let role: SearchRole = seed.isMultiple(of: 2) ? .offering : .answering
        let keys = SearchKeys(secret: secret, role: role == .offering ? .answering : .offering)
        func address() -> NetworkAddress {
            NetworkAddress(ipv4: UInt32.random(in: 0...UInt32.max, using: &random), port: UInt16.random(in: 0...3, using: &random))
        }
        var finder = PathFinder(
            role: role, secret: secret, candidates: (0..<30).map { _ in address() }, random: SeededGenerator(seed: seed), at: .zero)
        var now = Duration.zero
        var bytes = 0
        var probes: [NetworkAddress: Int] = [:]
        var last: [PathFinder.Outgoing] = []
        for _ in 0..<3000 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0...3:
                let nonce = UInt64.random(in: 0...200, using: &random)
                let from = Bool.random(using: &random) ? address() : last.randomElement(using: &random)?.to ?? address()
                One.probe(&finder, nonce: nonce, from: from, at: now, keys: keys)
            case 4: finder.addCandidates((0..<20).map { _ in address() }, at: now)
            case 5:
                if let probe = last.randomElement(using: &random) { One.answer(&finder, probe, from: address(), at: now, keys: keys) }
            default: now += .ms(Int.random(in: 0...40, using: &random))
            }
            last = One.send(&finder, at: now)
            for sent in last {
                bytes += sent.bytes.count
                if sent.bytes.first == 0x99 { probes[sent.to, default: 0] += 1 }
                #expect(sent.to.isReachable() || sent.bytes.first == 0x9A)
            }
            if let next = finder.nextTimeout { #expect(next > now) }
        }
        #expect(bytes <= PathFinder.maximumBytes)
        #expect(probes.values.max() ?? 0 <= 12)
        _ = One.send(&finder, at: .seconds(16))
        #expect(finder.state == .failed && finder.nextTimeout == nil)
    }
}
