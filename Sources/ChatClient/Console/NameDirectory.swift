import ChatProtocol
import DequeModule

/// The users and groups that this session knows, for completion. Active users come first; within both parts the most recently met come
/// first.
struct NameDirectory: Sendable {
    private struct Entry {
        var name: String
        var met: Int
        /// The number of the last list of active users that contains the name.
        var list = -1
    }
    /// Entries by folded name. Over the limit the least recently met is removed, in constant amortised time.
    private struct Table {
        private(set) var entries: [String: Entry] = [:]
        /// The names in the order in which they were met. One that was met again stands there again.
        private var order: Deque<(key: String, met: Int)> = []

        mutating func record(_ key: String, _ name: String, at clock: Int) {
            entries[key] = Entry(name: name, met: clock, list: entries[key]?.list ?? -1)
            order.append((key, clock))
            while entries.count > limit, let first = order.popFirst() {
                if entries[first.key]?.met == first.met { entries[first.key] = nil }
            }
            if order.count > 2 * limit { order = order.filter { entries[$0.key]?.met == $0.met } }
        }

        mutating func enlist(_ key: String, in list: Int) { entries[key]?.list = list }
    }

    static let limit = 4096

    private var users = Table()
    private var groups = Table()
    private var clock = 0
    /// The number of complete lists of active users.
    private var lists = 0

    /// - Parameter isActive: whether the user is known to be active; false leaves that unchanged.
    mutating func record(user: String, isActive: Bool = false) {
        NameDirectory.record(user, in: &users, &clock)
        if isActive { users.enlist(Name.fold(user), in: lists + 1) }
    }

    mutating func record(group: String) { NameDirectory.record(group, in: &groups, &clock) }

    /// The list of active users is complete: a user who is not in it, and not met since the one before, is not active.
    mutating func endActive() { lists += 1 }

    /// The users whose names begin with `prefix`, in any case.
    func users(_ prefix: String) -> [String] { matching(prefix, users) }

    /// The groups whose names begin with `prefix`, in any case; with a `#` if `prefix` has one.
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
            isActive($0) == isActive($1) ? $0.met > $1.met : isActive($0)
        }.map(\.name)
    }
}
