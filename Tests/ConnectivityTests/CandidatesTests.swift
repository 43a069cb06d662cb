import Connectivity
import TestSupport
import Testing

@Suite struct CandidatesTests {
    private static func global6(_ index: UInt64) -> NetworkAddress { .ipv6(0x2001_0DB8 << 32, index) }

    @Test func theBestSourceIsNamedFirst() {
        var sources = CandidateSources()
        sources.linkLocal = [.ipv6(0xFE80 << 48, 1, scope: 2)]
        sources.otherPrivate = [.ip(172, 17, 0, 1)]
        sources.primaryPrivate = [.ip(192, 168, 1, 10)]
        sources.reflexive = [.ip(192, 0, 2, 1, port: 61000)]
        sources.mapped = [.ip(192, 0, 2, 1, port: 5000)]
        sources.publicIPv4 = [.ip(198, 51, 100, 1)]
        sources.globalIPv6 = [Self.global6(1)]
        let candidates = Candidates(sources)
        #expect(
            candidates.named == [
                Self.global6(1), .ip(198, 51, 100, 1), .ip(192, 0, 2, 1, port: 5000), .ip(192, 0, 2, 1, port: 61000), .ip(192, 168, 1, 10),
                .ip(172, 17, 0, 1), .ipv6(0xFE80 << 48, 1, scope: 2),
            ])
        #expect(candidates.leftOut.isEmpty)
    }

    @Test func whatNobodyCanReachIsNotNamed() {
        var sources = CandidateSources()
        sources.publicIPv4 = [
            .ip(0, 0, 0, 0), .ip(0, 1, 2, 3), .ip(240, 0, 0, 1), .ip(224, 0, 0, 1), .ip(255, 255, 255, 255), .ip(192, 0, 2, 1, port: 0),
            .ip(127, 0, 0, 1),
        ]
        sources.globalIPv6 = [.ipv6(0, 0), .ipv6(0xFF02 << 48, 1), .ipv6(0, 1)]
        sources.loopback = [.ip(127, 0, 0, 1)]
        #expect(Candidates(sources).named.isEmpty && Candidates(sources).leftOut.isEmpty)
        #expect(Set(Candidates(sources, includesLoopback: true).named) == [.ip(127, 0, 0, 1), .ipv6(0, 1)])
    }

    @Test func anAddressOfTwoSourcesIsNamedOnceAtItsBestPlace() {
        var sources = CandidateSources()
        sources.publicIPv4 = [.ip(192, 0, 2, 1)]
        sources.reflexive = [.ip(192, 0, 2, 1), .ip(192, 0, 2, 1)]
        sources.primaryPrivate = [.ip(10, 0, 0, 1)]
        #expect(Candidates(sources).named == [.ip(192, 0, 2, 1), .ip(10, 0, 0, 1)])
    }

    /// Many addresses of one source do not displace the only one of another.
    @Test func eachSourceKeepsItsBest() {
        var sources = CandidateSources()
        sources.globalIPv6 = (1...20).map(Self.global6)
        sources.reflexive = [.ip(192, 0, 2, 1)]
        sources.primaryPrivate = [.ip(192, 168, 1, 10)]
        let candidates = Candidates(sources)
        #expect(candidates.named == (1...10).map(Self.global6) + [.ip(192, 0, 2, 1), .ip(192, 168, 1, 10)])
        #expect(candidates.leftOut == (11...20).map(Self.global6))
    }

    @Test func oneHostIsNamedWithFourPortsAtMost() {
        var sources = CandidateSources()
        sources.reflexive = (1...6).map { .ip(192, 0, 2, 1, port: $0) }
        sources.primaryPrivate = [.ip(10, 0, 0, 1)]
        let candidates = Candidates(sources)
        #expect(candidates.named == (1...4).map { .ip(192, 0, 2, 1, port: $0) } + [.ip(10, 0, 0, 1)])
        #expect(candidates.leftOut == (5...6).map { .ip(192, 0, 2, 1, port: $0) })
    }

    @Test(arguments: 0..<300 as Range<UInt64>) func whateverThereIsTheBoundsHold(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func list() -> [NetworkAddress] {
            (0..<Int.random(in: 0...15, using: &random)).map { _ in
                // Few hosts and ports, so that they repeat; every first byte, so that every class occurs.
                .ip(
                    UInt32.random(in: 0...255, using: &random), 0, 0, UInt32.random(in: 0...3, using: &random),
                    port: UInt16.random(in: 0...6, using: &random))
            }
        }
        var sources = CandidateSources()
        sources.globalIPv6 = list()
        sources.publicIPv4 = list()
        sources.mapped = list()
        sources.reflexive = list()
        sources.primaryPrivate = list()
        sources.otherPrivate = list()
        sources.linkLocal = list()
        let candidates = Candidates(sources)
        let given =
            sources.globalIPv6 + sources.publicIPv4 + sources.mapped + sources.reflexive + sources.primaryPrivate + sources.otherPrivate
            + sources.linkLocal
        let usable = Set(given.filter { $0.isReachable() })
        #expect(candidates.named.count <= 12)
        #expect(Set(candidates.named + candidates.leftOut) == usable)
        #expect(candidates.named.count + candidates.leftOut.count == usable.count)
        for address in candidates.named { #expect(candidates.named.count { $0.isSameHost(as: address) } <= 4) }
        if candidates.named.count < 12 {
            // Only further ports of a host are left out where there is room.
            for address in candidates.leftOut { #expect(candidates.named.count { $0.isSameHost(as: address) } == 4) }
        }
        // What one side names, the other takes as it is.
        #expect(Candidates.remoteCandidates(candidates.named) == candidates.named)
    }

    @Test func whatAPeerNamesIsSiftedAndBounded() {
        let bad: [NetworkAddress] = [
            .ip(0, 0, 0, 0), .ip(224, 0, 0, 1), .ip(255, 255, 255, 255), .ip(192, 0, 2, 1, port: 0), .ip(127, 0, 0, 1), .ipv6(0, 1),
            .ipv6(0xFF02 << 48, 1), .ip(250, 1, 1, 1), .ipv6(0, 0),
        ]
        let good = (1...12 as ClosedRange<UInt32>).map { NetworkAddress.ip(192, 0, 2, $0) }
        #expect(Candidates.remoteCandidates(bad + good + good) == good)
        #expect(Candidates.remoteCandidates(bad, includesLoopback: true) == [.ip(127, 0, 0, 1), .ipv6(0, 1)])
        #expect(Candidates.remoteCandidates((1...1000).map { .ip(192, 0, 3, $0) }).count == 12)
        #expect(Candidates.remoteCandidates((1...1000).map { .ip(192, 0, 2, 1, port: $0) }).map(\.port) == [1, 2, 3, 4])
    }
}
