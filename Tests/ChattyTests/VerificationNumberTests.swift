import Foundation
import Testing

@testable import chatty

@Suite struct VerificationNumberTests {
    private static let one = Data(repeating: 1, count: 32)
    private static let other = Data(repeating: 2, count: 32)

    @Test func isTheSameForBothSidesAndAnotherForOtherKeys() throws {
        let number = VerificationNumber.of(Self.one, Self.other)
        #expect(number == VerificationNumber.of(Self.other, Self.one))
        #expect(try #/(\d{5} ){7}\d{5}/#.wholeMatch(in: number) != nil)
        var third = Self.other
        third[31] ^= 1
        #expect(number != VerificationNumber.of(Self.one, third))
    }

    /// Computed with Python's hashlib, as chatty-transfer(7) describes it: clients of different versions have to agree.
    @Test func isTheOneThatTheManualGives() throws {
        let number = "32930 38584 03417 24449 10664 58534 64141 65436"
        #expect(VerificationNumber.of(Self.one, Self.other) == number)
        let page = GeneratedFilesTests.package.appendingPathComponent("man/chatty-transfer.7")
        #expect(try String(contentsOf: page, encoding: .utf8).contains("\n\(number)\n"))
    }
}
