import TestSupport
import Testing

@testable import Connectivity

/// Hosts and guests who meet on a link, with what others on it may do.
@Suite struct LinkMeetingTests {
    private static let host = NetworkAddress.ip(192, 168, 1, 1)
    private static let other = NetworkAddress.ip(192, 168, 1, 2)
    private static let guest = NetworkAddress.ip(192, 168, 1, 100)
    private static let stranger = NetworkAddress.ip(192, 168, 1, 200)

    /// A link with a host that shows its code.
    private static func link(seed: UInt64 = 1, loss: Double = 0, delay: ClosedRange<Int> = 1...3) throws -> (SimulatedLink, MeetingCode) {
        var link = SimulatedLink(seed: seed, loss: loss, delay: delay)
        link.addHost(host)
        link.run(until: .ms(200))
        return (link, try #require(link.code(of: host)))
    }

    /// The code with another word.
    private static func wrong(_ code: MeetingCode, number: Int? = nil) throws -> MeetingCode {
        let word = code.words[0] == "guitar" ? "ahead" : "guitar"
        return try MeetingCode("\(number ?? code.number)-\(word)-\(code.words[1])")
    }

    @Test func aGuestWithTheCodeMeetsTheHost() throws {
        var (link, code) = try Self.link()
        link.texts = [[1, 2, 3], [], [UInt8](repeating: 7, count: MeetingExchange.maximumText)]
        link.addGuest(Self.guest, code)
        link.run(until: .seconds(2))
        #expect(link.guestEvents[Self.guest] == [.confirmed, .text([3, 2, 1]), .text([]), .text(link.texts[2])])
        #expect(link.hostEvents[Self.host]?.count == 4)
        // The code is good for the next guest, too.
        link.addGuest(Self.stranger, code)
        link.run(until: .seconds(4))
        #expect(link.guestEvents[Self.stranger]?.first == .confirmed)
        #expect(link.sent.allSatisfy { $0.datagram.bytes.count <= LinkDatagram.maximumSize })
    }

    /// Nothing but the number of the code can be read on the link.
    @Test func theWordsDoNotTravel() throws {
        var (link, code) = try Self.link()
        link.texts = [Array("a secret text".utf8)]
        link.addGuest(Self.guest, code)
        link.run(until: .seconds(2))
        #expect(link.guestEvents[Self.guest]?.count == 2)
        for (_, datagram) in link.sent {
            let text = String(decoding: datagram.bytes, as: UTF8.self)
            #expect(!text.contains(code.words[0]) && !text.contains(code.words[1]) && !text.contains("secret"))
        }
    }

    /// A third of all datagrams lost, others doubled and late.
    @Test(arguments: 0..<40 as Range<UInt64>) func aBadLinkIsNoObstacle(seed: UInt64) throws {
        var link = SimulatedLink(seed: seed, loss: 0.3, delay: 1...150)
        link.addHost(Self.host)
        link.run(until: .ms(200))
        let code = try #require(link.code(of: Self.host))
        link.texts = [[1], [2], [3]]
        link.addGuest(Self.guest, code)
        link.run(until: .seconds(25))
        #expect(link.guestEvents[Self.guest] == [.confirmed, .text([1]), .text([2]), .text([3])])
        #expect(link.code(of: Self.host) == code)
        let texts = link.hostEvents[Self.host]?.filter { if case .text = $0 { true } else { false } }
        #expect(texts?.count == 3)
    }

    /// One wrong guess ends the code, and both sides know; after the third there is no code.
    @Test func threeWrongGuessesAreTheLast() throws {
        var (link, code) = try Self.link()
        for attempt in 1...3 {
            let from = NetworkAddress.ip(192, 168, 1, 100 + UInt32(attempt))
            link.addGuest(from, try Self.wrong(code))
            link.run(until: link.now + .seconds(2))
            #expect(link.guestEvents[from] == [.failed(.wrongCode)])
            #expect(link.hostEvents[Self.host]?.contains(.wrong(from: from, isLast: attempt == 3)) == true)
            let next = link.code(of: Self.host)
            #expect((next == nil) == (attempt == 3) && next != code)
            // The code before is over, also for who knows it.
            let late = NetworkAddress.ip(192, 168, 1, 150 + UInt32(attempt))
            if next?.number != code.number {
                link.addGuest(late, code)
                link.run(until: link.now + .seconds(7))
                #expect(link.guestEvents[late] == [.failed(.nobody)])
            }
            code = next ?? code
        }
    }

    /// Guesses in parallel are no more than one: what is not confirmed when the first is wrong is not tested.
    @Test func guessesInParallelCountAsOne() throws {
        var (link, code) = try Self.link()
        for index in 0..<5 as Range<UInt32> {
            link.addGuest(NetworkAddress.ip(192, 168, 2, index), index == 4 ? code : try Self.wrong(code))
        }
        // All have the host's key before any confirmation comes, as the delay is that long.
        link.run(until: link.now + .seconds(3))
        let wrong = link.hostEvents[Self.host]?.count { if case .wrong = $0 { true } else { false } }
        #expect(wrong == 1)
        let failed = link.guestEvents.values.count { $0.contains(.failed(.wrongCode)) }
        #expect(failed >= 4)
    }

    @Test func withoutAHostNobodyIsFound() throws {
        var link = SimulatedLink()
        link.addGuest(Self.guest, MeetingExchangeTests.code())
        link.run(until: LinkGuest.searchTime - .ms(1))
        #expect(link.guestEvents[Self.guest] == [])
        link.run(until: LinkGuest.searchTime)
        #expect(link.guestEvents[Self.guest] == [.failed(.nobody)])
        #expect(link.sent.count == LinkGuest.finds.count && link.sent.allSatisfy { $0.datagram.to == .group })
    }

    /// Its first finds were lost, or the host's machine joined the link late.
    @Test func aHostWhoComesLateIsFound() throws {
        let (known, code) = try Self.link()
        var link = SimulatedLink()
        link.addGuest(Self.guest, code)
        link.run(until: .seconds(4))
        #expect(link.guestEvents[Self.guest] == [])
        link.adopt(known, Self.host)
        link.run(until: .seconds(6))
        #expect(link.guestEvents[Self.guest]?.first == .confirmed)
    }

    /// Hosts choose different numbers.
    @Test func hostsTakeNumbersThatNobodyHas() {
        for seed in 0..<5 as Range<UInt64> {
            var link = SimulatedLink(seed: seed)
            let hosts = (0..<40 as Range<UInt32>).map { NetworkAddress.ip(192, 168, 1, $0) }
            for (index, host) in hosts.enumerated() {
                link.addHost(host)
                // Some at the same time, others later.
                if index.isMultiple(of: 4) { link.run(until: link.now + .ms(200)) }
            }
            link.run(until: link.now + .seconds(3))
            let numbers = hosts.compactMap { link.code(of: $0)?.number }
            #expect(numbers.count == 40 && Set(numbers).count == 40)
        }
    }

    /// Somebody who claims every number keeps no host from showing a code.
    @Test func aLiarCannotKeepAHostSilent() throws {
        var link = SimulatedLink()
        link.addHost(Self.host)
        for _ in 0..<20 {
            let finds = link.sent.count
            link.run(until: link.now + .ms(40))
            for (_, datagram) in link.sent[finds...] {
                guard case .find(let number, let nonce)? = datagram.bytes.withUnsafeBytes({ LinkDatagram($0) }) else { continue }
                let lie = LinkDatagram.here(number: number, nonce: nonce, host: 1, token: 2)
                link.inject(lie.encoded, from: Self.stranger, to: .address(Self.host))
            }
        }
        link.run(until: .seconds(3))
        #expect(link.code(of: Self.host) != nil)
    }

    /// Two hosts that got one number nevertheless: the guest tries both, and meets the one whose code it knows.
    @Test func ofTwoHostsWithOneNumberTheRightOneIsMet() throws {
        for seed in 0..<6 as Range<UInt64> {
            // Each is alone on its link until it shows its code.
            var link = SimulatedLink(seed: seed)
            var codes: [MeetingCode] = []
            link.addHost(Self.host)
            link.run(until: .ms(200))
            codes.append(try #require(link.code(of: Self.host)))
            var number = 0
            var random = SeededGenerator(seed: seed)
            while number != codes[0].number {
                link.remove(Self.other)
                var alone = SimulatedLink(seed: random.next())
                alone.addHost(Self.other)
                alone.run(until: .ms(200))
                number = alone.code(of: Self.other)?.number ?? 0
                if number == codes[0].number { link.adopt(alone, Self.other) }
            }
            let code = try #require(link.code(of: seed.isMultiple(of: 2) ? Self.host : Self.other))
            link.addGuest(Self.guest, code)
            link.run(until: .seconds(8))
            #expect(link.guestEvents[Self.guest]?.first == .confirmed, "seed \(seed)")
        }
    }

    /// A receiver that is started again has another code, and does not know the exchanges of before.
    @Test func aHostThatStartsAgainIsAnother() throws {
        var (link, code) = try Self.link()
        link.addGuest(Self.guest, code)
        link.reply = { _ in nil }
        link.run(until: .seconds(1))
        #expect(link.guestEvents[Self.guest] == [.confirmed])
        link.remove(Self.host)
        link.addHost(Self.host)
        link.run(until: .seconds(20))
        #expect(link.guestEvents[Self.guest] == [.confirmed, .failed(.silent)])
        #expect(link.code(of: Self.host) != code)
    }

    @Test func whoHasRetiredAnswersOnlyWhoWasConfirmed() throws {
        var (link, code) = try Self.link()
        link.texts = [[1], [2]]
        link.addGuest(Self.guest, code)
        link.reply = { $0 == [1] ? [9] : [8] }
        link.run(until: .ms(210))
        link.run(until: .seconds(1))
        link.retire(Self.host)
        link.addGuest(Self.stranger, code)
        link.run(until: .seconds(9))
        #expect(link.guestEvents[Self.guest] == [.confirmed, .text([9]), .text([8])])
        #expect(link.guestEvents[Self.stranger] == [.failed(.nobody)])
    }

    /// Floods of every kind: what the host sends and computes is bounded, and it still meets its guest afterwards.
    @Test func aFloodCostsLittle() throws {
        var (link, code) = try Self.link()
        var random = SeededGenerator(seed: 9)
        let before = link.sent.count
        for round in 0..<4000 as Range<UInt32> {
            let from = NetworkAddress.ip(10, 0, round >> 8, round & 255)
            link.inject(
                LinkDatagram.find(number: UInt16(code.number), nonce: random.next()).encoded, from: from, to: .address(Self.host))
            let request = LinkDatagram.request(
                exchange: random.next(), host: random.next(), token: random.next(), index: UInt8(round & 1), message: random.bytes(33))
            link.inject(request.encoded, from: from, to: .address(Self.host))
            link.inject(random.mutated(request.encoded), from: from, to: .address(Self.host))
        }
        link.run(until: link.now + .seconds(1))
        #expect(link.sent.count - before <= 2 * LinkHost.findsPerSecond)
        link.run(until: link.now + .seconds(1))
        link.addGuest(Self.guest, code)
        link.run(until: link.now + .seconds(3))
        #expect(link.guestEvents[Self.guest]?.first == .confirmed)
    }

    /// A stranger on the link who begins exchanges and leaves: few keys are computed, and few exchanges kept.
    @Test func exchangesThatAreBegunAndLeftAreBounded() throws {
        var (link, code) = try Self.link()
        var random = SeededGenerator(seed: 9)
        link.inject(LinkDatagram.find(number: UInt16(code.number), nonce: 5).encoded, from: Self.stranger, to: .address(Self.host))
        link.run(until: link.now + .ms(10))
        guard case .here(_, _, let host, let token)? = link.sent.last?.datagram.bytes.withUnsafeBytes({ LinkDatagram($0) }) else {
            Issue.record("no answer")
            return
        }
        let key = try #require(PasswordExchange(role: .guest, password: [1], place: [])).message
        let before = link.sent.count
        for _ in 0..<500 {
            let request = LinkDatagram.request(exchange: random.next(), host: host, token: token, index: 0, message: [1] + key)
            link.inject(request.encoded, from: Self.stranger, to: .address(Self.host))
            // The token is of no use to anybody else.
            link.inject(request.encoded, from: Self.other, to: .address(Self.host))
        }
        link.run(until: link.now + .ms(100))
        #expect(link.sent.count - before <= LinkHost.keysPerSecond + 1)
        #expect(link.sent[before...].allSatisfy { $0.datagram.to == .address(Self.stranger) })
        link.run(until: link.now + .seconds(2))
        link.addGuest(Self.guest, code)
        link.run(until: link.now + .seconds(3))
        #expect(link.guestEvents[Self.guest]?.first == .confirmed)
        #expect(link.code(of: Self.host) == code)
    }

    /// Somebody who answers every find, as many hosts, is tried four times; then it is over.
    @Test func falseHostsAreTriedFourTimes() throws {
        var link = SimulatedLink()
        link.addGuest(Self.guest, MeetingExchangeTests.code())
        link.run(until: .ms(1))
        guard case .find(let number, let nonce)? = link.sent.first?.datagram.bytes.withUnsafeBytes({ LinkDatagram($0) }) else {
            Issue.record("no find")
            return
        }
        for host in 0..<1000 as Range<UInt64> {
            let lie = LinkDatagram.here(number: number, nonce: nonce, host: host, token: 1)
            link.inject(lie.encoded, from: .ip(192, 168, 3, UInt32(host & 255)), to: .address(Self.guest))
        }
        link.run(until: .seconds(10))
        #expect(link.guestEvents[Self.guest] == [.failed(.silent)])
        let asked = Set(
            link.sent.compactMap { sent -> UInt64? in
                if case .request(_, let host, _, _, _)? = sent.datagram.bytes.withUnsafeBytes({ LinkDatagram($0) }) { host } else { nil }
            })
        #expect(asked.count == LinkGuest.maximumHosts)
        #expect(link.sent.count < 60)
    }

    /// Answers to questions that were not asked.
    @Test func whatWasNotAskedForIsIgnored() throws {
        var link = SimulatedLink()
        link.addGuest(Self.guest, MeetingExchangeTests.code())
        link.run(until: .ms(1))
        for lie in [
            LinkDatagram.here(number: 7, nonce: 1, host: 1, token: 1), .response(exchange: 0, index: 0, message: [5]),
            .find(number: 7, nonce: 3),
        ] { link.inject(lie.encoded, from: Self.stranger, to: .address(Self.guest)) }
        link.run(until: .seconds(7))
        #expect(link.guestEvents[Self.guest] == [.failed(.nobody)])
        #expect(link.sent.allSatisfy { $0.datagram.to == .group })
    }
}
