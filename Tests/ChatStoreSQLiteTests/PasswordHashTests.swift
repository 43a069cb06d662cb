import ChatProtocol
import ChatStore
import Foundation
import NIOConcurrencyHelpers
import SystemSupport
import TestSupport
import Testing

@testable import ChatStoreSQLite

@Suite(.longComputation) struct PasswordHashTests {
    /// RFC 7914 §12, the third vector with its hash cut to the 64 bytes allowed here.
    @Test func aKnownHashIsMatched() throws {
        let key = Data([
            0x70, 0x23, 0xbd, 0xcb, 0x3a, 0xfd, 0x73, 0x48, 0x46, 0x1c, 0x06, 0xcd, 0x81, 0xfd, 0x38, 0xeb, 0xfd, 0xa8, 0xfb, 0xba, 0x90,
            0x4f, 0x8e, 0x3e, 0xa9, 0xb5, 0x43, 0xf6, 0x54, 0x5d, 0xa1, 0xf2, 0xd5, 0x43, 0x29, 0x55, 0x61, 0x3f, 0x0f, 0xcf, 0x62, 0xd4,
            0x97, 0x05, 0x24, 0x2a, 0x9a, 0xf9, 0xe6, 0x1e, 0x85, 0xdc, 0x0d, 0x65, 0x1e, 0x40, 0xdf, 0xcf, 0x01, 0x7b, 0x45, 0x57, 0x58,
            0x87,
        ])
        func bare(_ data: Data) -> String { data.base64EncodedString().replacingOccurrences(of: "=", with: "") }
        let text = "$scrypt$ln=14,r=8,p=1$\(bare(Data("SodiumChloride".utf8)))$\(bare(key))"
        let hash = try #require(PasswordHash(text))
        #expect(hash.text == text)
        #expect(try hash.matches("pleaseletmein"))
        #expect(try !hash.matches("pleaseletmeout"))
    }

    @Test func newHashesCarryTheStandardCostAndTheirOwnSalt() throws {
        let (one, other) = (try PasswordHash(of: "secret"), try PasswordHash(of: "secret"))
        #expect(one.text.hasPrefix("$scrypt$ln=14,r=8,p=5$"))
        #expect(one.salt != other.salt && one.key != other.key)
        #expect(PasswordHash(one.text) == one)
        #expect(try one.matches("secret"))
    }

    @Test(arguments: [
        "", "secret", "$scrypt$", "$argon2id$v=19$m=1,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=14,r=8$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=40,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=-1,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=14,r=8,p=5$$AAAAAAAAAAAAAAAAAAAAAAAA", "$scrypt$ln=14,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$",
        "$scrypt$ln=14,r=8,p=5$A*AAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
    ]) func whatIsNoHashIsNil(text: String) { #expect(PasswordHash(text) == nil) }

    @Test(arguments: [(13, 8, 5, true), (14, 8, 4, true), (14, 8, 5, false), (15, 8, 1, true), (17, 8, 1, false), (14, 8, 6, false)])
    func costsAreComparedByWorkAndMemory(rounds: Int, size: Int, parallelism: Int, isBelow: Bool) {
        #expect(PasswordHash.Cost(log2Rounds: rounds, blockSize: size, parallelism: parallelism).isBelow(.standard) == isBelow)
    }
}
