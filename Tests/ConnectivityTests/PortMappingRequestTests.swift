import TestSupport
import Testing

@testable import Connectivity

@Suite struct PortMappingRequestTests {
    private static let router = NetworkAddress.ip(192, 168, 1, 1, port: 5351)
    private static let client = NetworkAddress.ip(192, 168, 1, 10, port: 0)
    private static let outside = NetworkAddress.ip(198, 51, 100, 10, port: 4242)

    private static func request(client: NetworkAddress = client, router: NetworkAddress = router) -> PortMappingRequest {
        var random = SeededGenerator(seed: 1)
        return PortMappingRequest(router: router, client: client, internalPort: 4242, random: &random, at: .zero)
    }

    /// What a router answers to a datagram; what it does not answer is as good as lost.
    private typealias Router = (_ request: [UInt8], _ at: Duration) -> [[UInt8]]

    /// Drives a request to `end`. Answers take 5 ms.
    /// - Returns: what was sent, and when.
    @discardableResult private static func drive(
        _ request: inout PortMappingRequest, from start: Duration = .zero, to end: Duration, _ router: Router
    ) -> [(at: Duration, bytes: [UInt8])] {
        var sent: [(at: Duration, bytes: [UInt8])] = []
        var answers: [(due: Duration, bytes: [UInt8])] = []
        var now = start
        while now <= end, sent.count < 10_000 {
            while let first = answers.first, first.due <= now {
                answers.removeFirst()
                first.bytes.withUnsafeBytes { request.receive($0, from: Self.router, at: now) }
            }
            while let bytes = request.nextDatagram(at: now) {
                sent.append((now, bytes))
                answers += router(bytes, now).map { (now + .ms(5), $0) }
            }
            guard let next = [request.nextTimeout, answers.first?.due].compactMap(\.self).min() else { break }
            now = max(next, now)
        }
        #expect(sent.count < 10_000)
        return sent
    }

    private static func isPCP(_ bytes: [UInt8]) -> Bool { bytes.first == 2 }
    private static func lifetime(_ bytes: [UInt8]) -> [UInt8] { isPCP(bytes) ? Array(bytes[4..<8]) : Array(bytes.suffix(4)) }

    /// The answer to a request of PCP.
    private static func pcp(
        _ request: [UInt8], _ external: NetworkAddress = outside, result: UInt8 = 0, lifetime: UInt32? = nil, epoch: UInt32
    ) -> [UInt8] {
        var bytes: [UInt8] = [2, 0x81, 0, result]
        if let lifetime { bytes.append(bigEndian: lifetime) } else { bytes += request[4..<8] }
        bytes.append(bigEndian: epoch)
        bytes += Array(repeating: 0, count: 12) + request[24..<42]
        bytes.append(bigEndian: external.port)
        bytes.append(bigEndian: external.high)
        bytes.append(bigEndian: external.low)
        return bytes
    }

    /// The answer to a request of NAT-PMP.
    private static func natPMP(
        _ request: [UInt8], _ external: NetworkAddress = outside, result: UInt16 = 0, lifetime: UInt32? = nil, epoch: UInt32
    ) -> [UInt8] {
        var bytes: [UInt8] = [0, request[1] | 0x80]
        bytes.append(bigEndian: result)
        bytes.append(bigEndian: epoch)
        if request[1] == 0 {
            bytes.append(bigEndian: external.ipv4 ?? 0)
        } else {
            bytes += request[4..<6]
            bytes.append(bigEndian: external.port)
            if let lifetime { bytes.append(bigEndian: lifetime) } else { bytes += request[8..<12] }
        }
        return bytes
    }

    private static func seconds(_ time: Duration) -> UInt32 { UInt32(time.components.seconds) }

    // MARK: Asking

    @Test func aRouterThatIsSilentIsLeftAlone() {
        var request = Self.request()
        let sent = Self.drive(&request, to: .seconds(86_400)) { _, _ in [] }
        let asked: [Duration] = [.zero, .ms(250), .ms(750), .ms(1750), .ms(3750)]
        #expect(sent.filter { Self.isPCP($0.bytes) }.map(\.at) == asked)
        // A router that knows only NAT-PMP and does not say so.
        #expect(sent.filter { $0.bytes == [0, 0] }.map(\.at) == Array(asked.dropFirst()))
        let bytes = sent.map(\.bytes.count).reduce(0, +)
        #expect(bytes == 356)
        #expect(request.state == .refused(.silent) && request.nextTimeout == nil)
    }

    @Test func aPortIsMappedByPCP() {
        var request = Self.request()
        let sent = Self.drive(&request, to: .seconds(1)) { bytes, now in [Self.pcp(bytes, epoch: 7)] }
        #expect(sent.count == 1 && Self.lifetime(sent[0].bytes) == [0, 0, 0x0E, 0x10])
        #expect(request.state == .mapped(Self.outside))
        #expect(request.nextTimeout == .seconds(1800) + .ms(5))
    }

    @Test(arguments: [true, false])
    func aPortIsMappedByNATPMP(saysSo: Bool) {
        var request = Self.request()
        let sent = Self.drive(&request, to: .seconds(1)) { bytes, _ in
            guard Self.isPCP(bytes) else { return [Self.natPMP(bytes, epoch: 7)] }
            return saysSo ? [[0, 0x81, 0, 1, 0, 0, 0, 7]] : []
        }
        #expect(request.state == .mapped(Self.outside))
        #expect(sent.last?.at == (saysSo ? .ms(5) : .ms(250)))
    }

    /// Both answers to one question that was repeated come late: the second is not an answer to NAT-PMP.
    @Test func aSecondAnswerThatPCPIsUnknownChangesNothing() {
        var request = Self.request()
        _ = request.nextDatagram(at: .zero)
        let unknown: [UInt8] = [0, 0x81, 0, 1, 0, 0, 0, 7]
        unknown.withUnsafeBytes { request.receive($0, from: Self.router, at: .ms(300)) }
        unknown.withUnsafeBytes { request.receive($0, from: Self.router, at: .ms(301)) }
        Self.drive(&request, from: .ms(302), to: .seconds(1)) { bytes, _ in [Self.natPMP(bytes, epoch: 7)] }
        #expect(request.state == .mapped(Self.outside))
    }

    /// By PCP a firewall for IPv6 is asked to let datagrams in.
    @Test func aFirewallForIPv6IsAskedByPCPAlone() {
        let router = NetworkAddress.ipv6(0xFE80_0000_0000_0000, 1, port: 5351, scope: 2)
        let own = NetworkAddress.ipv6(0x2001_0DB8_0000_0001, 0x10, port: 4242)
        var request = Self.request(client: own, router: router)
        var sent: [[UInt8]] = []
        for time in [Duration.zero, .ms(250), .ms(750)] {
            while let bytes = request.nextDatagram(at: time) { sent.append(bytes) }
        }
        #expect(sent.count == 3 && sent.allSatisfy { Self.isPCP($0) && $0[8] == 0x20 })
        Self.pcp(sent[0], own, epoch: 1).withUnsafeBytes { request.receive($0, from: router, at: .ms(800)) }
        #expect(request.state == .mapped(own))
    }

    // MARK: Renewal

    @Test(arguments: [true, false])
    func aMappingIsRenewedInTheMiddleOfItsLife(isPCP: Bool) {
        var request = Self.request()
        let sent = Self.drive(&request, to: .seconds(3 * 3600)) { bytes, now in
            guard Self.isPCP(bytes) == isPCP else { return [] }
            return [isPCP ? Self.pcp(bytes, epoch: Self.seconds(now)) : Self.natPMP(bytes, epoch: Self.seconds(now))]
        }
        #expect(request.state == .mapped(Self.outside))
        let rounds = Set(sent.filter { $0.at > .seconds(10) }.map { Int($0.at / .seconds(60)) })
        #expect(rounds == [30, 60, 90, 120, 150])
        // The port that it had is asked for again.
        #expect(sent.last.map { Array($0.bytes[isPCP ? 42..<44 : 6..<8]) } == [0x10, 0x92])
    }

    @Test func aMappingThatIsNotRenewedEndsAndIsAskedForAgain() {
        var request = Self.request()
        Self.drive(&request, to: .seconds(3599)) { bytes, now in now < .seconds(60) ? [Self.pcp(bytes, epoch: 0)] : [] }
        #expect(request.state == .mapped(Self.outside))
        let sent = Self.drive(&request, from: .seconds(3599), to: .seconds(36_000)) { _, _ in [] }
        #expect(request.state == .refused(.silent))
        // 13 datagrams every ten minutes.
        #expect((600...750).contains(sent.count))
        let later = Self.drive(&request, from: .seconds(36_000), to: .seconds(37_000)) { bytes, _ in [Self.pcp(bytes, epoch: 9)] }
        #expect(request.state == .mapped(Self.outside) && !later.isEmpty)
    }

    @Test func aRouterWithoutANetworkIsAskedAgainLater() {
        var request = Self.request()
        let sent = Self.drive(&request, to: .seconds(599)) { bytes, _ in [Self.pcp(bytes, result: 7, epoch: 1)] }
        #expect(request.state == .refused(.error(7)) && sent.count == 1)
        Self.drive(&request, from: .seconds(599), to: .seconds(700)) { bytes, _ in [Self.pcp(bytes, epoch: 600)] }
        #expect(request.state == .mapped(Self.outside))
    }

    @Test func aRouterThatRefusesIsLeftAlone() {
        var request = Self.request()
        let sent = Self.drive(&request, to: .seconds(86_400)) { bytes, _ in [Self.pcp(bytes, result: 2, epoch: 1)] }
        #expect(request.state == .refused(.error(2)) && sent.count == 1)
    }

    // MARK: The router's clock

    /// An answer of before shows that the router has begun anew: it is asked again at once, and what it says then counts.
    @Test func aRouterThatHasForgottenIsAskedAgain() throws {
        var request = Self.request()
        let datagram = request.nextDatagram(at: .zero)
        let first = try #require(datagram)
        Self.pcp(first, epoch: 5000).withUnsafeBytes { request.receive($0, from: Self.router, at: .ms(5)) }
        Self.pcp(first, epoch: 3).withUnsafeBytes { request.receive($0, from: Self.router, at: .seconds(60)) }
        let other = NetworkAddress.ip(198, 51, 100, 77, port: 9)
        let sent = Self.drive(&request, from: .seconds(60), to: .seconds(120)) { bytes, now in
            [Self.pcp(bytes, other, epoch: Self.seconds(now) - 57)]
        }
        #expect(sent.map(\.at) == [.seconds(60)])
        #expect(request.state == .mapped(other))
    }

    /// A router whose clock jumps with every answer, and which answers ten times, causes no more than a question in four seconds.
    @Test(arguments: [true, false])
    func aClockThatJumpsAllTheTimeCostsLittle(isPCP: Bool) {
        var request = Self.request()
        var epoch: UInt32 = 4_000_000_000
        let sent = Self.drive(&request, to: .seconds(600)) { bytes, _ in
            guard Self.isPCP(bytes) == isPCP else { return [] }
            return (0..<10).map { _ in
                epoch -= 1000
                return isPCP ? Self.pcp(bytes, epoch: epoch) : Self.natPMP(bytes, epoch: epoch)
            }
        }
        #expect(sent.count <= 2 * 600 / 4 + 10)
    }

    // MARK: Giving back

    @Test(arguments: [true, false])
    func theMappingIsGivenBack(isPCP: Bool) {
        var request = Self.request()
        let answer: Router = { bytes, now in
            guard Self.isPCP(bytes) == isPCP else { return [] }
            return [isPCP ? Self.pcp(bytes, epoch: Self.seconds(now)) : Self.natPMP(bytes, epoch: Self.seconds(now))]
        }
        Self.drive(&request, to: .seconds(100), answer)
        request.release(at: .seconds(100))
        let sent = Self.drive(&request, from: .seconds(100), to: .seconds(200), answer)
        #expect(sent.count == 1 && Self.lifetime(sent[0].bytes) == [0, 0, 0, 0])
        // RFC 6886 §3.4: the external port has to be 0.
        if !isPCP { #expect(sent[0].bytes[6..<8] == [0, 0]) }
        #expect(request.state == .released && request.nextTimeout == nil)
    }

    @Test func aRouterThatDoesNotTakeItBackIsNotWaitedFor() {
        var request = Self.request()
        Self.drive(&request, to: .seconds(10)) { bytes, _ in [Self.pcp(bytes, epoch: 1)] }
        request.release(at: .seconds(10))
        let sent = Self.drive(&request, from: .seconds(10), to: .seconds(20)) { _, _ in [] }
        let times: [Duration] = [.ms(10_000), .ms(10_100), .ms(10_300)]
        #expect(sent.map(\.at) == times)
        #expect(request.state == .released)
    }

    @Test func withoutAMappingNothingIsGivenBack() {
        var request = Self.request()
        Self.drive(&request, to: .seconds(60)) { _, _ in [] }
        request.release(at: .seconds(60))
        #expect(request.state == .released && request.nextDatagram(at: .seconds(60)) == nil)
    }

    // MARK: Lies

    @Test(
        arguments: [
            (NetworkAddress.ip(192, 168, 0, 1, port: 9), nil), (.ip(10, 1, 2, 3, port: 9), nil), (.ip(100, 64, 0, 10, port: 9), nil),
            (.ip(127, 0, 0, 1, port: 9), nil), (.ip(224, 0, 0, 1, port: 9), nil), (.ip(0, 0, 0, 0, port: 9), nil),
            (.ip(255, 255, 255, 255, port: 9), nil), (.ip(169, 254, 1, 1, port: 9), nil), (.ip(198, 51, 100, 10, port: 0), nil),
            (outside, 0), (outside, 5),
        ] as [(NetworkAddress, UInt32?)])
    func anAddressThatNobodyOutsideCanReachIsGivenBack(external: NetworkAddress, lifetime: UInt32?) {
        for isPCP in [true, false] {
            var request = Self.request()
            let sent = Self.drive(&request, to: .seconds(3600)) { bytes, _ in
                guard Self.isPCP(bytes) == isPCP else { return [] }
                return [
                    isPCP
                        ? Self.pcp(bytes, external, lifetime: lifetime, epoch: 1)
                        : Self.natPMP(bytes, external, lifetime: lifetime, epoch: 1)
                ]
            }
            guard case .refused(let refusal) = request.state else {
                Issue.record("\(request.state)")
                continue
            }
            #expect(refusal == (external.port == 0 || lifetime != nil ? .nonsense : .notPublic(external)))
            #expect(sent.last.map { Self.lifetime($0.bytes) } == [0, 0, 0, 0])
        }
    }

    @Test func anAnswerOfAnotherIsIgnored() throws {
        var request = Self.request()
        let datagram = request.nextDatagram(at: .zero)
        let asked = try #require(datagram)
        let right = Self.pcp(asked, epoch: 1)
        let nonce = right.indices.map { $0 == 30 ? right[$0] ^ 1 : right[$0] }
        let port = right.indices.map { $0 == 41 ? right[$0] ^ 1 : right[$0] }
        for from in [NetworkAddress.ip(192, 168, 1, 2, port: 5351), .ip(192, 168, 1, 1, port: 5350)] {
            right.withUnsafeBytes { request.receive($0, from: from, at: .ms(5)) }
        }
        for bytes in [nonce, port] { bytes.withUnsafeBytes { request.receive($0, from: Self.router, at: .ms(5)) } }
        #expect(request.state == .asking)
        right.withUnsafeBytes { request.receive($0, from: Self.router, at: .ms(6)) }
        #expect(request.state == .mapped(Self.outside))
    }

    /// Whatever comes from the router, there is a mapping only if it was asked for, and little is sent.
    @Test func noiseMapsNothing() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            var request = Self.request()
            var sent = 0
            for step in 0..<20 {
                let now = Duration.ms(step * 400)
                while let bytes = request.nextDatagram(at: now) {
                    sent += 1
                    // Half of the noise is an answer with one byte changed that says what it is about.
                    var answer =
                        Self.isPCP(bytes)
                        ? Self.pcp(bytes, epoch: 1) : Array((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
                    if Self.isPCP(bytes) { answer[Int.random(in: 24..<36, using: &random)] ^= UInt8.random(in: 1...255, using: &random) }
                    answer.withUnsafeBytes { request.receive($0, from: Self.router, at: now) }
                }
            }
            if case .mapped = request.state { Issue.record("mapped by noise") }
            #expect(sent <= 20)
        }
    }
}
