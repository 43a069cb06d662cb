import ChatStore

// The column value of a read marker's target: an account's id, or a group's negated.
extension ReadTarget {
    var row: Int64 {
        switch self {
        case .user(let account): account.rawValue
        case .group(let group): -group.rawValue
        }
    }

    init(row: Int64) {
        self = row < 0 ? .group(GroupID(rawValue: -row)) : .user(AccountID(rawValue: row))
    }
}
