import ChatProtocol
import TestSupport
import Testing

struct NameTests {
    @Test func rule() throws {
        #expect(try Name("Yoda.9_-").folded == "yoda.9_-")
        #expect(try Name("HANS") == Name("hans"))
        #expect(throws: Name.Defect.empty) { try Name("") }
        #expect(throws: Name.Defect.badFirstCharacter) { try Name("9a") }
        #expect(throws: Name.Defect.badFirstCharacter) { try Name("#a") }
        #expect(throws: Name.Defect.badCharacter) { try Name("a b") }
        #expect(throws: Name.Defect.badCharacter) { try Name("aé") }
        #expect(throws: Name.Defect.badCharacter) { try Name("a\u{1B}") }
        #expect(try Name(String(repeating: "a", count: 32)).text.count == 32)
        #expect(throws: Name.Defect.tooLong) { try Name(String(repeating: "a", count: 33)) }
    }
}

struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_767_225_599_999, "2025-12-31T23:59:59.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ])
    func knownMoments(_ milliseconds: Int64, _ text: String) {
        #expect(Timestamp(milliseconds: milliseconds).iso8601 == text)
        #expect(Timestamp(iso8601: text) == Timestamp(milliseconds: milliseconds))
    }

    @Test(arguments: 0..<UInt64(100))
    func roundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let time = Timestamp(milliseconds: Int64.random(in: 0..<253_402_300_800_000, using: &random))
        #expect(Timestamp(iso8601: time.iso8601) == time)
        #expect(Timestamp(iso8601: time.description)?.milliseconds == time.milliseconds / 1000 * 1000)
    }

    @Test(arguments: [
        "", "2026", "2026-01-31T12:34:56", "2026-13-31T12:34:56Z", "2026-01-31T24:34:56Z", "2026-01-31T12:34:56.Z",
        "2026-01-31T12:34:56.xZ",
        "2026-01-31T12:34:56.9999999999999999999x", "2026-01-31T12:34:56.999999999999999999xZ", "2026-01-31T12:34:56.99999999999999999999Z",
        "2026-01-31 12:34:56Z", "+026-01-31T12:34:56Z", "2026-01-31T12:34:56ZZ",
    ])
    func refuses(_ text: String) { #expect(Timestamp(iso8601: text) == nil) }

    /// Nineteen digits do not fit into 64 bits, and the sender chooses how many there are.
    @Test(arguments: 1...19)
    func fractionsOfAnyLength(_ digits: Int) {
        let time = Timestamp(iso8601: "2026-01-31T12:34:56." + String(repeating: "9", count: digits) + "Z")
        #expect(time?.iso8601 == "2026-01-31T12:34:56." + ["900", "990", "999"][min(digits, 3) - 1] + "Z")
    }
}

struct MessageIDTests {
    @Test func idsOnlyGrow() {
        var source = MessageIDSource()
        let times: [Int64] = [5, 5, 5, 9, 2, 2, 10]
        let ids = times.map { source.next(at: Timestamp(milliseconds: $0)) }
        #expect(ids == ids.sorted() && Set(ids).count == ids.count)
        #expect(ids.map(\.description) == ids.map(\.description).sorted())
        for id in ids { #expect(MessageID(id.description) == id) }
        var later = MessageIDSource(after: ids[6])
        #expect(later.next(at: Timestamp(milliseconds: 0)) > ids[6])
    }

    @Test(arguments: ["", "0", "ZZZZZZZZZZZZZ", "000000000000I", "00000000000000", "000000000000é"])
    func refuses(_ text: String) { #expect(MessageID(text) == nil) }

    /// Ids have 42 bits of milliseconds, which end in 2109: a later time is after every message, and not in the past again.
    @Test func timesOutsideAreTheFirstAndTheLast() {
        func range(_ milliseconds: Int64) -> ClosedRange<MessageID> { MessageID.range(at: Timestamp(milliseconds: milliseconds)) }
        #expect(range(-1) == range(0) && range(0).lowerBound == .zero)
        let last: Int64 = 1 << 42 - 1
        #expect(range(last).upperBound == MessageID(rawValue: .max) && range(last).lowerBound > range(last - 1).upperBound)
        #expect(range(last + 1) == range(last) && range(.max) == range(last))
    }
}

struct PasswordRuleTests {
    @Test(arguments: [
        ("", PasswordRule.Defect.empty), (String(repeating: "x", count: 513), .tooLong), (String(repeating: "ü", count: 257), .tooLong),
        ("two\nlines", .controlCharacter), ("esc\u{1B}[2J", .controlCharacter), ("nul\0", .controlCharacter),
        ("del\u{7F}", .controlCharacter),
        (ResumeTokenText.prefix + String(repeating: "0", count: ResumeTokenText.digits), .resumeToken),
    ]) func whatIsNone(text: String, defect: PasswordRule.Defect) {
        #expect(PasswordRule.defect(of: text) == defect)
        #expect(defect.text.lowercased() == defect.reason + ".")
    }

    @Test(arguments: ["a", " ", "a b", "ü🙂", String(repeating: "x", count: 512), "chatty-resume-", "#x", ":x", "*"])
    func whatIsOne(text: String) { #expect(PasswordRule.defect(of: text) == nil) }
}
