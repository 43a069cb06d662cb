import ChatProtocol
import Foundation
import GRDB
import NIOCore
import SystemSupport
import TestSupport
import Testing

@testable import ChatServer
@testable import ChatStoreSQLite

@Suite struct ServiceTests {
    @Test func aKeptMessageComesAfterARestart() async throws {
        let first = try await RunningServer()
        let yoda = try await first.logIn("yoda")
        try await yoda.send("PRIVMSG luke :kept for you\r\n")
        try await yoda.expect("PRIVMSG luke :kept for you\r\n")
        try await first.server.stop()
        #expect(try await yoda.end().contains("ERROR :The server is shutting down.\r\n"))
        try await RunningServer.use(in: first.temporary) { server in
            let luke = try await server.logIn("luke")
            try await luke.expect(":yoda!yoda@chatty PRIVMSG luke :kept for you\r\n")
            try await luke.send("QUIT\r\n")
            _ = try await luke.end()
            let again = try await server.logIn("luke")
            try await again.send("PING mark\r\n")
            #expect(!(try await again.expect("PONG")).contains("kept for you"), "once only")
        }
    }

    @Test func membershipAndHistorySurviveARestart() async throws {
        let first = try await RunningServer()
        let (yoda, luke) = (try await first.logIn("yoda"), try await first.logIn("luke"))
        try await yoda.send("CREATEGROUP #jedi luke\r\n")
        try await yoda.expect(" 366 ")
        try await luke.send("JOIN #jedi\r\n")
        try await luke.expect(" 366 ")
        try await luke.send("QUIT\r\n")
        _ = try await luke.end()
        try await yoda.send("PRIVMSG #jedi :while luke was away\r\n")
        try await yoda.expect("PRIVMSG #jedi :while luke was away\r\n")
        try await first.server.stop()
        try await RunningServer.use(in: first.temporary) { server in
            let again = try await server.logIn("luke")
            try await again.expect("JOIN #jedi")
            try await again.expect("PRIVMSG #jedi :while luke was away\r\n")
            let hans = try await server.logIn("hans", capabilities: "sasl standard-replies")
            try await hans.send("JOIN #jedi\r\n")
            try await hans.expect("jedi")
            #expect(!hans.unread.contains(" 366 "))
        }
    }

    @Test func aChangeOfAccountsByAnotherProcessIsSeenAtOnce() async throws {
        try await RunningServer.use { server in
            let yoda = try await server.logIn("yoda")
            let other = try Store(DataFolder(server.temporary.file("data")))
            let book = AccountBook(other, cost: .cheap)
            try book.add([Name("chewie")], password: "pw-chewie", at: RunningServer.accountsMade)
            _ = try await server.logIn("chewie")
            try book.setBlocked(Name("yoda"), true)
            #expect(try await yoda.end().contains("ERROR :The account yoda has been removed or blocked.\r\n"))
            try book.setPassword(of: Name("luke"), to: "another")
            _ = try await server.logIn("luke", password: "another")
        }
    }

    /// Sessions of the old password are closed, and those of the new one stay, however soon they log in.
    @Test func aPasswordSetByAnotherProcessLogsOut() async throws {
        try await RunningServer.use { server in
            let old = try await server.logIn("luke")
            let book = AccountBook(try Store(DataFolder(server.temporary.file("data"))), cost: .cheap)
            try book.setPassword(of: Name("luke"), to: "another")
            let new = try await server.logIn("luke", password: "another")
            #expect(try await old.end().contains("ERROR :The password of luke has been changed. Log in with the new one.\r\n"))
            try await eventually {
                server.events.all.contains("User: luke successfully logged out 1 session that used the old password.\n")
            }
            try await new.send("PRIVMSG luke :here I stay\r\n")
            try await new.expect("PRIVMSG luke :here I stay\r\n")
        }
    }

    /// Many tokens share a commit, as all proposals do, and all of them are valid.
    @Test func tokensAreInTheGroupCommit() async throws {
        try await RunningServer.use { server in
            let yoda = try await server.logIn("yoda", capabilities: "sasl standard-replies")
            try await yoda.send(String(repeating: "TOKEN\r\n", count: 40))
            for _ in 1...32 { try await yoda.expect("RESUME_TOKEN ") }
            let token = try await yoda.expect(" ")
            try await yoda.expect("TOO_MANY_TOKENS ")
            try await yoda.expect(":Your account has asked for too many tokens. Try again ")
            _ = try await server.logIn("yoda", password: token)
        }
    }

    @Test func whoIsActiveIsKnownToOtherProcesses() async throws {
        try await RunningServer.use { server in
            let yoda = try await server.logIn("yoda")
            let book = AccountBook(try Store(DataFolder(server.temporary.file("data"))))
            try await eventually { try book.list().filter(\.isActive).map(\.name.text) == ["yoda"] }
            try await yoda.send("QUIT\r\n")
            try await eventually { try book.list().filter(\.isActive).isEmpty }
        }
    }

    @Test func aFailingStoreIsToldToTheSenderAndTheServiceGoesOn() async throws {
        try await RunningServer.use { server in
            let (yoda, luke) = (
                try await server.logIn("yoda", capabilities: "sasl standard-replies echo-message"), try await server.logIn("luke")
            )
            try await server.server.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
            try await yoda.send("PRIVMSG luke :lost\r\n")
            try await yoda.expect("FAIL PRIVMSG STORE_FAILED")
            try await server.server.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 0") }
            try await yoda.send("PRIVMSG luke :kept\r\n")
            try await luke.expect("PRIVMSG luke :kept\r\n")
            #expect(!luke.unread.contains("lost"))
            #expect(server.told.all.contains("The database cannot be written, and messages are refused: "))
        }
    }

    @Test func aPortInUseIsOneLine() async throws {
        try await RunningServer.use { server in
            await #expect(throws: UserFacingError("Port \(server.port) is already in use; choose another: chatty serve PORT")) {
                try await RunningServer { $0.port = server.port }
            }
        }
    }

    @Test func aFolderInUseIsOneLine() async throws {
        try await RunningServer.use { server in
            let path = server.temporary.file("data")
            await #expect(
                throws: UserFacingError(
                    "The data folder \(path) is in use by the server with pid \(getpid()). Stop that server, or choose another folder with --data."
                )
            ) {
                try await RunningServer(in: server.temporary)
            }
        }
    }

    @Test func credentialsAreTakenAtTheStart() async throws {
        let temporary = try TemporaryFolder()
        try Data("ethan hunt\nbad\n".utf8).write(to: URL(filePath: temporary.file("credentials.txt")))
        try await RunningServer.use(in: temporary, .init { $0.credentialsFile = temporary.file("credentials.txt") }) { server in
            _ = try await server.logIn("ethan", password: "hunt")
            #expect(server.told.all == "\(temporary.file("credentials.txt")):2: the password is empty\n")
        }
    }

    @Test func aReloadTakesNewAccountsAndANewCertificateAndDropsNobody() async throws {
        let temporary = try TemporaryFolder()
        let file = URL(filePath: temporary.file("credentials.txt"))
        try Data("ethan hunt\n".utf8).write(to: file)
        try await RunningServer.use(in: temporary, .init { $0.credentialsFile = file.path }) { server in
            let ethan = try await server.logIn("ethan", password: "hunt", tls: true)
            try Data("ethan changed\nluther stickell\n".utf8).write(to: file)
            for name in ["tls-cert.pem", "tls-key.pem"] { try FileManager.default.removeItem(atPath: temporary.file("data/" + name)) }
            let fingerprint = try await server.server.reload()
            #expect(fingerprint != server.server.fingerprint)
            let luther = try await server.logIn("luther", password: "stickell", tls: true)
            try await luther.send("PRIVMSG ethan :good morning\r\n")
            try await ethan.expect("PRIVMSG ethan :good morning\r\n")
            _ = try await server.logIn("ethan", password: "hunt")
            try FileManager.default.removeItem(at: file)
            await #expect(throws: UserFacingError.self) { try await server.server.reload() }
        }
    }

    @Test func theIdentityIsMadeOnceAndPrivate() async throws {
        let temporary = try TemporaryFolder()
        let folder = DataFolder(temporary.path)
        let identity = try TLSIdentity(of: folder)
        #expect(try TLSIdentity(of: folder).fingerprint == identity.fingerprint)
        #expect(identity.fingerprint.wholeMatch(of: /SHA256:([0-9A-F]{2}:){31}[0-9A-F]{2}/) != nil)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.file("tls-key.pem"))[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let other = try TLSIdentity(of: DataFolder(temporary.path + "/").sibling("other"))
        #expect(other.fingerprint != identity.fingerprint)
        for (missing, there) in [("tls-key.pem", "tls-cert.pem"), ("tls-cert.pem", "tls-key.pem")] {
            let kept = try Data(contentsOf: URL(fileURLWithPath: folder.file(there)))
            try FileManager.default.moveItem(atPath: folder.file(missing), toPath: folder.file("elsewhere"))
            #expect(throws: UserFacingError.self, "half an identity is an accident") { try TLSIdentity(of: folder) }
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file(there))) == kept)
            try FileManager.default.moveItem(atPath: folder.file("elsewhere"), toPath: folder.file(missing))
        }
        #expect(try TLSIdentity(of: folder).fingerprint == identity.fingerprint)
        #expect(throws: UserFacingError.self) {
            try TLSIdentity(certificateFile: folder.file("tls-cert.pem"), keyFile: temporary.file("other/tls-key.pem"))
        }
        #expect(throws: UserFacingError.self) {
            try TLSIdentity(certificateFile: folder.file("tls-key.pem"), keyFile: folder.file("tls-key.pem"))
        }
    }

    @Test func eventsAreJSONLinesWhereAskedFor() async throws {
        let running = try await RunningServer { $0.logFormat = .json }
        let yoda = try await running.logIn("yoda")
        try await yoda.send("JOIN #jedi\r\nQUIT\r\n")
        _ = try await yoda.end()
        try await running.server.stop()
        let lines = running.events.all.split(separator: "\n")
        #expect(lines.count >= 4)
        for line in lines {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
            #expect(Timestamp(iso8601: try #require(object["time"])) != nil)
            #expect(object["user"] == "yoda")
        }
    }

    /// In text and in JSON, a stranger's name is a quoted value, and the line has the address.
    @Test(arguments: [EventLog.Format.text, .json]) func aNameCannotForgeALine(format: EventLog.Format) async throws {
        let running = try await RunningServer { $0.logFormat = format }
        let name = "yoda successfully logged in.\nUser: \"x"
        let client = try await RawClient(port: running.port, first: "CAP REQ :sasl\r\nAUTHENTICATE PLAIN\r\n")
        try await client.expect("AUTHENTICATE +")
        try await client.send("AUTHENTICATE \(Data("\0\(name)\0secret".utf8).base64EncodedString())\r\n")
        try await client.expect(" 904 ")
        try await running.server.stop()
        let lines = running.events.all.split(separator: "\n")
        let quoted = #""yoda successfully logged in.\nUser: \"x""#
        switch format {
        case .text, .timedText: #expect(lines == ["User: \(quoted) failed to log in: there is no user \(quoted) (from 127.0.0.1)."])
        case .json:
            #expect(lines.count == 1)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: String])
            #expect(object["user"] == name && object["reason"] == "there is no user " + quoted && object["what"] == "log in")
            #expect(object["address"] == "127.0.0.1" && object["event"] == "failed")
        }
    }
}

extension DataFolder {
    fileprivate func sibling(_ name: String) throws -> DataFolder {
        let folder = DataFolder(path + name)
        try folder.prepare()
        return folder
    }
}
