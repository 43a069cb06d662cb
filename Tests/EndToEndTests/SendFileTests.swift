import Foundation
import TestSupport
import Testing
import TransferSimulator

/// `send-file` and `recv-file` as users see them: the built program, real sockets, real files.
@Suite("Files from one machine to another", .fewAtATime, .serialized)
struct SendFileTests {
    @Test func aVideoArrivesByTicket() async throws {
        let folder = try TemporaryFolder()
        let movie = Contents.make(16_000_000)
        let source = try folder.write(movie, to: "movie.mp4")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", source, receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.data("movie.mp4") == movie)
        #expect(try target.names() == ["movie.mp4"])
        try await sender.diagnostics.expect(/chatty: Sent movie.mp4: 16.0 MB in [0-9.]+ s, .*\/s\.\n/)
        try await receiver.process.diagnostics.expect(/chatty: Received movie.mp4 \(16.0 MB\) from .*\.\n/)
        #expect(try await sender.output.end() == "")
        #expect(try await receiver.process.output.end() == "")
    }

    /// On a host with several addresses the sender accepts answers only from the one it has contacted; all of 127.0.0.0/8 is this host.
    @Test func toAnAddressThatTheKernelWouldNotChoose() async throws {
        let folder = try TemporaryFolder()
        let bytes = Contents.make(4_000_000)
        let source = try folder.write(bytes, to: "movie.mp4")
        let target = try TemporaryFolder()
        let environment = ["CHATTY_SECRET": "correct horse battery"]
        let receiver = try await FileReceiver(into: target, environment: environment)
        let sender = try ChattyProcess("send-file", source, "127.0.0.2:\(receiver.port)", environment: environment)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.data("movie.mp4") == bytes)
    }

    @Test func aVideoArrivesThroughLoss() async throws {
        let folder = try TemporaryFolder()
        let movie = Contents.make(16_000_000)
        let source = try folder.write(movie, to: "movie.mp4")
        let target = try TemporaryFolder()
        let environment = ["CHATTY_SECRET": "correct horse battery"]
        let receiver = try await FileReceiver(into: target, environment: environment)
        let link = try UDPLink(to: receiver.port, LinkModel(rate: 200e6, delay: .milliseconds(2), loss: 0.02))
        let sender = try ChattyProcess("send-file", source, "127.0.0.1:\(link.port)", environment: environment)
        #expect(try await sender.exitStatus(within: .seconds(240)) == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.data("movie.mp4") == movie)
        let counts = link.toServer
        #expect(counts.dropped > counts.taken / 100, "the path lost what it should: \(counts)")
    }

    /// `--mtu` bounds the sizes that are probed: on a path with that limit no datagram is dropped for its length.
    @Test(arguments: [false, true]) func noDatagramIsLargerThanAsked(bounded: Bool) async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(4_000_000), to: "movie.mp4")
        let target = try TemporaryFolder()
        let environment = ["CHATTY_SECRET": "correct horse battery"]
        let receiver = try await FileReceiver(into: target, environment: environment)
        let link = try UDPLink(to: receiver.port, LinkModel(delay: .milliseconds(1), mtu: 1300))
        let options = bounded ? ["--mtu", "1300"] : []
        let sender = try ChattyProcess(words: ["send-file"] + options + [source, "127.0.0.1:\(link.port)"], environment: environment)
        #expect(try await sender.exitStatus(within: .seconds(60)) == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        let counts = link.toServer
        #expect(counts.taken > 0 && (counts.tooLong == 0) == bounded, "\(counts)")
    }

    /// The simulator shows the behaviour of each under loss; `SendFileOptionsTests` shows that the requested one is used.
    @Test(arguments: ["bbr", "cubic"]) func eitherCongestionControlGetsThroughLoss(control: String) async throws {
        let folder = try TemporaryFolder()
        let movie = Contents.make(2_000_000)
        let source = try folder.write(movie, to: "movie.mp4")
        let target = try TemporaryFolder()
        let environment = ["CHATTY_SECRET": "correct horse battery"]
        let receiver = try await FileReceiver(into: target, environment: environment)
        let link = try UDPLink(to: receiver.port, LinkModel(rate: 100e6, delay: .milliseconds(15), loss: 0.02, mtu: 1500))
        let sender = try ChattyProcess("send-file", "--cc", control, source, "127.0.0.1:\(link.port)", environment: environment)
        #expect(try await sender.exitStatus(within: .seconds(120)) == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.data("movie.mp4") == movie)
    }

    @Test func severalFilesAndAFolder() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder["photos/2026"], withIntermediateDirectories: true)
        try folder.write("one", to: "photos/2026/1.jpg")
        try folder.write("two", to: "photos/2.jpg")
        try folder.write("three", to: "3.txt")
        try FileManager.default.createSymbolicLink(atPath: folder["photos/link"], withDestinationPath: "/etc/passwd")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", folder["photos"], folder["3.txt"], receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.data("photos/2026/1.jpg") == Data("one".utf8))
        #expect(try target.data("photos/2.jpg") == Data("two".utf8))
        #expect(try target.data("3.txt") == Data("three".utf8))
        #expect(!FileManager.default.fileExists(atPath: target["photos/link"]))
        try await sender.diagnostics.expect("Not sent, because it is not a file or folder: \(folder["photos/link"])")
    }

    /// More files than can be offered at once.
    @Test func hundredsOfFiles() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder["many"], withIntermediateDirectories: true)
        for index in 0..<700 { try Data("content \(index)".utf8).write(to: URL(fileURLWithPath: folder["many/\(index).txt"])) }
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(["--once", "--quiet"], into: target)
        let sender = try ChattyProcess("send-file", folder["many"], receiver.ticket)
        #expect(try await sender.exitStatus(within: .seconds(60)) == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: target["many"]).count == 700)
        for index in [0, 299, 699] { #expect(try target.data("many/\(index).txt") == Data("content \(index)".utf8)) }
    }

    @Test func pipesOnBothSides() async throws {
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target, output: "-")
        let sender = try ChattyProcess("send-file", "-", receiver.ticket)
        let bytes = Array(Contents.make(400_000))
        Thread {
            try? sender.type(bytes: bytes)
            try? sender.closeInput()
        }.start()
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        try await receiver.process.output.end()
        #expect(receiver.process.output.bytes == bytes)
    }

    @Test func nothingIsOverwrittenUnlessAsked() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("new", to: "movie.mp4")
        let target = try TemporaryFolder()
        try target.write("old", to: "movie.mp4")
        let receiver = try await FileReceiver(["--count", "2"], into: target)
        for _ in 0..<2 {
            let sender = try ChattyProcess("send-file", source, receiver.ticket)
            #expect(try await sender.exitStatus() == 0)
        }
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.names() == ["movie (1).mp4", "movie (2).mp4", "movie.mp4"])
        #expect(try target.data("movie.mp4") == Data("old".utf8))
        let over = try await FileReceiver(["--once", "--overwrite"], into: target)
        #expect(try await ChattyProcess("send-file", source, over.ticket).exitStatus() == 0)
        #expect(try await over.process.exitStatus() == 0)
        #expect(try target.data("movie.mp4") == Data("new".utf8))
    }

    @Test(arguments: [
        ("../../evil", "evil"), ("/etc/evil", "etc/evil"), (".bashrc", "_bashrc"), ("a\u{1B}[2Jb", "a_[2Jb"), ("con.txt", "_con.txt"),
        ("x/../../y", "x/y"),
    ])
    func namesStayInside(name: String, place: String) async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let outer = try TemporaryFolder()
        let receiver = try await FileReceiver(into: outer, output: outer["inner/"])
        let sender = try ChattyProcess("send-file", "--name", name, source, receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try outer.data("inner/" + place) == Data("content".utf8))
        #expect(try outer.names() == ["inner"])
        #expect(!receiver.process.diagnostics.text.contains("\u{1B}"))
    }

    /// Times that do not fit into 64 bits of nanoseconds, and a name that is not text.
    @Test func oddFilesOfAFolder() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder["odd"], withIntermediateDirectories: true)
        try folder.write("late", to: "odd/late")
        try folder.write("early", to: "odd/early")
        let latin = Array(folder["odd/caf"].utf8) + [0xE9, 0]
        let descriptor = open(latin.map { CChar(bitPattern: $0) }, O_CREAT | O_WRONLY, 0o600)
        #expect(descriptor >= 0)
        close(descriptor)
        for (name, seconds) in [("odd/late", 10_413_792_000), ("odd/early", -157_766_400), ("odd", 10_413_792_000)] {
            let time = timespec(tv_sec: seconds, tv_nsec: 0)
            #expect(utimensat(AT_FDCWD, folder[name], [time, time], 0) == 0)
        }
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", folder["odd"], receiver.ticket)
        #expect(try await sender.exitStatus() == 1)
        #expect(try await receiver.process.exitStatus() == 0)
        try await sender.diagnostics.expect("chatty: Not sent, because its name is not UTF-8: \(folder["odd/caf"])\u{FFFD}\n")
        #expect(try target.data("odd/late") == Data("late".utf8))
        var status = stat()
        #expect(stat(target["odd/early"], &status) == 0)
        #expect(status.st_mtim.tv_sec == -157_766_400)
        let long = String(repeating: "x", count: 4097)
        #expect(try await ChattyProcess("send-file", "--name", long, folder["odd/late"], receiver.ticket).exitStatus() == 2)
    }

    @Test func aNameOfNothingIsNotTaken() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", "--name", "..", source, receiver.ticket)
        #expect(try await sender.exitStatus() == 6)
        try await receiver.process.diagnostics.expect("Could not accept ..: its name cannot be made safe.\n")
        #expect(try target.names() == [])
        // No file was accepted, so the only transfer is still to come.
        #expect(try await ChattyProcess("send-file", source, receiver.ticket).exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try target.names() == ["file"])
    }

    @Test func progressForPrograms() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(4_000_000), to: "movie.mp4")
        let target = try TemporaryFolder()
        let process = try ChattyProcess("recv-file", "0", "-o", target.path, "--once", "--progress", "json")
        let listening = try await process.diagnostics.expect(/.*"event":"listening".*\n/).0
        let ticket = try #require(try /"ticket":"(chatty1[a-z2-7]+)"/.firstMatch(in: String(listening))).1
        let sender = try ChattyProcess("send-file", "--progress", "json", "--limit", "4M", source, String(ticket))
        #expect(try await sender.exitStatus() == 0)
        #expect(try await process.exitStatus() == 0)
        for text in [try await sender.diagnostics.end(), try await process.diagnostics.end()] {
            var events: [String] = []
            for line in text.split(separator: "\n") {
                let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                events.append(try #require(object["event"] as? String))
                if events.last == "progress" {
                    #expect(object["total"] as? Int == 4_000_000)
                    for field in ["bytes", "rate", "rtt", "loss"] { #expect(object[field] is NSNumber, "\(field) in \(line)") }
                    #expect(object["limit"] is String)
                }
                if events.last == "end" { #expect(object["status"] as? Int == 0) }
            }
            for event in ["connected", "progress", "done", "end"] { #expect(events.contains(event), "\(event) in \(events)") }
        }
    }

    @Test func theProgressLineOnATerminal() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(Contents.make(4_000_000), to: "movie.mp4")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", "--limit", "4M", source, receiver.ticket, on: .terminal(columns: 100))
        try await sender.output.expect(/movie\.mp4  \d+ %  [0-9.]+ [kM]?B of 4\.0 MB  [0-9.]+ [kM]?B\/s  ETA \d+:\d\d  RTT .* ms/)
        #expect(try await sender.exitStatus() == 0)
        let lines = sender.screen(columns: 100).lines.filter { !$0.trimmingCharacters(in: .whitespaces).isEmpty }
        #expect(lines.count == 1, "the line is gone, the summary stays: \(lines)")
        #expect(lines.first?.hasPrefix("chatty: Sent movie.mp4: 4.0 MB in") == true)
    }

    @Test func quietSaysNothing() async throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("content", to: "file")
        let target = try TemporaryFolder()
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", "--quiet", source, receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await sender.diagnostics.end() == "")
    }

    @Test func thePlainForm() async throws {
        let folder = try TemporaryFolder()
        let bytes = Contents.make(200_000)
        let source = try folder.write(bytes, to: "movie.mp4")
        let target = try TemporaryFolder()
        let process = try ChattyProcess(
            "recv-file", "0", "-o", target.path, "--once", "--legacy", environment: ["CHATTY_SECRET": "correct horse battery"])
        let port = try await process.diagnostics.expect(/Address: 127\.0\.0\.1:(\d+)\n/).1
        let sender = try ChattyProcess("send-file", "--legacy", source, "127.0.0.1:\(port)")
        #expect(try await sender.exitStatus() == 0)
        #expect(try await process.exitStatus() == 0)
        #expect(try target.data("movie.mp4") == bytes)
        #expect(try await sender.diagnostics.end().contains("Not encrypted"))
        let said = try await process.diagnostics.end()
        #expect(said.contains("Not encrypted") && said.contains("$CHATTY_SECRET has no effect"))
    }

    /// The sender is interrupted while it waits for its rate limit, and for its input.
    @Test(arguments: ["movie.mp4", "-"]) func thePlainFormIsInterrupted(file: String) async throws {
        let folder = try TemporaryFolder()
        let source = file == "-" ? file : try folder.write(Contents.make(1_000_000), to: file)
        let sender = try ChattyProcess("send-file", "--legacy", "--limit", "10K", "--progress", "json", source, "127.0.0.1:9")
        try await sender.diagnostics.expect("Not encrypted")
        sender.signal(SIGTERM)
        #expect(try await sender.exitStatus() == 143)
        #expect(try await sender.diagnostics.end().contains(/"event":"end",.*"status":143}\n$/))
    }

    /// The file is stored once, and both sides report that.
    @Test(.enabled(if: ExtendedAttributes.areKept, "the file system keeps no extended attributes: a file sent twice is not recognised"))
    func theSameFileAgainIsRecognised() async throws {
        let (folder, target, home) = (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
        let source = try folder.write(Contents.make(3_000_000), to: "movie.mp4")
        let receiver = try await FileReceiver(["--count", "2"], into: target)
        #expect(try await ChattyProcess("send-file", source, receiver.ticket, home: home).exitStatus() == 0)
        let again = try ChattyProcess("send-file", source, receiver.ticket, home: home)
        #expect(try await again.exitStatus() == 0)
        #expect(try await again.diagnostics.end() == "chatty: Sent movie.mp4: the receiver had it already.\n")
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(receiver.process.diagnostics.text.contains(/chatty: movie\.mp4 \(3\.0 MB\) from .* was received before\.\n/))
        #expect(try target.names() == ["movie.mp4"])
    }
}
