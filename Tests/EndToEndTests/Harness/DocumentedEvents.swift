import Foundation
import Testing

/// The EVENTS of a manual page, for a comparison with the output of `--progress json`.
struct DocumentedEvents {
    struct Fields {
        var always: Set<String>
        var perhaps: Set<String>
    }

    let events: [String: Fields]
    private let page: String
    private let limits: Set<String>

    /// - Parameter command: `send-file` or `recv-file`.
    init(of command: String) throws {
        page = "man/chatty-\(command).1"
        let text = try String(contentsOfFile: Executable.package + "/" + page, encoding: .utf8)
        let section = try #require(text.components(separatedBy: ".Sh EVENTS\n").dropFirst().first?.components(separatedBy: "\n.Sh ").first)
        var events: [String: Fields] = [:]
        for entry in section.components(separatedBy: ".It Cm ").dropFirst() {
            let joined = entry.components(separatedBy: "\n.El").first?.replacing("\n", with: " ") ?? ""
            let name = try #require(joined.split(separator: " ").first.map(String.init))
            let has = try #require(joined.components(separatedBy: " Has ").dropFirst().first, "\(name) has fields")
            let parts = has.components(separatedBy: "; may have ")
            events[name] = Fields(always: Self.words(in: parts[0]), perhaps: parts.count > 1 ? Self.words(in: parts[1]) : [])
        }
        self.events = events
        let fields = section.components(separatedBy: ".It Va ")
        let limit = try #require(fields.first { $0.hasPrefix("limit\n") })
        limits = Self.words(in: limit.replacing("\n", with: " ")).subtracting(["--limit"])
    }

    private static func words(in text: String) -> Set<String> {
        Set(text.matches(of: /\\fB(.*?)\\fR/).map { String($0.1).replacing("\\", with: "") })
    }

    /// Expects that each line is an event with the documented fields.
    /// - Returns: the names of the events.
    @discardableResult func expect(_ lines: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> [String] {
        try lines.split(separator: "\n").map { line in
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)", sourceLocation: sourceLocation)
            let name = try #require(object["event"] as? String, "\(line)", sourceLocation: sourceLocation)
            let fields = try #require(events[name], "\(name) is in \(page)", sourceLocation: sourceLocation)
            let has = Set(object.keys).subtracting(["event"])
            #expect(fields.always.subtracting(has) == [], "missing in \(line)", sourceLocation: sourceLocation)
            let unknown = has.subtracting(fields.always).subtracting(fields.perhaps)
            #expect(unknown == [], "not in \(page): \(line)", sourceLocation: sourceLocation)
            if let limit = object["limit"] as? String { #expect(limits.contains(limit), "\(limit)", sourceLocation: sourceLocation) }
            return name
        }
    }
}
