import Connectivity
import Testing

@testable import TransferProtocol

@Suite struct TicketTests {
    static func ticket(addresses count: Int = 3) throws -> Ticket {
        let key: [UInt8] = (0..<32).map { UInt8($0 * 7) }
        let secret: [UInt8] = (0..<16).map { UInt8(255 - $0) }
        let addresses: [NetworkAddress] = (0..<count).map { index in
            guard index.isMultiple(of: 2) else { return NetworkAddress(high: 0x2001_0DB8_0000_0000, low: UInt64(index), port: 65535) }
            return NetworkAddress(ipv4: 0xC000_0201 + UInt32(index), port: 9999)
        }
        return try #require(Ticket(receiverKey: key, secret: secret, addresses: addresses))
    }

    @Test(arguments: 1...16) func survivesItsText(addresses: Int) throws {
        let ticket = try Self.ticket(addresses: addresses)
        #expect(try Ticket(ticket.text) == ticket)
        #expect(Ticket.looksLikeTicket(ticket.text))
        #expect(ticket.text.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x31 && $0 <= 0x37) })
    }

    @Test func survivesCopyAndPaste() throws {
        let ticket = try Self.ticket()
        let text = ticket.text
        #expect(try Ticket(text.uppercased()) == ticket)
        #expect(try Ticket("  \(text)\r\n") == ticket)
        let middle = text.index(text.startIndex, offsetBy: 70)
        #expect(try Ticket(text[..<middle] + "\n   \u{200B}" + text[middle...]) == ticket)
    }

    @Test func everyLostOrChangedCharacterIsNoticed() throws {
        let text = try Self.ticket().text
        for index in text.indices {
            var lost = text
            lost.remove(at: index)
            #expect(throws: TicketError.self) { try Ticket(lost) }
            var changed = text
            changed.replaceSubrange(index...index, with: text[index] == "x" ? "y" : "x")
            #expect(throws: TicketError.self) { try Ticket(changed) }
        }
        #expect(throws: TicketError.damaged) { try Ticket(text + "a") }
        #expect(throws: TicketError.damaged) { try Ticket(Ticket.prefix) }
        #expect(throws: TicketError.notATicket) { try Ticket("example.org:9999") }
    }

    @Test func anotherVersionIsNamed() throws {
        // The same layout under version 2 with a valid checksum.
        let ticket = try Self.ticket()
        var bytes = try #require(Base32.decode(ticket.text.dropFirst(Ticket.prefix.count)))
        bytes[0] = 2
        let body = Array(bytes.dropLast(4))
        let text = Ticket.prefix + Base32.encode(body + Ticket.check(body))
        #expect(throws: TicketError.unknownVersion(2)) { try Ticket(text) }
    }

    @Test func hostsAreNotTickets() {
        for text in ["chatty1:9999", "chatty1.example.org:9999", "127.0.0.1:9999", "[::1]:9999", "chatty1", ""] {
            #expect(!Ticket.looksLikeTicket(text))
        }
    }

    @Test func partsOfWrongSizeAreRefused() {
        let address = NetworkAddress(ipv4: 1, port: 1)
        #expect(Ticket(receiverKey: [1], secret: Array(repeating: 0, count: 16), addresses: [address]) == nil)
        #expect(Ticket(receiverKey: Array(repeating: 0, count: 32), secret: [], addresses: [address]) == nil)
        #expect(Ticket(receiverKey: Array(repeating: 0, count: 32), secret: Array(repeating: 0, count: 16), addresses: []) == nil)
    }

    @Test func theSecretMakesTheKey() throws {
        let one = try Self.ticket()
        let other = try #require(Ticket(receiverKey: one.receiverKey, secret: Array(repeating: 1, count: 16), addresses: one.addresses))
        #expect(one.preSharedKey.count == 32)
        #expect(one.preSharedKey != other.preSharedKey)
        #expect(one.preSharedKey != Array(repeating: 0, count: 32))
    }

    @Test(arguments: ["", "f", "fo", "foo", "foob", "fooba", "foobar"]) func base32(text: String) {
        // RFC 4648 §10.
        let vectors = ["": "", "f": "my", "fo": "mzxq", "foo": "mzxw6", "foob": "mzxw6yq", "fooba": "mzxw6ytb", "foobar": "mzxw6ytboi"]
        #expect(Base32.encode(text.utf8) == vectors[text])
        #expect(Base32.decode(vectors[text] ?? "?") == Array(text.utf8))
    }
}
