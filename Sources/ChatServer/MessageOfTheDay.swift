import ChatProtocol
import SystemSupport

/// What the host has written for everybody who logs in, read from a file.
struct MessageOfTheDay: Equatable, Sendable {
    let lines: [String]

    /// Lines of the file, at most.
    static let maximumLines = 200
    /// Bytes of a line, at most: it must fit into a line of IRC.
    static let maximumLine = 400

    /// - Throws: an error that names the line that is not allowed.
    init(path: String) throws(UserFacingError) {
        let what = "The message of the day"
        let bytes = try SmallFile.read(what, path, limit: 1 << 20)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw UserFacingError("\(what) \(path) is not UTF-8 text.") }
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map {
            SafeText.shown(String($0), isolates: false)
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.count <= MessageOfTheDay.maximumLines else {
            throw UserFacingError("\(what) \(path) has more than \(MessageOfTheDay.maximumLines) lines.")
        }
        if let long = lines.firstIndex(where: { $0.utf8.count > MessageOfTheDay.maximumLine }) {
            throw UserFacingError("\(what) \(path) has more than \(MessageOfTheDay.maximumLine) bytes in line \(long + 1).")
        }
        // An empty line is a space: IRC has no empty text of a line.
        self.lines = lines.map { $0.isEmpty ? " " : $0 }
    }
}
