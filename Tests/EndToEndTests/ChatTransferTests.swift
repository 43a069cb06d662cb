import Foundation
import TestSupport
import Testing
import TransferSimulator

extension ServiceTests {
    /// Transfers of files between two real clients through the chat.
    @Suite("Files in the chat")
    struct ChatTransferTests {
        @Test func twoPeopleAndAVideoOfSixteenMegabytes() async throws {
            let chat = try await ChatFixture()
            let (from, to) = (try TemporaryFolder(), try TemporaryFolder())
            let video = Contents.make(16 << 20)
            try video.write(to: URL(fileURLWithPath: from.path + "/my film.mp4"))
            let yoda = try chat.terminal(directory: from.path)
            let luke = try chat.terminal(directory: to.path, "--download-dir", to.path + "/films")
            try await chat.logIn(yoda, as: "yoda")
            try await chat.logIn(luke, as: "luke")
            try yoda.type("/p2pvideo luke my\\ film.mp4\r")
            try await yoda.output.expect("Offered my film.mp4 (16.8 MB) to luke.")
            try await luke.output.expect("yoda offers my film.mp4 (16.8 MB). /accept 1 or /decline 1")
            try luke.type("/accept\r")
            try await luke.output.expect("Receiving my film.mp4 ...")
            // The chat works during the transfer.
            try luke.type("/msgto yoda it is coming\r")
            try await yoda.output.expect("luke: it is coming", within: .seconds(60))
            try await luke.output.expect("Received \(to.path)/films/my film.mp4 from yoda: 16.8 MB in", within: .seconds(120))
            try await yoda.output.expect("luke has my film.mp4: 16.8 MB in")
            #expect(try Data(contentsOf: URL(fileURLWithPath: to.path + "/films/my film.mp4")) == video)
            #expect(try FileManager.default.contentsOfDirectory(atPath: to.path + "/films") == ["my film.mp4"])
            // The number that the users compare to exclude a man in the middle.
            try yoda.type("/verify\r")
            let number = try await yoda.output.expect(/1: my film.mp4 to luke: ((\d{5} ){7}\d{5})\. If luke sees/).1
            try luke.type("/verify 1\r")
            try await luke.output.expect("1: my film.mp4 from yoda: \(number). If yoda sees")
        }

        /// The path of the file loses, reorders, duplicates and damages datagrams; that of the chat does not.
        @Test func aVideoOverABadPathBetweenTwoPeople() async throws {
            let chat = try await ChatFixture()
            let (from, to) = (try TemporaryFolder(), try TemporaryFolder())
            let video = Contents.make(16 << 20)
            try video.write(to: URL(fileURLWithPath: from.path + "/film.mp4"))
            let port = try FreePort.udp()
            var path = LinkModel(delay: .milliseconds(5), loss: 0.02, corrupt: 0.005, mtu: 1472)
            path.reorder = 0.02
            path.duplicate = 0.01
            let link = try UDPLink(to: port, path)
            let yoda = try chat.terminal(directory: from.path)
            let luke = try chat.terminal(udpPort: port, directory: to.path, "--announce", "127.0.0.1:\(link.port)")
            try await luke.output.expect("UDP server listening on port \(port)")
            try await chat.logIn(yoda, as: "yoda")
            try await chat.logIn(luke, as: "luke")
            try yoda.type("/p2pvideo luke film.mp4\r")
            try await luke.output.expect("yoda offers film.mp4 (16.8 MB). /accept 1 or /decline 1")
            try luke.type("/accept\r")
            try await luke.output.expect("Received ./film.mp4 from yoda: 16.8 MB in", within: .seconds(240))
            try await yoda.output.expect("luke has film.mp4: 16.8 MB in")
            #expect(try Data(contentsOf: URL(fileURLWithPath: to.path + "/film.mp4")) == video)
            // All of the video went over that path, and its damage was repaired.
            let counts = link.toServer
            #expect(counts.taken > 10_000 && counts.dropped > 100, "\(counts)")
        }

        @Test func anAddressToAnnounceIsAnAddress() async throws {
            for text in ["nowhere", "example.org:9999", "127.0.0.1:0", "127.0.0.1"] {
                let client = try ChattyProcess("connect", "127.0.0.1", "1", "--announce", text)
                #expect(try await client.exitStatus() == 2)
                #expect(client.diagnostics.text.contains("--announce needs an IPv4 or IPv6 address"))
            }
        }

        @Test func scriptsSendAndTakeFiles() async throws {
            let chat = try await ChatFixture()
            let folder = try TemporaryFolder()
            let receiver = try chat.script(
                as: "luke", directory: folder.path, "--accept", "always", "--download-dir", "in", "--listen", "-c", "/activeuser")
            try await receiver.output.expect("No other active user.")
            for (name, size) in [("empty", 0), ("small", 1), ("larger", 100_000)] {
                let data = Contents.make(size)
                try data.write(to: URL(fileURLWithPath: folder.path + "/" + name))
                let sender = try chat.script(as: "yoda", directory: folder.path, "-c", "/p2pvideo luke \(name)")
                #expect(try await sender.exitStatus() == 0)
                #expect(sender.output.text.contains("luke has \(name): "))
                try await receiver.output.expect("Received in/\(name) from yoda: ")
                #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/in/" + name)) == data)
            }
        }

        @Test func severalFilesAtOnceBothWays() async throws {
            let chat = try await ChatFixture()
            let (one, other) = (try TemporaryFolder(), try TemporaryFolder())
            let data = Contents.make(3_000_000)
            for name in ["a", "b", "c"] {
                try data.write(to: URL(fileURLWithPath: one.path + "/" + name))
                try data.write(to: URL(fileURLWithPath: other.path + "/" + name))
            }
            let yoda = try chat.terminal(directory: one.path, "--accept", "always", "--download-dir", "in")
            let luke = try chat.terminal(directory: other.path, "--accept", "always", "--download-dir", "in")
            try await chat.logIn(yoda, as: "yoda")
            try await chat.logIn(luke, as: "luke")
            try yoda.type("/p2pvideo luke a\r/p2pvideo luke b\r/p2pvideo luke c\r")
            try luke.type("/p2pvideo yoda a\r/p2pvideo yoda b\r/p2pvideo yoda c\r")
            for (client, peer, folder) in [(yoda, "luke", one), (luke, "yoda", other)] {
                for name in ["a", "b", "c"] {
                    try await client.expectScreen(columns: 140, within: .seconds(60)) { screen in
                        screen.transcript.contains { $0.hasPrefix("Received in/\(name) from \(peer): 3 MB") }
                            && screen.transcript.contains { $0.hasPrefix("\(peer) has \(name): 3 MB") }
                    }
                    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/in/" + name)) == data)
                }
            }
        }

        @Test func aScriptIsToldThatTheSameAgainGoesOn() async throws {
            let chat = try await ChatFixture()
            let folder = try TemporaryFolder()
            let video = Contents.make(24 << 20)
            try video.write(to: URL(fileURLWithPath: folder.path + "/film.mp4"))
            let port = try FreePort.udp()
            let link = try UDPLink(to: port, LinkModel(rate: 10e6, delay: .zero))
            func receiver(_ options: String...) throws -> ChattyProcess {
                try ChattyProcess(
                    words: [
                        "connect", "127.0.0.1", chat.port, "\(port)", "-u", "luke", "--json", "--accept", "always", "--download-dir",
                        folder.path + "/in", "--listen", "-c", "/activeuser",
                    ] + options, environment: ["CHATTY_PASSWORD": ChatFixture.password(of: "luke")])
            }
            let first = try receiver("--announce", "127.0.0.1:\(link.port)")
            try await first.output.expect("NO_OTHER_ACTIVE")
            let home = try TemporaryFolder()
            let sender = try chat.script(as: "yoda", home: home, directory: folder.path, "-c", "/p2pvideo luke film.mp4")
            try await first.output.expect(#"{"event":"progress","number":1,"from":"yoda","name":"film.mp4","size":25165824,"done":"#)
            first.signal(SIGTERM)
            #expect(try await first.exitStatus() == 143)
            #expect(try await sender.exitStatus() == 7)
            #expect(sender.diagnostics.text.contains("what arrived is kept"))
            let second = try receiver()
            try await second.output.expect("NO_OTHER_ACTIVE")
            let again = try chat.script(as: "yoda", home: home, directory: folder.path, "-c", "/p2pvideo luke film.mp4")
            #expect(try await again.exitStatus() == 0)
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/in/film.mp4")) == video)
        }

        @Test func whatCannotBeSentIsSaid() async throws {
            let chat = try await ChatFixture()
            let missing = try chat.script(as: "yoda", "-c", "/p2pvideo luke nothing.mp4")
            #expect(try await missing.exitStatus() == 1)
            #expect(missing.diagnostics.text.contains("nothing.mp4"))
            let folder = try TemporaryFolder()
            try Contents.make(10).write(to: URL(fileURLWithPath: folder.path + "/a.mp4"))
            let absent = try chat.script(as: "yoda", directory: folder.path, "-c", "/p2pvideo luke a.mp4")
            #expect(try await absent.exitStatus() == 6)
            #expect(absent.diagnostics.text.contains("luke is not active."))
            let receiver = try chat.script(as: "luke", "--accept", "never", "--listen", "-c", "/activeuser")
            try await receiver.output.expect("No other active user.")
            let declined = try chat.script(as: "yoda", directory: folder.path, "-c", "/p2pvideo luke a.mp4")
            #expect(try await declined.exitStatus() == 6)
            #expect(declined.diagnostics.text.contains("luke declined a.mp4."))
        }

        @Test func anOfferIsDeclinedOrWithdrawn() async throws {
            let chat = try await ChatFixture()
            let folder = try TemporaryFolder()
            try Contents.make(1000).write(to: URL(fileURLWithPath: folder.path + "/a.mp4"))
            let yoda = try chat.terminal(directory: folder.path)
            let luke = try chat.terminal()
            try await chat.logIn(yoda, as: "yoda")
            try await chat.logIn(luke, as: "luke")
            try yoda.type("/p2pvideo luke a.mp4\r")
            try await luke.output.expect("/accept 1 or /decline 1")
            try luke.type("/decline 1\r")
            try await yoda.output.expect("luke declined a.mp4.")
            try yoda.type("/p2pvideo luke a.mp4\r")
            try await luke.output.expect("/accept 2 or /decline 2")
            try luke.type("/transfers\r")
            try await luke.output.expect("2: a.mp4 from yoda (1 kB), waits for /accept 2 or /decline 2")
            try yoda.type("/cancel\r")
            try await luke.output.expect("yoda stopped a.mp4.")
            try luke.type("/accept\r")
            try await luke.output.expect("There is no offer.")
        }

        @Test func anOfferGoesWithTheSessionThatMadeIt() async throws {
            let chat = try await ChatFixture()
            let folder = try TemporaryFolder()
            try Contents.make(1000).write(to: URL(fileURLWithPath: folder.path + "/a.mp4"))
            let luke = try chat.terminal()
            try await chat.logIn(luke, as: "luke")
            let elsewhere = try chat.terminal()
            try await chat.logIn(elsewhere, as: "yoda")
            let interrupted = try chat.script(as: "yoda", directory: folder.path, "-c", "/p2pvideo luke a.mp4")
            try await luke.output.expect("/accept 1 or /decline 1")
            interrupted.signal(SIGINT)
            try await luke.output.expect("yoda stopped a.mp4.")
            let killed = try chat.script(as: "yoda", directory: folder.path, "-c", "/p2pvideo luke a.mp4")
            try await luke.output.expect("/accept 2 or /decline 2")
            killed.kill()
            try await luke.output.expect("The offer of a.mp4 from yoda is closed.", within: .seconds(60))
        }

        @Test func whoComesBackHearsOfTheOffer() async throws {
            let chat = try await ChatFixture()
            let folder = try TemporaryFolder()
            let data = Contents.make(1000)
            try data.write(to: URL(fileURLWithPath: folder.path + "/a.mp4"))
            let first = try chat.terminal()
            try await chat.logIn(first, as: "luke")
            let never = try chat.script(as: "luke", "--accept", "never", "--listen", "-c", "/activeuser")
            try await never.output.expect("No other active user.")
            let sender = try chat.script(as: "yoda", directory: folder.path, "-c", "/p2pvideo luke a.mp4")
            // One session refuses the file, and another may still accept it.
            try await never.output.expect("Declined a.mp4 from yoda.")
            try await first.output.expect("/accept 1 or /decline 1")
            let second = try chat.terminal(directory: folder.path, "--download-dir", "in")
            try await chat.logIn(second, as: "luke")
            first.kill()
            try await second.output.expect("/accept 1 or /decline 1", within: .seconds(60))
            try second.type("/accept\r")
            #expect(try await sender.exitStatus(within: .seconds(60)) == 0)
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/in/a.mp4")) == data)
        }
    }
}
