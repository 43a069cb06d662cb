import ChatProtocol

/// The users whose messages are not shown.
struct IgnoreList: Sendable {
    /// The most users in the list.
    static let limit = 1024
    private var byFolded: [String: String] = [:]

    init(_ names: [String] = []) {
        for name in names.prefix(IgnoreList.limit) { _ = add(name) }
    }

    /// The names as typed, in alphabetical order.
    var names: [String] { byFolded.sorted { $0.key < $1.key }.map(\.value) }
    var isEmpty: Bool { byFolded.isEmpty }

    func contains(_ name: String) -> Bool { !byFolded.isEmpty && byFolded[Name.fold(name)] != nil }

    /// - Returns: false if the name is in the list already.
    mutating func add(_ name: String) -> Bool { byFolded.updateValue(name, forKey: Name.fold(name)) == nil }

    /// - Returns: false if the name is not in the list.
    mutating func remove(_ name: String) -> Bool { byFolded.removeValue(forKey: Name.fold(name)) != nil }
}

extension Console {
    /// `/ignore`: lists the ignored users, or adds one.
    mutating func ignore(_ name: String?) {
        guard let name else {
            guard !ignored.isEmpty else { return showIgnored("You ignore nobody.") }
            return showIgnored("You ignore \(ignored.names.joined(separator: ", ")).")
        }
        do {
            _ = try Name(name)
        } catch {
            return complain(Reply.badUserName(name, error).text, .failed)
        }
        guard !isSelf(name) else { return complain("That is you.", .failed) }
        guard ignored.names.count < IgnoreList.limit else { return complain("You ignore \(IgnoreList.limit) users already.", .failed) }
        guard ignored.add(name) else { return showIgnored("You ignore \(name) already.") }
        effects.append(.storeIgnored(ignored.names))
        showIgnored("You ignore \(name) from now on.")
    }

    mutating func unignore(_ name: String) {
        guard ignored.remove(name) else { return complain("You do not ignore \(name).", .failed) }
        effects.append(.storeIgnored(ignored.names))
        showIgnored("You do not ignore \(name) any more.")
    }

    private mutating func showIgnored(_ text: String) {
        effects.append(.show(formatter.own(.ignored, text)))
    }
}
