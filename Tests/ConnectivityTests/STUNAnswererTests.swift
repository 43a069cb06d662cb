import TestSupport
import Testing

@testable import Connectivity

@Suite struct STUNAnswererTests {
    private static func answerer(perSecond: Int = 10, counters: Int = 4096) -> STUNAnswerer {
        var random = SeededGenerator(seed: 1)
        return STUNAnswerer(perSecond: perSecond, counters: counters, random: &random)
    }

    private static let request: [UInt8] = {
        var random = SeededGenerator(seed: 2)
        return STUNBinding.request(STUNTransaction(random: &random))
    }()

    private static func ask(
        _ answerer: inout STUNAnswerer, from address: NetworkAddress, at now: Duration = .zero, _ bytes: [UInt8] = request
    ) -> [UInt8]? {
        bytes.withUnsafeBytes { answerer.answer($0, from: address, at: now) }
    }

    @Test func eachIsToldItsOwnAddress() throws {
        var answerer = Self.answerer()
        for address in [NetworkAddress.ip(192, 0, 2, 1, port: 77), .ipv6(0x2001_0DB8 << 32, 7, port: 78)] {
            let answer = try #require(Self.ask(&answerer, from: address))
            #expect(answer.withUnsafeBytes { STUNBinding.response($0) }?.address == address)
        }
    }

    @Test func aNetworkGetsItsShareEachSecond() {
        var answerer = Self.answerer(perSecond: 3)
        let host = NetworkAddress.ip(192, 0, 2, 1)
        for second in 0..<3 {
            let answers = (0..<20).count { Self.ask(&answerer, from: host, at: .seconds(second) + .ms($0 * 40)) != nil }
            #expect(answers == 3)
            #expect(Self.ask(&answerer, from: .ip(192, 0, 2, 2), at: .seconds(second)) != nil)
        }
    }

    /// Whoever has an IPv6 network has 2^64 addresses in it; ports cost nothing either.
    @Test func addressesOfOneIPv6NetworkAndPortsAreLimitedTogether() {
        var answerer = Self.answerer(perSecond: 5)
        #expect((0..<100).count { Self.ask(&answerer, from: .ipv6(0x2001_0DB8 << 32, UInt64($0))) != nil } == 5)
        #expect((1...100).count { Self.ask(&answerer, from: .ip(192, 0, 2, 1, port: $0)) != nil } == 5)
    }

    @Test func withMoreNetworksThanCountersTheyAreLimitedTogether() {
        var answerer = Self.answerer(perSecond: 2, counters: 64)
        var random = SeededGenerator(seed: 3)
        let answers = (0..<10_000).count { _ in
            Self.ask(&answerer, from: NetworkAddress(ipv4: UInt32.random(in: 1...UInt32.max, using: &random), port: 9)) != nil
        }
        #expect(answers == 2 * 64)
    }

    /// A flood from many addresses does not silence those that ask seldom, but by chance.
    @Test func mostNetworksHaveACounterOfTheirOwn() {
        var answerer = Self.answerer(perSecond: 1)
        let answers = (0..<400 as Range<UInt32>).count { Self.ask(&answerer, from: NetworkAddress(ipv4: 0xC000_0200 + $0, port: 9)) != nil }
        #expect(answers > 360)
    }

    @Test func nobodyIsAtPortZero() {
        var answerer = Self.answerer()
        #expect(Self.ask(&answerer, from: .ip(192, 0, 2, 1, port: 0)) == nil)
    }

    @Test func anAnswerIsHardlyLongerThanItsRequest() throws {
        var answerer = Self.answerer(perSecond: 100)
        for count in 0...30 {
            let bytes = STUNTests.success((0..<count).map { (UInt16(0x7000 + $0), []) }, kind: .request)
            for address in [NetworkAddress.ip(192, 0, 2, 1), .ipv6(0x2001_0DB8 << 32, 1)] {
                let answer = try #require(Self.ask(&answerer, from: address, bytes))
                #expect(answer.count <= bytes.count + 24 && answer.count <= 48)
            }
        }
    }
}
