import Foundation

/// A folder that nobody else can read and that is gone with this object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws(HarnessFailure) {
        var template = Array((NSTemporaryDirectory() + "/chatty-test-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw .system("mkdtemp") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of something in the folder.
    subscript(name: String) -> String { path + "/" + name }

    /// Writes a file in the folder and gives its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: self[name], atomically: false, encoding: .utf8)
        return self[name]
    }
}
