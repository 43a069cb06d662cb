import ChatProtocol
import TestSupport
import Testing

struct LoggedNameTests {
    @Test(arguments: [
        ("yoda", "yoda"), ("a.b-c_1", "a.b-c_1"), ("", "\"\""), ("1a", "\"1a\""), ("a b", "\"a b\""), ("a\"b\\", #""a\"b\\""#),
        ("yoda successfully logged in. User: x", #""yoda successfully logged in. User: x""#), ("a\nb", #""a\nb""#),
        ("\u{202E}é\u{1B}[m", #""\u202e\u00e9\u001b[m""#), ("🙂", #""\ud83d\ude42""#), ("\u{212A}", #""\u212a""#),
    ])
    func whatIsNoNameIsQuoted(_ name: String, _ shown: String) { #expect(LoggedName.text(name) == shown) }

    @Test(arguments: 0..<UInt64(300)) func nothingEndsTheQuotes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("ab\"\\\n\r.: \u{301}\u{2028}“é".unicodeScalars)
        let name = String(String.UnicodeScalarView((0..<20).compactMap { _ in alphabet.randomElement(using: &random) }))
        let shown = LoggedName.text(name)
        guard shown != name else {
            #expect(Name.isOne(name))
            return
        }
        #expect(shown.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
        var isEscaped = false
        for byte in shown.utf8.dropFirst().dropLast() {
            #expect(isEscaped || byte != UInt8(ascii: "\""))
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        }
        #expect(!isEscaped && shown.utf8.first == UInt8(ascii: "\"") && shown.utf8.last == UInt8(ascii: "\""))
    }
}
