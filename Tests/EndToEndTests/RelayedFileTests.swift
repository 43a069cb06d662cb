import Foundation
import TestSupport
import Testing

extension ServiceTests {
    /// Files that go through the server's relay, because the clients are told to use nothing else.
    @Suite("Relayed files")
    struct RelayedFileTests {
        @Test func aFileGoesThroughTheServer() async throws {
            let chat = try await ChatFixture()
            let (from, to) = (try TemporaryFolder(), try TemporaryFolder())
            let video = Contents.make(3_000_000)
            try video.write(to: URL(fileURLWithPath: from.path + "/film.mp4"))
            let receiver = try chat.script(
                as: "luke", directory: to.path, "--relay-only", "--json", "--accept", "always", "--listen", "-c", "/activeuser")
            try await receiver.output.expect("NO_OTHER_ACTIVE")
            let sender = try chat.script(as: "yoda", directory: from.path, "--relay-only", "--json", "-c", "/p2pvideo luke film.mp4")
            #expect(try await sender.exitStatus() == 0, "\(sender.diagnostics.text)")
            #expect(sender.output.text.contains(#""done":3000000,"way":"relayed""#))
            try await receiver.output.expect(#""event":"received""#)
            #expect(receiver.output.text.contains("film.mp4 is relayed by the server"))
            // Neither side has told the other an address.
            #expect(!receiver.output.text.contains("127.0.0.1:") && !sender.output.text.contains("127.0.0.1:"))
            let isSame = try Data(contentsOf: URL(fileURLWithPath: to.path + "/film.mp4")) == video
            #expect(isSame)
        }

        @Test func aServerWithoutARelaySaysSo() async throws {
            let chat = try await ChatFixture("--relay", "off")
            let (from, to) = (try TemporaryFolder(), try TemporaryFolder())
            try from.write("film.mp4", [1, 2, 3])
            let receiver = try chat.script(as: "luke", directory: to.path, "--accept", "always", "--listen", "-c", "/activeuser")
            try await receiver.output.expect("No other active user.")
            let sender = try chat.script(as: "yoda", directory: from.path, "--relay-only", "-c", "/p2pvideo luke film.mp4")
            #expect(try await sender.exitStatus() == 6)
            #expect(sender.diagnostics.text.contains("the server relays no files"), "\(sender.diagnostics.text)")
            // The other side is told the same.
            try await receiver.diagnostics.expect("the server relays no files", within: .seconds(30))
        }

        @Test func directOnlyAndRelayOnlyExcludeEachOther() async throws {
            let client = try ChattyProcess("connect", "127.0.0.1", "1", "--direct-only", "--relay-only")
            #expect(try await client.exitStatus() == 2)
            #expect(client.diagnostics.text.contains("--direct-only and --relay-only exclude each other."))
        }
    }
}
