import ChatProtocol
import Testing

@testable import chatty

@Suite("ValueKind")
struct ValueKindTests {
    @Test(arguments: [
        ("30", Duration.seconds(30)), ("30s", .seconds(30)), ("500ms", .milliseconds(500)), ("2m", .seconds(120)), ("1h", .seconds(3600)),
        ("0", .zero),
    ])
    func durations(text: String, duration: Duration) throws {
        #expect(try ValueKind.duration(.zero...Duration.seconds(3600)).parse(text) == .duration(duration))
    }

    @Test(arguments: ["", "s", "-1", "1.5", "2h", "1 s", "1d", "٣", "99999999999999999999"])
    func noDurations(text: String) {
        #expect(throws: ValueProblem.self) { try ValueKind.duration(.zero...Duration.seconds(3600)).parse(text) }
    }

    @Test(arguments: [
        ("1000", 1000), ("500K", 500_000), ("20M", 20_000_000), ("1.5G", 1_500_000_000), ("64Ki", 65536), ("8MiB", 8 * 1024 * 1024),
        ("100Mbit", 12_500_000), ("5MB", 5_000_000),
    ])
    func byteRates(text: String, rate: Int) throws {
        #expect(try ValueKind.byteRate.parse(text) == .number(rate))
    }

    @Test(arguments: ["", "M", "0", "-5M", "5X", "1..5M", ".5M", "5.", "inf", "nan", "1e9", "9999999G", "5 M"])
    func noByteRates(text: String) {
        #expect(throws: ValueProblem.self) { try ValueKind.byteRate.parse(text) }
    }

    @Test(arguments: [("5", 5), ("5/s", 5), ("0", 0)])
    func eventRates(text: String, rate: Int) throws {
        #expect(try ValueKind.eventRate.parse(text) == .number(rate))
    }

    @Test(arguments: ["", "/s", "5/m", "-1", "1.5", "1000001"])
    func noEventRates(text: String) {
        #expect(throws: ValueProblem.self) { try ValueKind.eventRate.parse(text) }
    }

    @Test func ports() throws {
        #expect(try ValueKind.port(zeroIsAnyFree: true).parse("0") == .number(0))
        #expect(try ValueKind.port(zeroIsAnyFree: false).parse("65535") == .number(65535))
        for text in ["65536", "-1", "", "http", "1 ", "0x10", "18446744073709551617"] {
            #expect(throws: ValueProblem.self) { try ValueKind.port(zeroIsAnyFree: true).parse(text) }
        }
        #expect(throws: ValueProblem.self) { try ValueKind.port(zeroIsAnyFree: false).parse("0") }
    }

    @Test func noValueHoldsANul() {
        for kind in [ValueKind.text, .file, .directory, .host, .byteRate, .choice(["a"])] {
            #expect(throws: ValueProblem.self) { try kind.parse("a\u{0}b") }
            #expect(throws: ValueProblem.self) { try kind.parse("") }
        }
    }

    @Test(arguments: [("serv", "serve"), ("conect", "connect"), ("sned-file", "send-file"), ("user", "users"), ("recv", "recv-file")])
    func didYouMean(word: String, meant: String) {
        #expect(Suggestion.nearest(to: word, among: Command.names) == meant)
    }

    @Test(arguments: ["", "x", "chat", "zzzzzz", String(repeating: "s", count: 100_000)])
    func noIdeaWhatWasMeant(word: String) {
        #expect(Suggestion.nearest(to: word, among: Command.names) == nil)
    }
}
