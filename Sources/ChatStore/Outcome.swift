import ChatProtocol

/// What became of a ``Change``.
public enum Outcome: Hashable, Sendable {
    /// It has happened, and is kept.
    case stored(Entry)
    /// A message that its sender had sent before under the same nonce: the first one's id and time. Nothing has happened.
    case duplicate(MessageID, Timestamp)
    /// What came before it in the order rules it out. Nothing has happened, and every entry that led to that has been reported before this.
    case refused(Conflict)
    /// It could not be kept. Nothing has happened.
    case failed
}

/// Why a change cannot happen at its place in the order.
public enum Conflict: Error, Hashable, Sendable {
    case noSuchAccount(AccountID)
    case noSuchGroup(GroupID)
    indirect case nameTaken(Name)
    case notMember
    case alreadyMember
    /// The group is not open to everybody.
    case notInvited
    case tooManyGroups
    case tooManyGroupsMade
    case tooManyMembers
    /// A read marker only goes forward.
    case notForward
}
