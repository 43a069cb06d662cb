import Foundation
import GRDB
import SystemSupport
import TestSupport
import Testing

@testable import ChatServer
@testable import ChatStoreSQLite

/// A server that fails to start leaves nothing running, however late it fails.
@Suite struct FailingStartTests {
    private struct Late: Error {}

    /// Hashing threads of these servers: far more than other tests start and end meanwhile.
    private static let many = 300

    private static var threads: Int {
        get throws { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
    }

    /// Whether there are fewer threads than `limit`, now or soon. A thread that has ended is listed for a moment more.
    private static func areFewer(than limit: Int) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if try threads < limit { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    private static func configuration(_ temporary: TemporaryFolder) -> ServerConfiguration {
        var configuration = ServerConfiguration(port: 0, folder: DataFolder(temporary.file("data")))
        configuration.hashCost = .cheap
        configuration.loops = 1
        configuration.hashing.threads = many
        return configuration
    }

    @Test func thatItCannotListenIsFoundOutLast() async throws {
        let temporary = try TemporaryFolder()
        let configuration = Self.configuration(temporary)
        var running = 0
        await #expect(throws: UserFacingError.self) {
            _ = try await ChatServer.start(
                configuration, output: { _ in }, notify: { _ in },
                opening: { _ in
                    running = try Self.threads
                    throw Late()
                })
        }
        #expect(running > Self.many)
        #expect(try await Self.areFewer(than: running - Self.many / 2))
        // The folder is free again.
        try await ChatServer.start(configuration, output: { _ in }, notify: { _ in }).stop()
    }

    @Test func thatItsStoreCannotBeReadIsFoundOutBefore() async throws {
        let temporary = try TemporaryFolder()
        let configuration = Self.configuration(temporary)
        try configuration.folder.prepare()
        let store = try Store(configuration.folder)
        try await store.pool.write { try $0.execute(sql: "DROP TABLE debts") }
        try store.close()
        let before = try Self.threads
        await #expect(throws: UserFacingError.self) { _ = try await ChatServer.start(configuration, output: { _ in }, notify: { _ in }) }
        #expect(try await Self.areFewer(than: before + Self.many / 2))
    }
}
