import TestSupport
import Testing

@testable import ChatProtocol

/// The work for a stranger's line is linear in its length, so that it blocks neither the event loop nor a client.
@Suite(.longComputation) struct WorkPerByteTests {
    /// A function that handles a stranger's text, and the prefixes that can precede that text.
    struct Function: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var prefixes = [""]
        let work: @Sendable (String) -> Void
    }

    private static func parsed(_ text: String) -> IRCMessage? {
        try? IRCMessage(parsing: text.utf8.filter { $0 != 0 && $0 != 0x0D }, tagLimit: .max / 2, bodyLimit: .max / 2)
    }

    static let functions = [
        Function(testDescription: "EscapeSequence") { _ = EscapeSequence.removed(from: $0) },
        Function(testDescription: "SafeText") {
            _ = SafeText.shown($0)
            _ = SafeText.cut($0, to: $0.utf8.count / 2)
        },
        Function(testDescription: "LoggedName") { _ = LoggedName.text($0) },
        Function(testDescription: "JSONText") { _ = JSONText.quoted($0) },
        Function(testDescription: "IRCMessage", prefixes: ["", "@", "@a=", ":", "PRIVMSG a :", "JOIN "]) {
            guard let message = parsed($0) else { return }
            _ = message.encoded
            _ = (message.nick, message.tag("label"))
        },
        Function(
            testDescription: "Reply",
            prefixes: ["FAIL a BAD_USER_NAME EMPTY ", "NOTE a GROUP_CREATED b ", "NOTE a AWAY b :b is away: "]
        ) {
            guard let message = parsed($0), let reply = Reply(message) else { return }
            _ = (reply.text, reply.reason, reply.standardReply(to: "X").encoded)
        },
        Function(testDescription: "SlashCommand", prefixes: ["", "/", "/msgto a ", "/creategroup g ", "/history ", "/help "]) {
            _ = try? SlashCommand($0, client: true)
            _ = Texts.help(on: $0, client: true)
        },
        Function(testDescription: "Name") {
            _ = try? Name($0)
            _ = Name.fold($0)
        },
        Function(testDescription: "PasswordRule") { _ = PasswordRule.defect(of: $0) },
        Function(testDescription: "ResumeTokenText", prefixes: ["", ResumeTokenText.prefix]) { _ = ResumeTokenText.isOne($0) },
        Function(testDescription: "TransferSignal") {
            _ = TransferSignal(verb: .offer, id: $0, payload: "")
            _ = TransferSignal(verb: .offer, id: "a", payload: $0)
        },
        Function(testDescription: "Timestamp", prefixes: ["", "2026-01-31T12:34:56."]) { _ = Timestamp(iso8601: $0) },
        Function(testDescription: "MessageID") { _ = MessageID($0) },
        Function(testDescription: "Notice") { _ = Notice.direct(from: $0, at: Timestamp(milliseconds: 0), text: $0) },
        Function(testDescription: "ByteText") {
            _ = ($0.pieces(between: ","), $0.upTo(":"), $0.withoutSpacesAround, $0.asciiUppercased, $0.ends(with: $0), $0.rest(behind: $0))
        },
        Function(testDescription: "Capability") { _ = Capability.named($0) },
    ]

    @Test(arguments: functions) func growsWithTheBytes(_ function: Function) {
        for prefix in function.prefixes {
            for (name, text) in WorkPerByte.texts(prefix) {
                let growth = WorkPerByte.growth(text, of: function.work)
                #expect(growth < WorkPerByte.bound, "\(name.debugDescription)")
            }
        }
    }

    /// The bytes come at once, one by one, or in lines each of which is refused.
    @Test(arguments: [1, 7, 1 << 20], ["x", "x\n", "\r", "\r\n", "\n"]) func linesAreCutInOnePass(piece: Int, unit: String) {
        let text = { Array(String(repeating: unit, count: $0 / unit.utf8.count).utf8) }
        for maximum in [16, 1 << 20] {
            let growth = WorkPerByte.growth(text) { bytes in
                var decoder = LineDecoder(maximum: maximum)
                var start = 0
                while start < bytes.count {
                    let end = min(bytes.count, start + piece)
                    bytes[start..<end].withUnsafeBytes { decoder.decode($0) { _ in } }
                    start = end
                }
            }
            #expect(growth < WorkPerByte.bound)
        }
    }

    /// Shows that the tests above can fail.
    @Test func aQuadraticFunctionIsFound() {
        let ones = { [UInt8](repeating: 1, count: $0) }
        let growth = WorkPerByte.growth(ones) { bytes in
            var sum = 0
            for end in bytes.indices { for byte in bytes[..<end] { sum &+= Int(byte) } }
            #expect(sum > 0)
        }
        #expect(growth > WorkPerByte.bound)
    }
}
