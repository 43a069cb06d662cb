import Testing

@testable import chatty

@Suite("HOST[:PORT]")
struct ServerPlaceTests {
    @Test(
        arguments: [
            ("example.org", "example.org", nil), ("example.org:1234", "example.org", 1234), ("::1", "::1", nil), ("[::1]", "::1", nil),
            ("[::1]:6697", "::1", 6697), ("127.0.0.1:1", "127.0.0.1", 1), ("fe80::1%eth0", "fe80::1%eth0", nil),
        ] as [(String, String, Int?)]) func places(text: String, host: String, port: Int?)
    {
        #expect(ServerPlace(text) == ServerPlace(host: host, port: port))
    }

    @Test(arguments: ["", ":1", "host:", "host:0", "host:x", "host:65536", "[::1]x", "[]", "[::1]:"]) func whatIsNone(text: String) {
        #expect(ServerPlace(text) == nil)
    }
}
