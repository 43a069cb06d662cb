import TestSupport
import Testing

@testable import Connectivity

@Suite struct ReflexiveQueryTests {
    private static let servers: [NetworkAddress] = [.ip(203, 0, 113, 10, port: 3478), .ip(203, 0, 113, 11, port: 3478)]
    private static let mapped = NetworkAddress.ip(192, 0, 2, 1, port: 61000)

    private static func query(_ servers: [NetworkAddress] = servers) -> ReflexiveQuery {
        ReflexiveQuery(servers: servers, random: SeededGenerator(seed: 1), at: .zero)
    }

    private static func transaction(_ request: [UInt8]) -> STUNTransaction? {
        guard case .binding(let transaction)? = request.withUnsafeBytes({ STUNBinding.decodeRequest($0) }) else { return nil }
        return transaction
    }

    /// Drives a query to `end`; `seen` says what each server answers to a request, after 10 ms.
    /// - Returns: when each request was sent, in ms.
    @discardableResult private static func drive(
        _ query: inout ReflexiveQuery, from start: Duration = .zero, to end: Duration, seen: (NetworkAddress) -> NetworkAddress?
    ) throws -> [NetworkAddress: [Int]] {
        var sent: [NetworkAddress: [Int]] = [:]
        var answers: [(due: Duration, bytes: [UInt8], from: NetworkAddress)] = []
        var now = start
        var steps = 0
        while now <= end, steps < 10_000 {
            steps += 1
            while let first = answers.first, first.due <= now {
                answers.removeFirst()
                let isOurs = first.bytes.withUnsafeBytes { query.receive($0, from: first.from, at: now) }
                #expect(isOurs)
            }
            while let (bytes, to) = query.nextDatagram(at: now) {
                sent[to, default: []].append(Int(now / .milliseconds(1)))
                let transaction = try #require(Self.transaction(bytes))
                if let address = seen(to) {
                    answers.append((now + .ms(10), STUNBinding.success(transaction, seen: address), to))
                }
            }
            guard let next = [query.nextTimeout, answers.first?.due].compactMap(\.self).min() else { break }
            now = next
        }
        #expect(steps < 10_000)
        return sent
    }

    @Test func aServerIsAskedBySchedule() throws {
        var query = Self.query()
        let sent = try Self.drive(&query, to: .seconds(60)) { _ in nil }
        #expect(sent == [Self.servers[0]: [0, 100, 300, 700, 1500], Self.servers[1]: [0, 100, 300, 700, 1500]])
        #expect(query.isSettled && query.reflexive.isEmpty && query.nextTimeout == nil)
    }

    @Test func anAnswerEndsTheAsking() throws {
        var query = Self.query()
        let sent = try Self.drive(&query, to: .seconds(1)) { $0 == Self.servers[1] ? Self.mapped : nil }
        #expect(sent[Self.servers[1]] == [0] && !query.isSettled)
        #expect(query.reflexive == [Self.mapped])
        #expect(query.mappingDependsOnDestination == nil)
        try Self.drive(&query, from: .seconds(1), to: .seconds(60)) { _ in nil }
        #expect(query.isSettled)
    }

    @Test func atMostFourDifferentServersAreAsked() throws {
        let many = (0..<10 as Range<UInt32>).map { NetworkAddress.ip(203, 0, 113, $0 / 2, port: 3478) }
        var query = Self.query(many)
        #expect(try Self.drive(&query, to: .ms(1)) { _ in nil }.keys.count == 4)
    }

    @Test func aSymmetricNATShowsByTwoServersThatSeeDifferentPorts() throws {
        var query = Self.query()
        try Self.drive(&query, to: .seconds(1)) { $0 == Self.servers[0] ? Self.mapped : .ip(192, 0, 2, 1, port: 61001) }
        #expect(query.mappingDependsOnDestination == true)
        #expect(query.reflexive == [Self.mapped, .ip(192, 0, 2, 1, port: 61001)])
        query.restart(at: .seconds(2))
        #expect(query.mappingDependsOnDestination == nil && query.reflexive.isEmpty && !query.isSettled)
        try Self.drive(&query, from: .seconds(2), to: .seconds(3)) { _ in Self.mapped }
        #expect(query.mappingDependsOnDestination == false)
        #expect(query.reflexive == [Self.mapped])
    }

    @Test func theMappingIsKeptByARequestAServerAndInterval() throws {
        var query = Self.query()
        query.isKept = true
        let sent = try Self.drive(&query, to: .seconds(61)) { _ in Self.mapped }
        #expect(sent[Self.servers[0]] == [0, 15_000, 30_000, 45_000, 60_000])
        query.isKept = false
        #expect(query.nextTimeout == nil)
    }

    @Test func aChangeOfTheMappingIsReportedOnce() throws {
        var query = Self.query()
        query.isKept = true
        var changes = [query.takeChange()]
        try Self.drive(&query, to: .seconds(1)) { _ in Self.mapped }
        changes += [query.takeChange(), query.takeChange()]
        try Self.drive(&query, from: .seconds(1), to: .seconds(16)) { _ in .ip(192, 0, 2, 99, port: 1) }
        #expect(query.reflexive == [.ip(192, 0, 2, 99, port: 1)])
        changes += [query.takeChange(), query.takeChange()]
        #expect(changes == [false, true, false, true, false])
    }

    @Test func onlyTheServerThatWasAskedAnswersAndOnlyOnce() throws {
        var query = Self.query()
        let first = query.nextDatagram(at: .zero)
        let (bytes, to) = try #require(first)
        let transaction = try #require(Self.transaction(bytes))
        let good = STUNBinding.success(transaction, seen: Self.mapped)
        func receive(_ bytes: [UInt8], from: NetworkAddress) -> Bool {
            bytes.withUnsafeBytes { query.receive($0, from: from, at: .ms(1)) }
        }
        // From elsewhere, with another transaction, and what is no answer.
        let otherPort = NetworkAddress(high: to.high, low: to.low, port: to.port + 1)
        #expect(!receive(good, from: Self.servers.first { $0 != to } ?? to) && !receive(good, from: otherPort))
        var random = SeededGenerator(seed: 5)
        #expect(!receive(STUNBinding.success(STUNTransaction(random: &random), seen: Self.mapped), from: to))
        #expect(!receive(bytes, from: to))
        #expect(query.reflexive.isEmpty)
        #expect(receive(good, from: to))
        // A second answer to the same request changes nothing.
        #expect(receive(STUNBinding.success(transaction, seen: .ip(198, 51, 100, 66)), from: to))
        #expect(query.reflexive == [Self.mapped])
    }

    @Test func anErrorIsOursAndTellsNothing() throws {
        var query = Self.query()
        let first = query.nextDatagram(at: .zero)
        let (bytes, to) = try #require(first)
        let transaction = try #require(Self.transaction(bytes))
        let isOurs = STUNBinding.unknownAttributes(transaction, [1]).withUnsafeBytes { query.receive($0, from: to, at: .ms(1)) }
        #expect(isOurs)
        #expect(query.reflexive.isEmpty)
    }

    @Test func withoutServersThereIsNothingToWaitFor() {
        var query = Self.query([])
        query.isKept = true
        let isSilent = query.nextDatagram(at: .seconds(99)) == nil
        #expect(isSilent && query.isSettled && query.nextTimeout == nil)
    }
}
