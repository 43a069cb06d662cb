import ChatProtocol

/// The users and groups that this session has met, for completion: active users come first, and among them and the others those heard of last.
struct NameDirectory: Sendable {
    private struct Entry {
        var name: String
        var heard: Int
        /// Of the list of active users in which the name stood last, or that was coming when it was last heard of.
        var list = -1
    }
    static let limit = 4096

    private var users: [String: Entry] = [:]
    private var groups: [String: Entry] = [:]
    private var clock = 0
    /// Counts the lists of active users that are whole.
    private var lists = 0

    /// - Parameter isActive: whether that is known by this; otherwise nothing changes of it.
    mutating func note(user: String, isActive: Bool = false) {
        NameDirectory.note(user, in: &users, &clock)
        if isActive { users[Name.fold(user)]?.list = lists + 1 }
    }

    mutating func note(group: String) { NameDirectory.note(group, in: &groups, &clock) }

    /// The list of all active users has ended: who was not heard of since the last one is not active.
    mutating func endActive() { lists += 1 }

    /// Names that begin with `prefix`, whatever the case of its letters.
    func users(_ prefix: String) -> [String] { matching(prefix, users) }

    /// Likewise; with the sign of IRC before them where it stands before `prefix`.
    func groups(_ prefix: String) -> [String] {
        prefix.hasPrefix("#") ? matching(String(prefix.dropFirst()), groups).map { "#" + $0 } : matching(prefix, groups)
    }

    private static func note(_ name: String, in table: inout [String: Entry], _ clock: inout Int) {
        guard (try? Name(name)) != nil else { return }
        clock += 1
        let key = Name.fold(name)
        if table.count >= limit, table[key] == nil, let oldest = table.min(by: { $0.value.heard < $1.value.heard })?.key {
            table[oldest] = nil
        }
        table[key] = Entry(name: name, heard: clock, list: table[key]?.list ?? -1)
    }

    private func matching(_ prefix: String, _ table: [String: Entry]) -> [String] {
        let folded = Name.fold(prefix)
        func isActive(_ entry: Entry) -> Bool { entry.list >= lists }
        return table.filter { $0.key.hasPrefix(folded) }.values.sorted {
            isActive($0) == isActive($1) ? $0.heard > $1.heard : isActive($0)
        }.map(\.name)
    }
}
