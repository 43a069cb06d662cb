import ChatProtocol

/// The users and groups that this session has met, for completion: those heard of last come first.
struct NameDirectory: Sendable {
    private struct Entry {
        var name: String
        var heard: Int
    }
    static let limit = 4096

    private var users: [String: Entry] = [:]
    private var groups: [String: Entry] = [:]
    private var clock = 0

    mutating func note(user: String) { NameDirectory.note(user, in: &users, &clock) }
    mutating func note(group: String) { NameDirectory.note(group, in: &groups, &clock) }

    /// Names that begin with `prefix`, whatever the case of its letters; those heard of last first.
    func users(_ prefix: String) -> [String] { NameDirectory.matching(prefix, users) }
    func groups(_ prefix: String) -> [String] { NameDirectory.matching(prefix, groups) }

    private static func note(_ name: String, in table: inout [String: Entry], _ clock: inout Int) {
        guard (try? Name(name)) != nil else { return }
        clock += 1
        if table.count >= limit, table[Name.fold(name)] == nil, let oldest = table.min(by: { $0.value.heard < $1.value.heard })?.key {
            table[oldest] = nil
        }
        table[Name.fold(name)] = Entry(name: name, heard: clock)
    }

    private static func matching(_ prefix: String, _ table: [String: Entry]) -> [String] {
        let folded = Name.fold(prefix)
        return table.filter { $0.key.hasPrefix(folded) }.values.sorted { $0.heard > $1.heard }.map(\.name)
    }
}
