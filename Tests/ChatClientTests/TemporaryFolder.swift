import Foundation

/// A folder of a test's own, gone with the last reference to it.
final class TemporaryFolder {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "chatty-client-tests-" + UUID().uuidString
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
