import ChatProtocol
import ChatStore
import Foundation
import Testing

@testable import ChatStoreSQLite

@Suite struct ActiveListTests {
    /// A list that a full disk refused is written again.
    @Test func aListThatCouldNotBeWrittenIsToBeWrittenAgain() throws {
        let fixture = try StoreFixture()
        let answered = DispatchSemaphore(value: 0)
        let reader = try StoreReader(fixture.store) { _ in answered.signal() }
        try reader.start()
        /// Publishes the list, and waits for a later query so that the write is done.
        func publish() throws {
            reader.publish(active: [StoreFixture.yoda])
            reader.read(RequestID(rawValue: 1), .history(StoreFixture.yoda, .targets(HistoryRange(takesLatest: true, limit: 1))))
            #expect(answered.wait(timeout: .now() + 20) == .success)
        }
        #expect(!reader.isToPublishAgain)
        // A folder in the place of the file makes the write fail.
        let list = fixture.folder.file("active")
        try FileManager.default.createDirectory(atPath: list, withIntermediateDirectories: false)
        try publish()
        #expect(reader.isToPublishAgain)
        try FileManager.default.removeItem(atPath: list)
        try publish()
        #expect(!reader.isToPublishAgain)
        #expect(try String(contentsOfFile: list, encoding: .utf8) == "1\n")
        reader.stop()
    }
}
