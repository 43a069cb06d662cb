import ChatProtocol
import Foundation
import TestSupport
import Testing

@testable import ChatClient

/// The client against a server that follows a script, over real sockets.
@Suite struct ClientDriverTests {
    private func trust(_ folder: TemporaryFolder, port: Int, stranger: ServerTrust.Stranger = .refuse, demanded: Fingerprint? = nil)
        -> ServerTrust
    {
        ServerTrust(
            server: .init(host: "127.0.0.1", port: port), knownHosts: KnownHosts(path: folder.path + "/known_hosts"), stranger: stranger,
            demanded: demanded, forgetCommand: "chatty forget")
    }

    static let loggedIn = ["connected", "name?", "password of yoda?", "in as yoda"]

    @Test func overTLSTheKeyOfThisMachineIsPinnedUnasked() async throws {
        let folder = try TemporaryFolder()
        let server = try await ScriptedServer.start(identity: .one, ScriptedServer.hospitable())
        let trust = trust(folder, port: server.port)
        let client = DrivenClient(port: server.port, trust: trust)
        #expect(await client.logIn() == Self.loggedIn)
        #expect(try trust.knownHosts.record(of: trust.server) == .key(Fingerprint(ofCertificate: TestIdentity.one.der)))
        client.driver.submit(.request(RequestID(rawValue: 1), .logOut))
        #expect(await client.events(until: "ended") == ["1 done: Bye, yoda!", "ended: loggedOut"])
        await client.driver.shutDown()
        try await server.stop()
    }

    /// All clients meet the server for the first time, and all but one find that another has recorded it first.
    @Test func manyClientsMeetAServerAtOnce() async throws {
        let folder = try TemporaryFolder()
        let server = try await ScriptedServer.start(identity: .one, ScriptedServer.hospitable())
        let trust = trust(folder, port: server.port)
        let clients = (1...16).map { _ in DrivenClient(port: server.port, trust: trust) }
        await withTaskGroup(of: [String].self) { group in
            for client in clients { group.addTask { await client.logIn() } }
            for await events in group { #expect(events == Self.loggedIn) }
        }
        for client in clients { await client.driver.shutDown() }
        try await server.stop()
    }

    @Test func aChangedKeyIsRefusedLoudlyBeforeAnythingIsSent() async throws {
        let folder = try TemporaryFolder()
        let server = try await ScriptedServer.start(identity: .two, ScriptedServer.hospitable())
        let trust = trust(folder, port: server.port)
        try trust.knownHosts.put(.key(Fingerprint(ofCertificate: [1])), of: trust.server)
        let client = DrivenClient(port: server.port, trust: trust)
        client.driver.submit(.start)
        let events = await client.events(until: "ended")
        #expect(events.count == 1 && events[0].contains("refused") && events[0].contains("HAS CHANGED"))
        await client.driver.shutDown()
        try await server.stop()
    }

    @Test func onlyTheDemandedKeyIsTaken() async throws {
        let folder = try TemporaryFolder()
        let server = try await ScriptedServer.start(identity: .one, ScriptedServer.hospitable())
        let wrong = DrivenClient(port: server.port, trust: trust(folder, port: server.port, demanded: Fingerprint(ofCertificate: [1])))
        wrong.driver.submit(.start)
        #expect(await wrong.events(until: "ended").first?.contains("not the one given with --fingerprint") == true)
        await wrong.driver.shutDown()
        let right = DrivenClient(
            port: server.port, trust: trust(folder, port: server.port, demanded: Fingerprint(ofCertificate: TestIdentity.one.der)))
        #expect(await right.logIn() == Self.loggedIn)
        await right.driver.shutDown()
        try await server.stop()
    }

    @Test func plainTextWorksToo() async throws {
        let server = try await ScriptedServer.start(identity: nil, ScriptedServer.hospitable())
        let client = DrivenClient(port: server.port, trust: nil)
        #expect(await client.logIn() == Self.loggedIn)
        server.send(":luke!l@chatty PRIVMSG yoda :hi")
        #expect(await client.events(until: "hi").count == 1)
        await client.driver.shutDown()
        try await server.stop()
    }

    @Test func aDroppedConnectionIsMendedAndWhatWasTypedMeanwhileIsSent() async throws {
        let server = try await ScriptedServer.start(
            identity: nil,
            ScriptedServer.hospitable { line, connection in
                guard line.contains("PRIVMSG") else { return [] }
                return [
                    String(line.prefix { $0 != " " }) + ";time=2026-01-31T12:00:00.000Z :yoda!y@chatty PRIVMSG luke :from \(connection)"
                ]
            })
        let client = DrivenClient(port: server.port, trust: nil)
        #expect(await client.logIn() == Self.loggedIn)
        server.drop()
        #expect(await client.events(until: "lost") == ["lost"])
        client.driver.submit(.request(RequestID(rawValue: 9), .message(to: "luke", text: "x")))
        #expect(await client.events(until: "9") == ["in as yoda again", "9 done: Message to luke sent at 2026-01-31T12:00:00Z."])
        await client.driver.shutDown()
        try await server.stop()
    }

    @Test func nobodyThere() async throws {
        let server = try await ScriptedServer.start(identity: nil, ScriptedServer.hospitable())
        let port = server.port
        try await server.stop()
        let client = DrivenClient(port: port, trust: nil)
        client.driver.submit(.start)
        #expect(await client.events(until: "ended") == ["ended: unreachable(\"127.0.0.1:\(port): Connection refused.\")"])
        await client.driver.shutDown()
    }

    @Test func aServerThatDoesNotSpeakTLSIsUnreachable() async throws {
        let folder = try TemporaryFolder()
        let server = try await ScriptedServer.start(identity: nil, greeting: "SSH-2.0-OpenSSH_9.2\r\n") { _, _ in [] }
        let client = DrivenClient(port: server.port, trust: trust(folder, port: server.port))
        client.driver.submit(.start)
        let events = await client.events(until: "ended")
        #expect(events.count == 1 && events[0].contains("unreachable") && events[0].contains("TLS"))
        await client.driver.shutDown()
        try await server.stop()
    }
}
