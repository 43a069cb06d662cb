import ChatProtocol
import SystemSupport

/// The operator's message of the day, read from a file.
struct MessageOfTheDay: Equatable, Sendable {
    let lines: [String]

    /// The most lines of the file.
    static let maximumLines = 200
    /// The most bytes of a line. It must fit into a line of IRC.
    static let maximumLine = 400

    /// - Throws: an error that names the offending line.
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
        // An empty line becomes a space, because IRC cannot carry an empty text.
        self.lines = lines.map { $0.isEmpty ? " " : $0 }
    }
}
