import ChatProtocol

/// A record of a hub's state, for itself after a restart and for other hubs.
public enum HubRecord: Hashable, Sendable {
    /// The count of wrong passwords of a name.
    indirect case lockOut(StoreState.LockOut)
    /// The counts of these names have ended.
    case lockOutsEnded([String])
    /// The delivery cursors of accounts.
    case cursors([AccountID: DeliveryCursor])
    indirect case loggedIn(AccountID, at: Timestamp)
    indirect case token(TokenGrant)
}
