import Testing

@testable import ChatClient

@Suite struct ServerIdentityTests {
    @Test(arguments: [
        ("chat.example", "chat.example"), ("Chat.EXAMPLE", "chat.example"), ("chat.example", "CHAT.Example"),
        ("chat.example.", "chat.example"),
        ("chat.example", "chat.example."), ("chat", "chat"), ("a_b.example", "a_b.example"), ("chat.example.org", "*.example.org"),
        ("CHAT.example.org", "*.Example.ORG"), ("xn--bcher-kva.example.org", "*.example.org"),
    ])
    func aNameIsItself(host: String, presented: String) {
        #expect(ServerIdentity(host: host).matches(dnsName: Array(presented.utf8)))
    }

    @Test(arguments: [
        // Another name.
        ("chat.example", "other.example"), ("chat.example", "chat.example.evil.example"), ("chat.example", "xchat.example"),
        ("chat.example", "example"), ("chat.example", "chat"), ("chat.example", ""), ("chat.example", "."),
        ("chat.example", "chat..example"),
        ("chat.example", "chat.example.."), ("chat.example", " chat.example"), ("chat.example", "chat.example\0.evil.example"),
        ("chat.example", "chat.example\0"), ("", ""), (".", "."),
        // A wildcard that is not the whole leftmost label.
        ("chat.example.org", "c*.example.org"), ("chat.example.org", "*t.example.org"), ("chat.example.org", "c*t.example.org"),
        ("chat.example.org", "chat.*.org"), ("chat.example.org", "chat.example.*"), ("chat.example.org", "*.*.org"),
        ("chat.example.org", "**.example.org"), ("chat.example.org", "*chat.example.org"),
        // One that stands for more than one label, or for none.
        ("a.chat.example.org", "*.example.org"), ("example.org", "*.example.org"), (".example.org", "*.example.org"),
        // One for whole top-level domains.
        ("chat.example", "*.example"), ("chat.example", "*"), ("chat", "*"), ("chat.example", "*."), ("chat.example", "*.example."),
        // The Kelvin sign is not a k.
        ("\u{212A}elvin.example", "kelvin.example"), ("kelvin.example", "\u{212A}elvin.example"),
        // The text of an address is never a name.
        ("192.0.2.1", "192.0.2.1"), ("::1", "::1"), ("127.1", "127.1"), ("0x7f.1", "0x7f.1"), ("chat.1", "chat.1"),
        ("1.2.3.4.5", "1.2.3.4.5"),
        ("a.2.3.4", "*.2.3.4"), ("fe80::1%eth0", "fe80::1%eth0"),
    ])
    func aNameIsNoOther(host: String, presented: String) {
        #expect(!ServerIdentity(host: host).matches(dnsName: Array(presented.utf8)))
    }

    private static let four: [UInt8] = [192, 0, 2, 1]
    private static let sixteen: [UInt8] = [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    private static let mapped: [UInt8] = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 1]

    @Test(arguments: [
        ("192.0.2.1", four), ("::ffff:192.0.2.1", four), ("192.0.513", four), ("2001:db8::1", sixteen), ("2001:DB8:0:0:0:0:0:1", sixteen),
    ])
    func anAddressIsItsBytes(host: String, presented: [UInt8]) {
        #expect(ServerIdentity(host: host).matches(address: presented))
    }

    @Test(arguments: [
        ("192.0.2.2", four), ("192.0.2.1", mapped), ("::ffff:192.0.2.1", mapped), ("2001:db8::2", sixteen),
        ("192.0.2.1", Array("192.0.2.1".utf8)),
        ("192.0.2.1", []), ("192.0.2.1", four + [255, 255, 255, 255]), ("chat.example", four), ("chat.example", sixteen),
        ("chat.example", []),
    ])
    func anAddressIsNoOther(host: String, presented: [UInt8]) {
        #expect(!ServerIdentity(host: host).matches(address: presented))
    }

    @Test func theNameForTLSIsAName() {
        #expect(ServerIdentity(host: "Chat.Example.").sniName == "chat.example")
        for host in [
            "192.0.2.1", "::1", "fe80::1%lo", "fe80::1%none", "127.1", "a b", "b\u{FC}cher.example", "",
            String(repeating: "a.", count: 200),
        ] {
            #expect(ServerIdentity(host: host).sniName == nil, "\(host)")
        }
    }

    /// All forms of a server's name share one record.
    @Test(arguments: [
        ("Chat.Example", "chat.example:1"), ("chat.example.", "chat.example:1"), ("0:0:0:0:0:0:0:1", "[::1]:1"),
        ("::FFFF:127.0.0.1", "127.0.0.1:1"),
        ("127.1", "127.0.0.1:1"), ("2001:DB8::0:1", "[2001:db8::1]:1"), ("fe80::1%lo", "[fe80::1%lo]:1"), ("\u{212A}", "\u{212A}:1"),
    ])
    func oneServerIsOne(host: String, shown: String) {
        #expect(KnownHosts.Server(host: host, port: 1).description == shown)
    }
}
