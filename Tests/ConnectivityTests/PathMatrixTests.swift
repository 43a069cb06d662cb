import Connectivity
import NetworkSimulator
import TestSupport
import Testing

/// The search over all ordered pairs of what stands between a host and the network.
@Suite("Paths between all pairs of NATs", .longComputation)
struct PathMatrixTests {
    /// Whether a path can be punched, by what RFC 4787 says about two NATs and by nothing of the search itself: one side whose port nobody
    /// can foretell has to be let in from a port that the other side has never sent to.
    static func canBePunched(_ one: NATKind, _ other: NATKind) -> Bool {
        func isBlocked(_ kind: NATKind) -> Bool { kind == .udpBlocked || kind == .webOnly }
        func isUnpredictable(_ kind: NATKind) -> Bool {
            [.symmetric, .symmetricSequential, .carrierSymmetric].contains(kind)
        }
        func admitsAnyPortOfAKnownHost(_ kind: NATKind) -> Bool { [.none, .fullCone, .addressRestricted].contains(kind) }
        if isBlocked(one) || isBlocked(other) { return false }
        if isUnpredictable(one) { return admitsAnyPortOfAKnownHost(other) }
        if isUnpredictable(other) { return admitsAnyPortOfAKnownHost(one) }
        return true
    }

    static let pairs = NATKind.allCases.flatMap { one in NATKind.allCases.map { (one, $0) } }
    /// How late the answering side is, ms.
    static let lateness = [0, 400, 2000]

    /// What holds in every run: the bounds, and that no path is found where there is none.
    private static func check(_ outcome: PathSearch.Outcome, late: Int, possible: Bool, _ name: String) {
        #expect(outcome.bytes <= PathFinder.maximumBytes, "\(name)")
        #expect(outcome.offeringTime <= .milliseconds(6500), "\(name): \(outcome.offeringTime)")
        #expect(outcome.answeringTime <= .milliseconds(6500 + late), "\(name): \(outcome.answeringTime)")
        #expect(outcome.offering != .searching && outcome.answering != .searching, "\(name)")
        #expect(outcome.longestStall < 10, "\(name)")
        if !possible {
            #expect(!outcome.isFound && !outcome.isAnsweringFound, "\(name)")
            #expect(outcome.mostToOne <= 12, "\(name)")
        }
    }

    private static func search(_ one: NATKind, _ other: NATKind, late: Int, loss: Double, seed: UInt64) -> PathSearch.Outcome {
        var search = PathSearch(one, other)
        search.late = .milliseconds(late)
        search.loss = loss
        search.seed = seed
        return search.run()
    }

    @Test func eightyTwoOfThe169PairsCanBePunched() {
        #expect(Self.pairs.count == 169)
        #expect(Self.pairs.count { Self.canBePunched($0, $1) } == 82)
    }

    @Test(arguments: lateness) func aPathIsFoundExactlyWhereOneCanBePunched(late: Int) {
        var found = 0
        for (one, other) in Self.pairs {
            let name = "\(one) \(other), \(late) ms late"
            let outcome = Self.search(one, other, late: late, loss: 0, seed: 1)
            let possible = Self.canBePunched(one, other)
            Self.check(outcome, late: late, possible: possible, name)
            #expect(outcome.isFound == possible && outcome.isAnsweringFound == possible, "\(name)")
            if possible { #expect(outcome.offeringTime <= .milliseconds(late + 500), "\(name): \(outcome.offeringTime)") }
            found += outcome.isFound ? 1 : 0
        }
        #expect(found == 82)
    }

    /// With a tenth of all datagrams lost, every pair in every run.
    @Test(arguments: lateness) func aTenthOfLossPreventsNoPath(late: Int) {
        for (one, other) in Self.pairs {
            let possible = Self.canBePunched(one, other)
            for seed in 1...(possible ? 4 : 1) as ClosedRange<UInt64> {
                let name = "\(one) \(other), \(late) ms late, seed \(seed)"
                let outcome = Self.search(one, other, late: late, loss: 0.1, seed: seed)
                Self.check(outcome, late: late, possible: possible, name)
                #expect(outcome.isFound == possible, "\(name)")
            }
        }
    }

    /// With three tenths lost each way, half of all round trips fail: each pair is found in 19 of 20 runs at least.
    @Test(arguments: lateness) func threeTenthsOfLossPreventHardlyAnyPath(late: Int) {
        for (one, other) in Self.pairs {
            let possible = Self.canBePunched(one, other)
            let seeds = 1...(possible ? 20 : 1) as ClosedRange<UInt64>
            var found = 0
            for seed in seeds {
                let outcome = Self.search(one, other, late: late, loss: 0.3, seed: seed)
                Self.check(outcome, late: late, possible: possible, "\(one) \(other), \(late) ms late, seed \(seed)")
                found += outcome.isFound ? 1 : 0
            }
            #expect(possible ? found >= 19 : found == 0, "\(one) \(other), \(late) ms late: \(found)")
        }
    }

    /// Pairs in which the router of one side gives its port to a stranger who comes first, and the other side's admits the right port only.
    private static func spoilable(_ isSpoiled: (NATKind, NATKind) -> NATKind) -> [(NATKind, NATKind)] {
        let restricted: Set<NATKind> = [.portRestricted, .linux, .linuxAccept, .carrier, .firewall]
        return pairs.filter { one, other in
            let spoiled = isSpoiled(one, other)
            return spoiled == .linuxAccept && restricted.contains(one) && restricted.contains(other)
        }
    }

    /// What the primers are for: the offering side's first probes come while the answering side is busy.
    @Test func withoutPrimersALateSideLosesTheRoutersThatStrangersSpoil() {
        let lost = Self.pairs.filter { one, other in
            var search = PathSearch(one, other)
            search.late = .milliseconds(400)
            search.primes = false
            return Self.canBePunched(one, other) && !search.run().isFound
        }
        let spoilable = Self.spoilable { $1 }
        #expect(spoilable.count == 5)
        #expect(lost.map { "\($0) \($1)" } == spoilable.map { "\($0) \($1)" })
    }

    /// What the patience is for: an answer that takes 600 ms to the offering side.
    @Test func theAnsweringSideIsSilentUntilItsAnswerHasArrived() {
        func lost(patience: Duration) -> [String] {
            Self.pairs.filter { one, other in
                var search = PathSearch(one, other)
                search.signalling = .milliseconds(600)
                search.patience = patience
                return Self.canBePunched(one, other) && !search.run().isFound
            }.map { "\($0) \($1)" }
        }
        #expect(lost(patience: .milliseconds(700)).isEmpty)
        #expect(lost(patience: PathFinder.usualPatience) == Self.spoilable { one, _ in one }.map { "\($0) \($1)" })
    }
}
