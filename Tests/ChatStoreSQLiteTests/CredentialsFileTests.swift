import ChatProtocol
import Foundation
import SystemSupport
import TestSupport
import Testing

@testable import ChatStoreSQLite

@Suite struct CredentialsFileTests {
    /// A combining mark after the space belongs to the password. It hides neither the space nor the marks of a hash.
    @Test func delimitersAreBytes() {
        let file = CredentialsFile(contents: Array("gra \u{308}pw\nben\t\u{301}\nlando $\u{301}6$\u{301}x$y\nleia $6$\u{301}x$y\n".utf8))
        #expect(file.entries.map(\.name.text) == ["gra", "ben", "lando"])
        #expect(file.entries.map { Array($0.password.utf8) } == ["\u{308}pw", "\u{301}", "$\u{301}6$\u{301}x$y"].map { Array($0.utf8) })
        #expect(file.badLines == [.init(line: 4, reason: "the password is a hash; write the password itself")])
    }

    @Test func goodLinesAreTakenAndBadOnesNamed() throws {
        let text = """
            \u{FEFF}hans falcon*solo
            # a remark

            yoda wise@!man\r
              luke \t light saber \t
            9lives cat
            chewie
            HANS again
            \(String(repeating: "n", count: 33)) x
            ben \(String(repeating: "p", count: 513))
            r2.d2_- beep
            lando $2y$10$abcdefghijklmnopqrstuv
            leia $scrypt$ln=14,r=8,p=5$c2FsdA$aGFzaA
            wedge $5$or$so
            biggs $5 or 6$ or more
            """
        let file = CredentialsFile(contents: Array(text.utf8) + [0x0A, 0x61, 0x20, 0xFF])
        #expect(file.entries.map(\.name.text) == ["hans", "yoda", "luke", "r2.d2_-", "biggs"])
        #expect(file.entries.map(\.password) == ["falcon*solo", "wise@!man", "light saber", "beep", "$5 or 6$ or more"])
        #expect(file.entries.map(\.line) == [1, 4, 5, 11, 15])
        #expect(
            file.badLines == [
                .init(line: 6, reason: "the name is not allowed: it must begin with a letter"),
                .init(line: 7, reason: "the password is empty"),
                .init(line: 8, reason: "line 1 already has the name HANS"),
                .init(line: 9, reason: "the name is not allowed: it is longer than 32 characters"),
                .init(line: 10, reason: "the password is longer than 512 bytes"),
                .init(line: 12, reason: "the password is a hash; write the password itself"),
                .init(line: 13, reason: "the password is a hash; write the password itself"),
                .init(line: 14, reason: "the password is a hash; write the password itself"),
                .init(line: 16, reason: "the line is not UTF-8"),
            ])
    }

    @Test func whatCannotBeReadIsAnErrorOfOneLine() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("none")
        #expect(throws: UserFacingError("The credentials file \(path) cannot be read: No such file or directory")) {
            try CredentialsFile(path: path)
        }
        #expect(throws: UserFacingError("The credentials file \(folder.path) cannot be read: Is a directory")) {
            try CredentialsFile(path: folder.path)
        }
    }

    @Test func whatIsNewIsAddedAndWhatIsThereIsLeft() throws {
        let fixture = try StoreFixture()
        let book = AccountBook(fixture.store, cost: .cheap)
        let file = CredentialsFile(contents: Array("YODA other\nethan secret\n".utf8))
        let imported = try book.add(file.entries, at: StoreFixture.start)
        #expect(imported == .init(added: [try Name("ethan")], present: [try Name("yoda")]))
        #expect(try book.add(file.entries, at: StoreFixture.start).added.isEmpty)
        let ethan = try #require(try fixture.store.findAccount(Name("Ethan")))
        let phc = try #require(try fixture.store.password(of: ethan.id)?.hash)
        #expect(try #require(PasswordHash(phc)).matches("secret"))
        #expect(try fixture.store.password(of: StoreFixture.yoda)?.hash == "none")
    }
}
