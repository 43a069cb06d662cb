import ChatProtocol
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ChatServer

/// A client that asks for more than it reads waits, and is never disconnected for that.
@Suite struct BackPressureTests {
    private static var unbounded: RunningServer.Change { .init { $0.rules.messageRate = nil } }

    /// The input of `printf | nc`.
    @Test func aScriptMaySayAllOfItAtOnce() async throws {
        try await RunningServer.use(Self.unbounded) { server in
            let client = try await RawClient(port: server.port)
            try await client.expect("Enter username: ")
            let count = 3000
            try await client.send("yoda\npw-yoda\n" + (1...count).map { "/creategroup g\($0) \u{0}\n" }.joined())
            try await client.expect("Welcome! yoda\n")
            for _ in 1...count { try await client.expect(Reply.forbiddenByte.text + "\n") }
            try await client.send("/activeuser\n")
            try await client.endInput()
            #expect(try await client.end() == "No other active user.\n")
        }
    }

    @Test func historyMayBeAskedForWithoutWaiting() async throws {
        try await RunningServer.use(Self.unbounded) { server in
            let yoda = try await server.logIn("yoda", capabilities: "sasl batch echo-message draft/chathistory")
            let text = String(repeating: "z", count: 4000)
            for number in 1...100 { try await yoda.send("PRIVMSG luke :\(number) \(text)\r\n") }
            for number in 1...100 { try await yoda.expect(" PRIVMSG luke :\(number) ") }
            let asked = 6
            try await yoda.send(String(repeating: "CHATHISTORY LATEST luke * 100\r\n", count: asked) + "PING last\r\n")
            for _ in 1...asked {
                for number in 1...100 { try await yoda.expect(" PRIVMSG luke :\(number) ") }
                try await yoda.expect("BATCH -")
            }
            try await yoda.expect("PONG chatty last")
        }
    }

    /// Commands of others run meanwhile, and the answers arrive once they are read.
    @Test func whoDoesNotReadWaitsAlone() async throws {
        try await RunningServer.use(Self.unbounded) { server in
            let sink = try await RawClient(
                port: server.port, first: "CAP REQ :sasl batch echo-message draft/chathistory\r\n", receiveBuffer: 4096)
            try await sink.register("yoda", password: "pw-yoda")
            let text = String(repeating: "z", count: 4000)
            for number in 1...100 { try await sink.send("PRIVMSG luke :\(number) \(text)\r\n") }
            for number in 1...100 { try await sink.expect(" PRIVMSG luke :\(number) ") }
            try await sink.channel.setOption(.autoRead, value: false).get()
            let asked = 40
            try await sink.send(String(repeating: "CHATHISTORY LATEST luke * 100\r\n", count: asked) + "PRIVMSG hans :last\r\n")
            let hans = try await server.logIn("hans")
            for number in 1...200 {
                try await hans.send("PRIVMSG luke :n\(number)\r\n")
                try await hans.expect("PRIVMSG luke :n\(number)\r\n")
            }
            #expect(!hans.unread.contains("last"), "what comes behind the history is not done before it can be sent")
            try await sink.channel.setOption(.autoRead, value: true).get()
            for _ in 1...asked { try await sink.expect("BATCH -") }
            try await hans.expect("PRIVMSG hans :last")
        }
    }

    /// Responses are sent whatever the limit of the queue.
    @Test func anAnswerMayBeLongerThanTheQueue() async throws {
        let narrow = RunningServer.Change {
            $0.rules.messageRate = nil
            $0.adjust = { $0.sendQueueLimit = 2048 }
        }
        try await RunningServer.use(narrow) { server in
            let yoda = try await server.logIn("yoda", capabilities: "sasl labeled-response batch standard-replies chatty/service")
            for number in 1...100 {
                try await yoda.send("CREATEGROUP g\(number)\r\n")
                try await yoda.expect("GROUP_CREATED g\(number) ")
            }
            try await yoda.send("@label=all GROUPS\r\n")
            for _ in 1...100 { try await yoda.expect(" NOTE GROUPS GROUP ") }
            try await yoda.expect("BATCH -")
            let text = try await RawClient(port: server.port)
            try await text.expect("Enter username: ")
            try await text.send("luke\npw-luke\n/groups\n")
            for _ in 1...100 { try await text.expect(", 1 member\n") }
            // The account's groups are part of the response to its log-in.
            let again = try await server.logIn("yoda")
            for _ in 1...100 { try await again.expect(" 366 ") }
        }
    }

    /// Unrequested output may exceed the limit. The client, the operator and the metrics then learn the reason.
    @Test func aReaderThatIsTooSlowIsToldWhy() async throws {
        let narrow = RunningServer.Change {
            $0.rules.messageRate = nil
            $0.metrics = ("127.0.0.1", 0)
            $0.adjust = {
                $0.sendQueueLimit = 65_536
                // The connection lingers until the client reads on.
                $0.lingering = .hours(1)
            }
        }
        try await RunningServer.use(narrow) { server in
            let sink = try await RawClient(port: server.port, first: "CAP REQ :sasl\r\n", receiveBuffer: 4096)
            try await sink.register("luke", password: "pw-luke")
            try await sink.channel.setOption(.autoRead, value: false).get()
            let text = try await RawClient(port: server.port, receiveBuffer: 4096)
            try await text.expect("Enter username: ")
            try await text.send("luke\npw-luke\n")
            try await text.expect("Welcome! luke\n")
            try await text.channel.setOption(.autoRead, value: false).get()
            let yoda = try await server.logIn("yoda", capabilities: "sasl echo-message")
            let words = String(repeating: "z", count: 3900)
            // More than any socket holds.
            let writing = Task { for number in 1...2000 { try await yoda.send("PRIVMSG luke :\(number) \(words)\r\n") } }
            for number in 1...2000 { try await yoda.expect(" PRIVMSG luke :\(number) ") }
            try await writing.value
            try await sink.channel.setOption(.autoRead, value: true).get()
            #expect(try await sink.end().hasSuffix("\r\n:chatty NOTICE luke :\(Reply.sendQueueExceeded.text)\r\nERROR :SendQ exceeded\r\n"))
            try await text.channel.setOption(.autoRead, value: true).get()
            let end = try await text.end()
            // The reason follows a whole line, of messages or of the log-in.
            #expect(end.hasSuffix("\n\(Reply.sendQueueExceeded.text)\n"), "\(end.suffix(300).debugDescription)")
            try await eventually {
                let page = try await MetricsTests.get(server, "/metrics").body
                // A busy metrics server closes some connections unanswered.
                return try !page.isEmpty && MetricsTests.samples(page)["chatty_sendq_exceeded_total"] == 2
            }
            try await eventually {
                server.events.all.components(separatedBy: "User: luke failed to receive fast enough: SendQ exceeded.\n").count == 3
            }
        }
    }

    /// The commands of a line begin only as fast as earlier ones are answered, and later lines wait for all of them.
    @Test func aLineOfManyGroupsWaitsAsManyLinesDo() async throws {
        let change = RunningServer.Change {
            $0.rules.messageRate = nil
            $0.adjust = { $0.maximumOutstanding = 3 }
        }
        try await RunningServer.use(change) { server in
            let yoda = try await server.logIn("yoda")
            let groups = (1...60).map { "#g\($0)" }
            for command in ["JOIN", "PART"] {
                try await yoda.send("\(command) \(groups.joined(separator: ","))\r\nPING done\r\n")
                let told = try await yoda.expect("PONG chatty done")
                let done = told.split(separator: "\r\n").filter { $0.hasPrefix(":yoda!yoda@chatty \(command) ") }
                #expect(done.map { String($0.split(separator: " ")[2]) } == groups)
            }
        }
    }
}
