import Foundation
import TestSupport
import Testing

extension ServiceTests {
    /// Acknowledged messages survive a kill of the server at any moment, once and in order (repeated `kill -9` under load).
    @Suite("Killed again and again")
    struct ChaosTests {
        private static let speakers = ["anakin", "ben", "chewie", "dooku", "evazan", "finn"]
        private static let messagesOfEach = 150
        private static let kills = 8

        @Test(arguments: [1, 2] as [UInt64])
        func everyAcknowledgedMessageIsThereOnceAndInOrder(seed: UInt64) async throws {
            var random = SeededGenerator(seed: seed)
            let accounts = Dictionary(uniqueKeysWithValues: (Self.speakers + ["watcher"]).map { ($0, "pw-" + $0) })
            var server = try await ChattyServer(accounts: accounts)
            for name in accounts.keys {
                let member = try await server.ircSession(name)
                try member.send("JOIN #all\r\n")
                try await member.input.expect(" 366 ")
            }
            let watcher = try ChattyProcess(
                words: ["connect", "127.0.0.1", "\(server.port)", "-u", "watcher", "--json", "--listen", "-c", "/groups"],
                environment: ["CHATTY_PASSWORD": "pw-watcher"])
            try await watcher.output.expect(#""text":"all, "#)

            let port = server.port
            let speaking = Task {
                try await withThrowingTaskGroup(of: (String, [String: String]).self) { group in
                    for (index, name) in Self.speakers.enumerated() {
                        let friend = Self.speakers[(index + 1) % Self.speakers.count]
                        group.addTask {
                            var speaker = Speaker(name: name, targets: ["#all", friend], count: Self.messagesOfEach, port: port)
                            return (name, try await speaker.run())
                        }
                    }
                    return try await group.reduce(into: [String: [String: String]]()) { $0[$1.0] = $1.1 }
                }
            }
            for _ in 0..<Self.kills {
                for _ in 0..<Int.random(in: 5...60, using: &random) { try await server.process.output.expect("successfully sent ") }
                server.process.kill()
                #expect(try await server.process.exitStatus() == 128 + SIGKILL)
                server = try await ChattyServer(accounts: accounts, data: server.data, port: port)
            }
            let acknowledged = try await speaking.value

            // The store has all acknowledged messages under the acknowledged ids, each text once, those of one speaker in the order of
            // sending.
            for (index, name) in Self.speakers.enumerated() {
                let kept = try await Self.export(of: name, server)
                let own = kept.filter { $0.from == name }
                #expect(own.count == Self.messagesOfEach)
                #expect(Dictionary(own.map { ($0.text, $0.id) }, uniquingKeysWith: { _, _ in "twice" }) == acknowledged[name])
                let all = kept.filter { $0.to == "#all" }
                #expect(all.count == Self.speakers.count * Self.messagesOfEach / 2)
                let before = Self.speakers[(index + Self.speakers.count - 1) % Self.speakers.count]
                let direct = kept.filter { $0.to == name }
                #expect(direct.count == Self.messagesOfEach / 2 && direct.allSatisfy { $0.from == before })
                for conversation in [own.filter { $0.to == "#all" }, own.filter { $0.to != "#all" }, direct] {
                    #expect(Self.isOrdered(conversation))
                }
            }
            // A client that reconnects by itself has shown all messages of the group, each once, in the order of their ids.
            let last = try await server.ircSession(Self.speakers[0])
            try last.send("PRIVMSG watcher :that is all\r\n")
            try await watcher.output.expect(#""text":"that is all""#)
            let shown = watcher.output.text.split(separator: "\n").compactMap { Message(json: String($0)) }.filter { $0.to == "#all" }
            #expect(shown.count == Self.speakers.count * Self.messagesOfEach / 2)
            #expect(Set(shown.map(\.id)).count == shown.count)
            #expect(shown.map(\.id) == shown.map(\.id).sorted())
        }

        /// Whether the numbers after the texts grow with the ids.
        private static func isOrdered(_ messages: [Message]) -> Bool {
            let numbers = messages.sorted { $0.id < $1.id }.compactMap { $0.text.split(separator: " ").last.flatMap { Int($0) } }
            return numbers == numbers.sorted() && numbers.count == messages.count
        }

        private static func export(of name: String, _ server: ChattyServer) async throws -> [Message] {
            let export = try ChattyProcess("users", "export", name, "--data", server.data["store"])
            #expect(try await export.exitStatus() == 0)
            return try await export.output.end().split(separator: "\n").compactMap { Message(json: String($0)) }
        }
    }
}

/// A message as `chatty users export` and `chatty connect --json` write it.
private struct Message {
    let id: String
    let from: String
    /// A user's name, or `#group`.
    let to: String
    let text: String

    /// Returns nil for a line about something else.
    init?(json line: String) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let id = object["id"] as? String, let from = object["from"] as? String, let text = object["text"] as? String
        else { return nil }
        (self.id, self.from, self.text) = (id, from, text)
        to = (object["group"] as? String).map { "#" + $0 } ?? object["to"] as? String ?? ""
    }
}

/// An IRC client that gets all its messages acknowledged, however often its connection is cut: it sends those without an answer again under
/// the same label.
private struct Speaker {
    let name: String
    /// The targets of the messages, in turn.
    let targets: [String]
    let count: Int
    let port: UInt16
    private var acknowledged: [String: String] = [:]

    init(name: String, targets: [String], count: Int, port: UInt16) {
        (self.name, self.targets, self.count, self.port) = (name, targets, count, port)
    }

    /// The most messages without an answer.
    private static let window = 8
    private static let patience = Duration.seconds(120)

    /// - Returns: the id of each text.
    mutating func run() async throws -> [String: String] {
        let deadline = ContinuousClock.now + Speaker.patience
        while acknowledged.count < count {
            do {
                try await speak(as: logIn())
            } catch let failure as HarnessFailure {
                // The server was killed, or has not restarted yet.
                guard ContinuousClock.now < deadline else { throw failure }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        return acknowledged
    }

    private func logIn() async throws -> SocketClient {
        let client = try SocketClient(port: port)
        try client.send(
            """
            PASS \(name):pw-\(name)\r\nNICK \(name)\r\nUSER \(name) 0 * :\(name)\r
            CAP REQ :echo-message labeled-response message-tags batch chatty/service standard-replies\r\nCAP END\r\n
            """)
        try await client.input.expect(" 422 ")
        return client
    }

    private mutating func speak(as client: SocketClient) async throws {
        while acknowledged.count < count {
            let numbers = acknowledged.count..<min(count, acknowledged.count + Speaker.window)
            try client.send(numbers.map { "@label=\(name)-\($0) PRIVMSG \(targets[$0 % targets.count]) :\(text($0))\r\n" }.joined())
            for number in numbers {
                let echo = try Regex("msgid=([0-9A-Z]+)[^ ]* :\(name)![^\\r\\n]* :\(text(number))\\r\\n", as: (Substring, Substring).self)
                acknowledged[text(number)] = String(try await client.input.expect(echo).1)
            }
        }
    }

    private func text(_ number: Int) -> String { "\(name) says \(number)" }
}
