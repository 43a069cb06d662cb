import Foundation
import TestSupport
import Testing

/// `--qlog` of both commands.
@Suite("Traces", .fewAtATime, .serialized)
struct TraceTests {
    private static func records(_ path: String) throws -> [[String: Any]] {
        let bytes = try Data(contentsOf: URL(filePath: path))
        return try bytes.split(separator: 0x1E).map { record in
            try #require(try JSONSerialization.jsonObject(with: record) as? [String: Any])
        }
    }

    @Test func bothSidesRecordWhatTheySee() async throws {
        let folder = try TemporaryFolder()
        let target = try TemporaryFolder()
        let source = try folder.write(Contents.make(3_000_000), to: "movie.mp4")
        let receiver = try await FileReceiver(["--once", "--qlog", folder["received.sqlog"]], into: target)
        let sender = try ChattyProcess("send-file", "--mtu", "1400", "--qlog", folder["sent.sqlog"], source, receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        let (sent, received) = (try Self.records(folder["sent.sqlog"]), try Self.records(folder["received.sqlog"]))
        for (records, side) in [(sent, "client"), (received, "server")] {
            #expect(records.first?["qlog_format"] as? String == "JSON-SEQ")
            let point = (records.first?["trace"] as? [String: Any])?["vantage_point"] as? [String: Any]
            #expect(point?["type"] as? String == side)
            let times = records.compactMap { $0["time"] as? Double }
            #expect(times.count == records.count - 1 && times == times.sorted())
        }
        func count(_ records: [[String: Any]], _ name: String) -> Int { records.count { $0["name"] as? String == name } }
        // 3 MB in datagrams of 1400 bytes at most.
        #expect(count(sent, "transport:packet_sent") > 2100 && count(received, "transport:packet_received") > 2100)
        #expect(count(sent, "recovery:metrics_updated") > 0 && count(sent, "connectivity:path_assigned") > 0)
        // No names of files, and readable for the owner only.
        #expect(!String(decoding: try Data(contentsOf: URL(filePath: folder["sent.sqlog"])), as: UTF8.self).contains("movie"))
        #expect(try FileManager.default.attributesOfItem(atPath: folder["sent.sqlog"])[.posixPermissions] as? Int == 0o600)
    }

    @Test(.enabled(if: FileManager.default.isWritableFile(atPath: "/dev/full"), "needs /dev/full"))
    func aFullDiskEndsTheTraceAndNotTheTransfer() async throws {
        let folder = try TemporaryFolder()
        let target = try TemporaryFolder()
        let source = try folder.write(Contents.make(3_000_000), to: "movie.mp4")
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", "--qlog", "/dev/full", source, receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        let said = try await sender.diagnostics.end()
        #expect(said.components(separatedBy: "The trace /dev/full ends here: No space left on device.").count == 2, "\(said)")
    }

    /// A pipe holds 64 KiB, and then its reader has to read.
    @Test func aReaderThatReadsNothingDelaysNothing() async throws {
        let folder = try TemporaryFolder()
        let target = try TemporaryFolder()
        let source = try folder.write(Contents.make(6_000_000), to: "movie.mp4")
        #expect(mkfifo(folder["pipe"], 0o600) == 0)
        let early = try ChattyProcess("send-file", "--qlog", folder["pipe"], source, "127.0.0.1:9")
        #expect(try await early.exitStatus() == 1, "nobody reads the pipe")
        #expect(try await early.diagnostics.end().contains("Cannot write the trace \(folder["pipe"]): No such device or address."))
        let reader = open(folder["pipe"], O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        try #require(reader >= 0)
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", "--mtu", "1400", "--qlog", folder["pipe"], source, receiver.ticket)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
    }

    @Test func aReaderThatLeavesEndsTheTraceAndNotTheTransfer() async throws {
        let folder = try TemporaryFolder()
        let target = try TemporaryFolder()
        let source = try folder.write(Contents.make(6_000_000), to: "movie.mp4")
        #expect(mkfifo(folder["pipe"], 0o600) == 0)
        let reader = open(folder["pipe"], O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(reader >= 0)
        let receiver = try await FileReceiver(into: target)
        let sender = try ChattyProcess("send-file", "--limit", "4M", "--qlog", folder["pipe"], source, receiver.ticket)
        var byte: UInt8 = 0
        try await eventually { read(reader, &byte, 1) == 1 }
        close(reader)
        #expect(try await sender.exitStatus() == 0)
        #expect(try await receiver.process.exitStatus() == 0)
        #expect(try await sender.diagnostics.end().contains("ends here: Broken pipe."))
    }
}
