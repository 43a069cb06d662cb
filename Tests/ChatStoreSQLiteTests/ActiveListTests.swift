import ChatProtocol
import ChatStore
import Foundation
import Testing

@testable import ChatStoreSQLite

@Suite struct ActiveListTests {
    /// As on a disk that was full: who is active is to be written again until it could be.
    @Test func aListThatCouldNotBeWrittenIsToBeWrittenAgain() throws {
        let fixture = try StoreFixture()
        let answered = DispatchSemaphore(value: 0)
        let reader = try StoreReader(fixture.store) { _ in answered.signal() }
        try reader.start()
        /// What has been asked before is done when this is answered.
        func publish() throws {
            reader.publish(active: [StoreFixture.yoda])
            reader.read(RequestID(rawValue: 1), .history(StoreFixture.yoda, .targets(HistoryRange(takesLatest: true, limit: 1))))
            #expect(answered.wait(timeout: .now() + 20) == .success)
        }
        #expect(!reader.isToPublishAgain)
        // No file can take the place of a folder.
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
