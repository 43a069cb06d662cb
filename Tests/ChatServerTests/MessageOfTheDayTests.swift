import Foundation
import NIOCore
import SystemSupport
import TestSupport
import Testing

@testable import ChatServer

@Suite struct MessageOfTheDayTests {
    @Test func itIsShownAtLogInAndReadAgain() async throws {
        let temporary = try TemporaryFolder()
        let file = URL(filePath: temporary.file("motd"))
        try Data("Be kind.\n\nThe host\u{7}\n\n".utf8).write(to: file)
        try await RunningServer.use(.init { $0.messageOfTheDayFile = file.path }) { server in
            let text = try await RawClient(port: server.port)
            try await text.expect("Enter username: ")
            try await text.send("yoda\npw-yoda\n")
            try await text.expect("Welcome! yoda\nBe kind.\n \nThe host\nEnter one of the following commands ")
            let irc = try await RawClient(port: server.port, first: "PASS luke:pw-luke\r\nNICK luke\r\nUSER luke 0 * :l\r\n")
            try await irc.expect(
                ":chatty 375 luke :chatty - Message of the day\r\n:chatty 372 luke :Be kind.\r\n:chatty 372 luke : \r\n")
            try await irc.expect(":chatty 376 luke :End of MOTD\r\n")
            try Data("Be kinder.\n".utf8).write(to: file)
            try await server.server.reload()
            try await irc.send("MOTD\r\n")
            #expect(
                try await irc.expect(" 376 ")
                    == ":chatty 375 luke :chatty - Message of the day\r\n:chatty 372 luke :Be kinder.\r\n:chatty")
            // A file that cannot be read leaves the message as it is.
            try Data([0xFF]).write(to: file)
            await #expect(throws: UserFacingError("The message of the day \(file.path) is not UTF-8 text.")) {
                try await server.server.reload()
            }
            try await irc.send("MOTD\r\n")
            try await irc.expect(":Be kinder.\r\n")
        }
    }

    @Test func whatDoesNotFitIsRefusedWithItsLine() throws {
        let temporary = try TemporaryFolder()
        let file = URL(filePath: temporary.file("motd"))
        try Data(("short\n" + String(repeating: "x", count: 401)).utf8).write(to: file)
        #expect(throws: UserFacingError("The message of the day \(file.path) has more than 400 bytes in line 2.")) {
            try MessageOfTheDay(path: file.path)
        }
        try Data(String(repeating: "x\n", count: 201).utf8).write(to: file)
        #expect(throws: UserFacingError.self) { try MessageOfTheDay(path: file.path) }
        try Data("\n\n".utf8).write(to: file)
        #expect(try MessageOfTheDay(path: file.path).lines == [])
    }
}
