import Connectivity
import Foundation
import TestSupport
import Testing
import TransferProtocol

@testable import chatty

/// What a sender and a receiver say to each other by a code.
@Suite struct CodeTextTests {
    private static let key = Data(repeating: 0xFF, count: 32)
    private static let samples: [CodeText] = [
        .ready, .done, .refusal(.sends), .refusal(.taken),
        .offer(CodeText.Offer(key: key, addresses: ["192.0.2.1:9", "[2001:db8::1]:9"], search: true)),
        .acceptance(TransferPayload.Acceptance(key: key, secret: key, addresses: ["192.0.2.1:9"], search: nil)),
    ]

    @Test(arguments: samples) func whatIsWrittenIsRead(text: CodeText) { #expect(CodeText(text.bytes) == text) }

    /// As chatty-transfer(7) describes it.
    @Test func theFormIsTheDocumentedOne() {
        #expect(String(decoding: CodeText.ready.bytes, as: UTF8.self) == #"{"ready":true}"#)
        #expect(String(decoding: CodeText.refusal(.unable).bytes, as: UTF8.self) == #"{"refusal":"unable"}"#)
        let offer = #"{"offer":{"addresses":["192.0.2.1:9"],"key":"\#(Self.key.base64EncodedString())","search":true,"more":1},"more":[]}"#
        #expect(CodeText(Array(offer.utf8)) == .offer(CodeText.Offer(key: Self.key, addresses: ["192.0.2.1:9"], search: true)))
    }

    @Test func whatIsWrongIsNotRead() {
        for text in ["", "{}", "[]", "{\"ready\":false}", "{\"ready\":1}", "{\"refusal\":\"other\"}", "{\"offer\":{}}"] {
            #expect(CodeText(Array(text.utf8)) == nil, "\(text)")
        }
        let short = CodeText.offer(CodeText.Offer(key: Data([1]), addresses: [], search: nil))
        #expect(CodeText(short.bytes) == nil)
        let many = CodeText.offer(
            CodeText.Offer(
                key: Self.key, addresses: Array(repeating: "192.0.2.1:9", count: TransferPayload.maximumAddresses + 1), search: nil))
        #expect(CodeText(many.bytes) == nil)
    }

    /// The longest answer that is possible, with as many addresses as can be announced, fits into the longest text of an exchange.
    @Test func theLongestFits() {
        let longest = NetworkAddress(high: .max, low: .max, port: .max)
        let addresses = CodeGreeting.addresses(port: 1, announced: Array(repeating: longest, count: Ticket.maximumAddresses))
        let text = CodeText.acceptance(
            TransferPayload.Acceptance(key: Self.key, secret: Self.key, addresses: addresses, search: true))
        #expect(text.bytes.count <= 1100)
    }

    @Test func anythingIsReadOrRefused() {
        var random = SeededGenerator(seed: 2)
        for round in 0..<3000 {
            guard let text = CodeText(random.mutated(Self.samples[round % Self.samples.count].bytes)) else { continue }
            #expect(CodeText(text.bytes) == text)
        }
    }
}
