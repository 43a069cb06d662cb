import ChatProtocol
import DequeModule

/// The users and groups that this session has met, for completion: active users come first, and among them and the others those heard of last.
struct NameDirectory: Sendable {
    private struct Entry {
        var name: String
        var heard: Int
        /// Of the list of active users in which the name stood last, or that was coming when it was last heard of.
        var list = -1
    }
    /// By folded name; over the limit the one heard of longest ago makes room, at no more work than that of each name.
    private struct Table {
        private(set) var entries: [String: Entry] = [:]
        /// As they were heard of, the first one longest ago; one that was heard of again since stands there again.
        private var order: Deque<(key: String, heard: Int)> = []

        mutating func record(_ key: String, _ name: String, at clock: Int) {
            entries[key] = Entry(name: name, heard: clock, list: entries[key]?.list ?? -1)
            order.append((key, clock))
            while entries.count > limit, let first = order.popFirst() {
                if entries[first.key]?.heard == first.heard { entries[first.key] = nil }
            }
            if order.count > 2 * limit { order = order.filter { entries[$0.key]?.heard == $0.heard } }
        }

        mutating func enlist(_ key: String, in list: Int) { entries[key]?.list = list }
    }

    static let limit = 4096

    private var users = Table()
    private var groups = Table()
    private var clock = 0
    /// Counts the lists of active users that are whole.
    private var lists = 0

    /// - Parameter isActive: whether that is known by this; otherwise nothing changes of it.
    mutating func record(user: String, isActive: Bool = false) {
        NameDirectory.record(user, in: &users, &clock)
        if isActive { users.enlist(Name.fold(user), in: lists + 1) }
    }

    mutating func record(group: String) { NameDirectory.record(group, in: &groups, &clock) }

    /// The list of all active users has ended: who was not heard of since the last one is not active.
    mutating func endActive() { lists += 1 }

    /// Names that begin with `prefix`, whatever the case of its letters.
    func users(_ prefix: String) -> [String] { matching(prefix, users) }

    /// Likewise; with the sign of IRC before them where it stands before `prefix`.
    func groups(_ prefix: String) -> [String] {
        prefix.rest(behind: "#").map { matching($0, groups).map { "#" + $0 } } ?? matching(prefix, groups)
    }

    private static func record(_ name: String, in table: inout Table, _ clock: inout Int) {
        guard Name.isOne(name) else { return }
        clock += 1
        table.record(Name.fold(name), name, at: clock)
    }

    private func matching(_ prefix: String, _ table: Table) -> [String] {
        let folded = Name.fold(prefix)
        func isActive(_ entry: Entry) -> Bool { entry.list >= lists }
        return table.entries.filter { $0.key.begins(with: folded) }.values.sorted {
            isActive($0) == isActive($1) ? $0.heard > $1.heard : isActive($0)
        }.map(\.name)
    }
}
