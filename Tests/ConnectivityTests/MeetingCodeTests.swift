import TestSupport
import Testing

@testable import Connectivity

@Suite struct MeetingCodeTests {
    @Test(
        arguments: [
            "7-guitar-ahead", "7 guitar ahead", " 7-Guitar-AHEAD\n", "7--guitar__ahead", "007-guitar-ahead", "7 -\tguitar - ahead",
        ])
    func whatIsTypedForACodeIsOne(text: String) throws {
        #expect(MeetingCode.looksLikeCode(text))
        #expect(try MeetingCode(text).description == "7-guitar-ahead")
    }

    @Test(
        arguments: [
            "", "7", "7-guitar", "guitar-ahead", "7-guitar-ahead-now", "7.guitar.ahead", "host:9999", "-7-guitar-ahe4d", "x-guitar-ahead",
            "7-g\u{FC}itar-ahead", "notes.txt", "7\u{301}-guitar-ahead", String(repeating: "7-guitar-ahead", count: 9),
        ])
    func whatIsNoCodeIsNone(text: String) {
        #expect(!MeetingCode.looksLikeCode(text))
        #expect(throws: MeetingCodeError.notACode) { try MeetingCode(text) }
    }

    @Test func aWrongPartIsNamed() {
        #expect(throws: MeetingCodeError.number) { try MeetingCode("0-guitar-ahead") }
        #expect(throws: MeetingCodeError.number) { try MeetingCode("1000-guitar-ahead") }
        #expect(throws: MeetingCodeError.number) { try MeetingCode("99999999999999999999-guitar-ahead") }
        #expect(throws: MeetingCodeError.unknownWord("gitar", nearest: "guitar")) { try MeetingCode("7-gitar-ahead") }
        #expect(MeetingCodeError.unknownWord("gitar", nearest: "guitar").description == "No code has the word gitar. Did you mean guitar?")
    }

    @Test func whatIsMadeIsRead() throws {
        var random = SeededGenerator(seed: 3)
        var seen = Set<MeetingCode>()
        for number in MeetingCode.numbers {
            let code = MeetingCode(number: number, random: &random)
            #expect(try MeetingCode(code.description) == code)
            seen.insert(code)
        }
        #expect(Set(seen.flatMap(\.words)).count > 900)
    }

    /// Whatever bytes are typed, they are read or refused, and what is read is written so that it is read again.
    @Test func anythingIsReadOrRefused() {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<2000 {
            let text = String(decoding: random.mutated(Array("7-guitar-ahead".utf8)), as: UTF8.self)
            guard let code = try? MeetingCode(text) else { continue }
            #expect((try? MeetingCode(code.description)) == code)
        }
    }
}
