import Testing

@testable import ChatClient

@Suite struct SecretReaderTests {
    private func read(_ typed: String) -> [SecretReader.Outcome] {
        var reader = SecretReader()
        return typed.utf8.map { reader.handle($0) }.filter { $0 != .more }
    }

    @Test(arguments: [
        ("secret\r", "secret"), ("secret\n", "secret"), ("\r", ""), ("sex\u{7F}cret\r", "secret"), ("ü\u{8}u\r", "u"),
        ("漢\u{7F}\u{7F}a\r", "a"),
        ("wrong\u{15}right\r", "right"), ("a\u{1B}[Ab\u{1B}OPc\r", "abc"), ("a\u{1}b\r", "ab"), ("a\u{4}b\r", "ab"),
        ("pass word\r", "pass word"),
    ])
    func whatIsTyped(typed: String, secret: String) { #expect(read(typed) == [.secret(secret)]) }

    @Test func theEnd() {
        #expect(read("\u{4}") == [.end])
        #expect(read("one\rtwo\r\u{4}") == [.secret("one"), .secret("two"), .end])
    }
}
