import ChatCodec
import ChatHub
import ChatProtocol
import Foundation
import TestSupport
import Testing

/// Sessions of a fixed corpus, unchanged and mutated by seeds, on every codec, in pieces of any length.
@Suite(.longComputation) struct CorpusTests {
    /// The sessions in a file: lines with their line ends, with a blank line between two sessions.
    private static func sessions(_ name: String) throws -> [[UInt8]] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus/" + name)
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.split(separator: "\n\n").map { Array(($0.replacing("\n", with: "\r\n") + "\r\n").utf8) }
    }

    /// Passes a session to a codec; returns the output of this session and that of luke, who listens.
    private static func play<Kind: Codec>(_ bytes: [UInt8], on codec: Kind, _ random: inout SeededGenerator) -> (own: String, lukes: String)
    {
        var configuration = HubConfiguration()
        configuration.messageOfTheDay = ["Be kind."]
        var harness = CodecHarness(codec, HubScript(configuration))
        var listener = CodecHarness(TextCodec(), harness.script)
        listener.send("luke\npw-luke\n")
        harness.script = listener.script
        var own = harness.popOutput()
        var rest = bytes[...]
        while !rest.isEmpty, !harness.isClosed {
            let piece = rest.prefix(Int.random(in: 1...400, using: &random))
            rest = rest.dropFirst(piece.count)
            own += harness.send(Array(piece))
        }
        #expect(!harness.isClosed || harness.script.closed.contains(harness.session) || codec is TextCodec)
        listener.script = harness.script
        listener.collect()
        // Whatever the session did, the next one is served.
        var next = CodecHarness(IRCCodec(), harness.script)
        next.script.advance(milliseconds: 20_000)
        #expect(next.send("PASS hans:pw-hans\r\nNICK hans\r\nUSER h 0 * :h\r\n").contains(":chatty 001 hans :Welcome! hans\r\n"))
        return (own, listener.popOutput())
    }

    /// Checks that the output is lines of IRC which any client can parse.
    private static func checkIRC(_ output: String) {
        #expect(output.isEmpty || output.hasSuffix("\r\n"))
        for line in Array(output.utf8).split(separator: 0x0A) {
            #expect(line.last == 0x0D)
            let tags = line.first == UInt8(ascii: "@") ? line.prefix { $0 != 0x20 }.count + 1 : 0
            #expect(tags <= Limits.serverTagBytes && line.count + 1 - tags <= Limits.lineBytes)
            #expect(throws: Never.self) { try IRCMessage(parsing: Array(line.dropLast())) }
        }
    }

    /// Checks that the output has no control characters but line ends.
    private static func checkText(_ output: String) {
        for scalar in output.unicodeScalars where scalar != "\n" {
            #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value), "\(scalar.value) reaches a terminal")
        }
    }

    /// Checks that the output is text up to the client's first line of IRC, if there is one, and IRC from there on: a line of text does not
    /// end like one of IRC.
    private static func checkLate(_ output: String) {
        let bytes = Array(output.utf8)
        guard let end = bytes.firstRange(of: [0x0D, 0x0A]) else { return checkText(output) }
        checkText(String(decoding: bytes[..<end.lowerBound], as: UTF8.self))
        checkIRC(String(decoding: bytes[end.upperBound...], as: UTF8.self))
    }

    @Test func theCorpusIsUnderstood() throws {
        var random = SeededGenerator(seed: 0)
        let (irc, _) = try Self.play(Self.sessions("irc.txt")[0], on: IRCCodec(), &random)
        Self.checkIRC(irc)
        #expect(!irc.contains(" 421 ") && irc.contains("GOODBYE"))
        let (text, _) = try Self.play(Self.sessions("text.txt")[0], on: TextCodec(), &random)
        Self.checkText(text)
        #expect(text.hasSuffix("Bye, yoda!\n"))
    }

    @Test(arguments: 0..<UInt64(120)) func bentIRC(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for session in try Self.sessions("irc.txt") {
            let (own, lukes) = Self.play(random.mutated(session), on: IRCCodec(), &random)
            Self.checkIRC(own)
            Self.checkText(lukes)
        }
    }

    @Test(arguments: 0..<UInt64(120)) func bentText(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for session in try Self.sessions("text.txt") {
            let (own, lukes) = Self.play(random.mutated(session), on: TextCodec(), &random)
            Self.checkLate(own)
            Self.checkText(lukes)
        }
    }

    /// The codec is chosen by the first bytes, so each codec also gets sessions that were meant for the other.
    @Test(arguments: 0..<UInt64(40)) func theOthersCorpus(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for session in try Self.sessions("text.txt") { Self.checkIRC(Self.play(random.mutated(session), on: IRCCodec(), &random).own) }
        for session in try Self.sessions("irc.txt") { Self.checkLate(Self.play(random.mutated(session), on: TextCodec(), &random).own) }
    }
}
