import Testing

@testable import TransferProtocol

@Suite struct ByteStringTests {
    /// `String` considers these equal, and shows all bytes that are not UTF-8 alike.
    @Test func bytesMakeTheDifference() {
        #expect(ByteString("\u{E9}") != ByteString("e\u{301}"))
        #expect(ByteString([0xE9]) != ByteString([0xE8]))
        #expect(ByteString([0xE9]).description == ByteString([0xE8]).description)
        #expect(ByteString([0xE9]).text == nil)
        #expect(ByteString("é").text == "é")
    }

    @Test func theSystemGetsTheBytes() {
        let name = ByteString([0x75, 0xE9, 0x2F, 0xCC, 0x81])
        #expect(name.withCString { ByteString(cString: $0) } == name)
        #expect(ByteString([0x61, 0, 0x62]) == "a")
    }

    @Test(arguments: [
        ("a/b/c", "a/b", "c"), ("/c", "/", "c"), ("a/", "a", ""), ("/", "/", ""), ("c", nil, "c"), ("a/\u{301}c", "a", "\u{301}c"),
    ])
    func aPathIsAFolderAndAName(path: ByteString, folder: ByteString?, name: ByteString) {
        #expect(path.splitAtLast("/").before == folder)
        #expect(path.splitAtLast("/").behind == name)
    }

    @Test func separatorsAreBytes() {
        let parts: [ByteString] = ["a", "\u{301}b", "c"]
        #expect(ByteString("/a//\u{301}b/c/").split(at: "/") == parts)
        #expect(parts.joined(by: "/") == "a/\u{301}b/c")
    }
}
