import ChatProtocol

/// The outcome of a proposed ``Change``.
public enum Outcome: Hashable, Sendable {
    /// The change has happened and is stored.
    case stored(Entry)
    /// A message that its sender has sent before with the same nonce, by the first one's id and time. Nothing has changed.
    case duplicate(MessageID, Timestamp)
    /// An earlier entry rules the change out. Nothing has changed, and every earlier entry has been reported before this outcome.
    case refused(Conflict)
    /// The change could not be stored. Nothing has changed.
    case failed
}

/// The reason why a change cannot happen at its place in the order.
public enum Conflict: Error, Hashable, Sendable {
    case noSuchAccount(AccountID)
    case noSuchGroup(GroupID)
    indirect case nameTaken(Name)
    case notMember
    case alreadyMember
    /// The group is not open, and the account is not invited.
    case notInvited
    case tooManyGroups
    case tooManyGroupsMade
    case tooManyMembers
    /// The read marker would not move forward.
    case notForward
}
