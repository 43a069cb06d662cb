import ChatProtocol
import Connectivity
import Foundation
import Testing
import TransferProtocol

@testable import chatty

@Suite("What clients tell each other about a transfer")
struct TransferPayloadTests {
    private let key = Data((0..<32).map { UInt8($0) })

    @Test func itComesBackAsItWasSaid() throws {
        let offer = TransferPayload.Offer(name: "fi\"lm ü.mp4", size: 1 << 40, key: key, addresses: ["192.0.2.1:9", "[2001:db8::1]:9"])
        let text = try #require(TransferPayload.text(offer))
        #expect(TransferPayload.offer(text) == offer)
        let answer = TransferPayload.Acceptance(key: key, secret: key, addresses: ["127.0.0.1:1"])
        #expect(TransferPayload.acceptance(try #require(TransferPayload.text(answer))) == answer)
    }

    /// The longest name of a file system, and as many of the longest addresses as a message can have.
    @Test func theLargestFitsIntoASignal() throws {
        let addresses = Array(
            repeating: "[2001:db8:1111:2222:3333:4444:5555:6666]:65535", count: TransferPayload.maximumAddresses)
        let name = String(repeating: "\u{1}", count: 255)
        let text = try #require(TransferPayload.text(TransferPayload.Offer(name: name, size: .max, key: key, addresses: addresses)))
        #expect(TransferSignal(verb: .offer, id: "a", payload: text) != nil)
    }

    @Test(arguments: [
        "", "{", "null", "[]", #"{"name":"a","size":1}"#, #"{"name":"a","size":-1,"key":"AAAA","addresses":[]}"#,
        #"{"name":"a","size":1,"key":"AAAA","addresses":[]}"#, #"{"name":"a","size":1,"key":"!","addresses":[]}"#,
    ])
    func whatIsNoneIsNotTaken(text: String) {
        #expect(TransferPayload.offer(text) == nil)
        #expect(TransferPayload.acceptance(text) == nil)
    }

    @Test func moreAddressesThanAnybodyHasAreNotTaken() throws {
        let addresses = Array(repeating: "127.0.0.1:1", count: TransferPayload.maximumAddresses + 1)
        let text = try #require(TransferPayload.text(TransferPayload.Acceptance(key: key, secret: key, addresses: addresses)))
        #expect(TransferPayload.acceptance(text) == nil)
    }

    @Test func onlyAddressesAreEverLookedAt() {
        let named = ["localhost:9", "cafe.de:9", "127.1:9", "2130706433:9", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "", ":9"]
        #expect(TransferPayload.networkAddresses(named).isEmpty)
        #expect(
            TransferPayload.networkAddresses(["127.0.0.1:9", "x", "[::1]:7"]) == [
                NetworkAddress(ipv4: 0x7F00_0001, port: 9), NetworkAddress(high: 0, low: 1, port: 7),
            ])
    }
}
