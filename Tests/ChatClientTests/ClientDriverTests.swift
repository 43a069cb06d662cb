import ChatProtocol
import Foundation
import TestSupport
import Testing

@testable import ChatClient

/// The client against a server that follows a script, over real sockets.
@Suite struct ClientDriverTests {
    /// A driver and what it has told, read one by one.
    private final class Client: Sendable {
        let driver: ClientDriver
        private let events: AsyncStream<ClientEvent>

        init(port: Int, trust: ServerTrust?, host: String = "127.0.0.1", _ change: (inout ClientDriver.Configuration) -> Void = { _ in }) {
            let (events, continuation) = AsyncStream.makeStream(of: ClientEvent.self)
            self.events = events
            var configuration = ClientDriver.Configuration(host: host, port: port, trust: trust)
            configuration.session.labelPrefix = "t"
            configuration.session.seed = 1
            change(&configuration)
            driver = ClientDriver(configuration) { event in
                continuation.yield(event)
                return true
            }
        }

        /// All events up to one that contains `text`; or those of two minutes, which is then seen in what is compared.
        func events(until text: String) async -> [String] {
            await withTaskGroup(of: [String].self) { group in
                group.addTask { [events] in
                    var seen: [String] = []
                    for await event in events {
                        seen.append(SessionTranscript.show(event))
                        if seen.last?.contains(text) == true { break }
                    }
                    return seen
                }
                group.addTask {
                    try? await Task.sleep(for: .seconds(120))
                    return ["nothing with \(text) within two minutes"]
                }
                let first = await group.next() ?? []
                group.cancelAll()
                return first
            }
        }

        func logIn() async -> [String] {
            driver.give(.start)
            var seen = await events(until: "name?")
            driver.give(.name("yoda"))
            seen += await events(until: "?")
            driver.give(.password("secret"))
            seen += await events(until: "in as")
            return seen
        }
    }

    private func trust(_ folder: TemporaryFolder, port: Int, stranger: ServerTrust.Stranger = .refuse, demanded: Fingerprint? = nil)
        -> ServerTrust
    {
        ServerTrust(
            server: .init(host: "127.0.0.1", port: port), knownHosts: KnownHosts(path: folder.path + "/known_hosts"), stranger: stranger,
            demanded: demanded, forgetCommand: "chatty forget")
    }

    private static let loggedIn = ["connected", "name?", "password of yoda?", "in as yoda"]

    @Test func overTLSTheKeyOfThisMachineIsPinnedUnasked() async throws {
        let folder = try TemporaryFolder()
        let server = try await ScriptedServer.start(identity: .one, ScriptedServer.hospitable())
        let trust = trust(folder, port: server.port)
        let client = Client(port: server.port, trust: trust)
        #expect(await client.logIn() == Self.loggedIn)
        let remembered = try trust.knownHosts.fingerprint(of: trust.server)
        #expect(remembered != nil)
        client.driver.give(.request(RequestID(rawValue: 1), .logOut))
        #expect(await client.events(until: "ended") == ["1 done: Bye, yoda!", "ended: loggedOut"])
        await client.driver.shutDown()
        try await server.stop()
    }

    @Test func aChangedKeyIsRefusedLoudlyBeforeAnythingIsSent() async throws {
        let folder = try TemporaryFolder()
        let server = try await ScriptedServer.start(identity: .two, ScriptedServer.hospitable())
        let trust = trust(folder, port: server.port)
        try trust.knownHosts.remember(Fingerprint(ofCertificate: [1]), of: trust.server)
        let client = Client(port: server.port, trust: trust)
        client.driver.give(.start)
        let events = await client.events(until: "ended")
        #expect(events.count == 1 && events[0].contains("refused") && events[0].contains("HAS CHANGED"))
        await client.driver.shutDown()
        try await server.stop()
    }

    @Test func onlyTheDemandedKeyIsTaken() async throws {
        let folder = try TemporaryFolder()
        let server = try await ScriptedServer.start(identity: .one, ScriptedServer.hospitable())
        let wrong = Client(port: server.port, trust: trust(folder, port: server.port, demanded: Fingerprint(ofCertificate: [1])))
        wrong.driver.give(.start)
        #expect(await wrong.events(until: "ended").first?.contains("not the one asked for") == true)
        await wrong.driver.shutDown()
        let base64 = TestIdentity.one.certificate.split(separator: "\n").filter { !$0.contains("-----") }.joined()
        let der = try #require(Data(base64Encoded: base64))
        let right = Client(port: server.port, trust: trust(folder, port: server.port, demanded: Fingerprint(ofCertificate: Array(der))))
        #expect(await right.logIn() == Self.loggedIn)
        await right.driver.shutDown()
        try await server.stop()
    }

    @Test func plainTextWorksToo() async throws {
        let server = try await ScriptedServer.start(identity: nil, ScriptedServer.hospitable())
        let client = Client(port: server.port, trust: nil)
        #expect(await client.logIn() == Self.loggedIn)
        server.say(":luke!l@chatty PRIVMSG yoda :hi")
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
        let client = Client(port: server.port, trust: nil)
        #expect(await client.logIn() == Self.loggedIn)
        server.drop()
        #expect(await client.events(until: "lost") == ["lost"])
        client.driver.give(.request(RequestID(rawValue: 9), .message(to: "luke", text: "x")))
        #expect(await client.events(until: "9") == ["in as yoda again", "9 done: Message to luke sent at 2026-01-31T12:00:00Z."])
        await client.driver.shutDown()
        try await server.stop()
    }

    @Test func nobodyThere() async throws {
        let server = try await ScriptedServer.start(identity: nil, ScriptedServer.hospitable())
        let port = server.port
        try await server.stop()
        let client = Client(port: port, trust: nil)
        client.driver.give(.start)
        #expect(await client.events(until: "ended") == ["ended: unreachable(\"127.0.0.1:\(port): Connection refused.\")"])
        await client.driver.shutDown()
    }

    @Test func aServerThatDoesNotSpeakTLSIsUnreachable() async throws {
        let folder = try TemporaryFolder()
        let server = try await ScriptedServer.start(identity: nil, greeting: "SSH-2.0-OpenSSH_9.2\r\n") { _, _ in [] }
        let client = Client(port: server.port, trust: trust(folder, port: server.port))
        client.driver.give(.start)
        let events = await client.events(until: "ended")
        #expect(events.count == 1 && events[0].contains("unreachable") && events[0].contains("TLS"))
        await client.driver.shutDown()
        try await server.stop()
    }
}
