import Connectivity
import Foundation
import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

/// The trace of simulated transfers: JSON that agrees with what the transfers say of themselves, and that changes nothing.
@Suite(.longComputation) struct TransferTraceTests {
    private struct Event {
        let name: String
        let time: Double
        let group: Int
        let data: [String: Any]

        var header: [String: Any] { data["header"] as? [String: Any] ?? [:] }
        var number: UInt64? { header["packet_number"] as? UInt64 }
        var isNumbered: Bool { header["packet_type"] as? String == "1RTT" }
        var length: UInt64 { (data["raw"] as? [String: Any])?["length"] as? UInt64 ?? 0 }
        var frames: [[String: Any]] { data["frames"] as? [[String: Any]] ?? [] }
    }

    /// The records of a text sequence: RFC 7464.
    private static func records(_ bytes: [UInt8]) throws -> [[String: Any]] {
        try bytes.split(separator: 0x1E, omittingEmptySubsequences: true).map { record in
            #expect(record.last == 0x0A)
            return try #require(try JSONSerialization.jsonObject(with: Data(record)) as? [String: Any])
        }
    }

    private static func events(_ bytes: [UInt8]) throws -> [Event] {
        let records = try records(bytes)
        #expect(bytes.first == 0x1E && records.first?["qlog_version"] as? String == "0.3")
        #expect(records.first?["qlog_format"] as? String == "JSON-SEQ" && records.first?["trace"] is [String: Any])
        return try records.dropFirst().map { record in
            Event(
                name: try #require(record["name"] as? String), time: try #require(record["time"] as? Double),
                group: try #require(record["group_id"] as? Int), data: try #require(record["data"] as? [String: Any]))
        }
    }

    private static func trace(_ simulation: Simulation, _ host: SimulatedHost, isSender: Bool) -> TransferTrace {
        let trace = TransferTrace(title: "a \"test\"\n", isSender: isSender, wallClock: 1_700_000_000_000, at: simulation.now)
        host.endpoint.trace = trace
        return trace
    }

    private static func model(_ seed: UInt64) -> LinkModel {
        var model = LinkModel(rate: 30e6, loss: 0.03)
        model.jitter = .milliseconds(Int64(seed % 3))
        return model
    }

    private static func configuration(_ seed: UInt64) -> TransferConfiguration {
        var configuration = TransferConfiguration()
        configuration.congestionControl = seed % 2 == 0 ? .bbr : .cubic
        return configuration
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func itAgreesWithTheStatistics(seed: UInt64) throws {
        let simulation = try Simulation(seed: seed, forward: Self.model(seed), configuration: Self.configuration(seed))
        // The sender moves in the middle.
        if seed >= 2 { (simulation.rebindEvery, simulation.rebindsHost) = (.milliseconds(400), true) }
        let traces = [
            Self.trace(simulation, simulation.sender, isSender: true), Self.trace(simulation, simulation.receiver, isSender: false),
        ]
        let sender = try simulation.send([Simulation.file(size: 3_000_000, seed: seed)])
        simulation.run(for: .seconds(Int64(10))) { !simulation.receiver.endpoint.connections.isEmpty }
        let receiver = try #require(simulation.receiver.endpoint.connections.first)
        #expect(simulation.runToEnd(within: .seconds(Int64(120))))
        for (connection, trace) in zip([sender, receiver], traces) {
            let events = try Self.events(trace.take())
            #expect(events.map(\.time) == events.map(\.time).sorted())
            #expect(Set(events.map(\.group)) == [1])
            let sent = events.filter { $0.name == "transport:packet_sent" }
            let numbered = sent.filter(\.isNumbered)
            let statistics = connection.statistics
            #expect(UInt64(numbered.count) == statistics.packetsSent)
            // Each number once, in order.
            #expect(numbered.map(\.number) == (0..<statistics.packetsSent).map { $0 })
            #expect(sent.reduce(0) { $0 + $1.length } == statistics.bytesSent)
            #expect(numbered.allSatisfy { !$0.frames.isEmpty })
            let lost = events.filter { $0.name == "recovery:packet_lost" }
            #expect(UInt64(lost.count) == statistics.packetsLost)
            #expect(Set(lost.map(\.number)).isSubset(of: Set(numbered.map(\.number))))
            let received = events.filter { $0.name == "transport:packet_received" && $0.isNumbered }
            #expect(!received.isEmpty && UInt64(received.count) <= statistics.packetsReceived)
            #expect(Set(received.map(\.number)).count == received.count)
            #expect(events.contains { $0.name == "connectivity:connection_closed" })
            #expect(events.count { $0.name == "transport:parameters_set" } == 2)
            let paths = events.filter { $0.name == "connectivity:path_assigned" }
            #expect(seed >= 2 ? paths.count > 1 : paths.count == 1)
        }
    }

    @Test func itShowsWhatTheControllerDoes() throws {
        let simulation = try Simulation(seed: 1, forward: LinkModel(rate: 50e6, loss: 0.01))
        let trace = Self.trace(simulation, simulation.sender, isSender: true)
        let connection = try simulation.send([Simulation.file(size: 6_000_000, seed: 1)])
        #expect(simulation.runToEnd(within: .seconds(Int64(120))))
        let events = try Self.events(trace.take())
        let metrics = events.filter { $0.name == "recovery:metrics_updated" }
        let roundTrips = metrics.compactMap { $0.data["smoothed_rtt"] as? Double }
        // Twice 10 ms, and the queue.
        #expect(roundTrips.count > 10 && roundTrips.allSatisfy { $0 >= 20 && $0 < 500 })
        let least = try #require(metrics.compactMap { $0.data["min_rtt"] as? Double }.last)
        #expect(abs(least - connection.statistics.minimumRTT.inSeconds * 1000) < 0.001)
        let inFlight = metrics.compactMap { $0.data["bytes_in_flight"] as? Int }
        #expect(inFlight.allSatisfy { $0 >= 0 } && inFlight.contains { $0 > 10_000 })
        let phases = events.filter { $0.name == "recovery:congestion_state_updated" }.compactMap { $0.data["new"] as? String }
        #expect(phases.prefix(2) == ["startup", "drain"])
        let sizes = events.filter { $0.name == "connectivity:mtu_updated" }.compactMap { $0.data["new"] as? Int }
        #expect(sizes.last == connection.statistics.datagramSize)
        // Every byte of the records is in a frame of stream 0.
        let pieces = events.filter { $0.name == "transport:packet_sent" }.flatMap(\.frames).filter { $0["stream_id"] as? Int == 0 }
        let ends = try pieces.map { try #require($0["offset"] as? Int) + #require($0["length"] as? Int) }
        #expect(ends.max() ?? 0 >= 6_000_000)
        // The receiver's acks are in what the sender receives.
        #expect(events.contains { $0.name == "transport:packet_received" && $0.frames.contains { $0["frame_type"] as? String == "ack" } })
    }

    /// With and without a trace the same bytes go over the wire at the same times.
    @Test(arguments: 0..<4 as Range<UInt64>) func itChangesNothing(seed: UInt64) throws {
        var runs: [[[UInt8]]] = []
        var ends: [TransferInstant] = []
        for isTraced in [false, true] {
            let simulation = try Simulation(seed: seed, forward: Self.model(seed), configuration: Self.configuration(seed))
            if isTraced {
                _ = Self.trace(simulation, simulation.sender, isSender: true)
                _ = Self.trace(simulation, simulation.receiver, isSender: false)
            }
            var datagrams: [[UInt8]] = []
            simulation.attacker = { datagram, _ in
                datagrams.append(datagram)
                return []
            }
            try simulation.send([Simulation.file(size: 1_000_000, seed: seed)])
            #expect(simulation.runToEnd(within: .seconds(Int64(120))))
            runs.append(datagrams)
            ends.append(simulation.now)
        }
        #expect(runs[0].count > 500 && runs[0] == runs[1] && ends[0] == ends[1])
    }

    /// What nobody takes is not kept without a bound; how much is missing is recorded.
    @Test func aTraceThatNobodyTakesIsBounded() throws {
        let trace = TransferTrace(title: "", isSender: true, wallClock: 0, at: .zero)
        var most = 0
        for _ in 0..<200_000 {
            trace.event("chatty:test", group: 1, at: .zero) { $0.number("n", 1) }
            most = max(most, trace.count)
        }
        #expect(most < TransferTrace.limit + 1000)
        let first = try Self.events(trace.take())
        trace.isPaused = true
        trace.event("chatty:test", group: 1, at: .zero) { _ in }
        #expect(trace.count == 0)
        trace.isPaused = false
        trace.event("chatty:test", group: 1, at: .zero) { _ in }
        let later = try Self.records(trace.take())
        #expect(later.count == 2 && later[0]["name"] as? String == "chatty:events_dropped")
        #expect((later[0]["data"] as? [String: Any])?["count"] as? Int == 200_000 - first.count + 1)
    }

    @Test(arguments: [
        ("plain", #""plain""#), ("a\"b\\c", #""a\"b\\c""#), ("\n\u{1B}\u{7F}", #""\u000a\u001b\u007f""#), ("é💩", #""é💩""#), ("", #""""#),
    ]) func stringsAreEscaped(text: String, expected: String) throws {
        var json = JSONBytes()
        json.document { $0.string("s", text) }
        #expect(String(decoding: json.bytes, as: UTF8.self) == "{\"s\":\(expected)}")
        let parsed = try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: String]
        #expect(parsed == ["s": text])
    }

    @Test func numbersAndNesting() {
        var json = JSONBytes()
        json.document { json in
            json.number("a", UInt64.max)
            json.number("b", -17)
            json.array("c") { json in
                json.array { json in
                    json.number(nil, 0)
                    json.number(nil, 10)
                }
                json.object { _ in }
            }
            json.milliseconds("d", .microseconds(12_034))
            json.milliseconds("e", .seconds(Int64(2)))
            json.milliseconds("f", TransferDuration(nanoseconds: 1))
            json.boolean("g", true)
        }
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"a":18446744073709551615,"b":-17,"c":[[0,10],{}],"d":12.034000,"e":2000,"f":0.000001,"g":true}"#)
    }

    @Test(arguments: [
        (NetworkAddress(ipv4: 0xC633_640A, port: 9), "198.51.100.10:9"),
        (NetworkAddress(high: 0x2001_0DB8_0000_0000, low: 0xFF01, port: 443), "[2001:db8:0:0:0:0:0:ff01]:443"),
    ]) func addressesAreText(address: NetworkAddress, text: String) { #expect(address.text == text) }
}
