import ChatProtocol

/// The stored state at one position of the order, from which a hub starts.
public struct StoreState: Sendable {
    /// The count of wrong passwords of a name.
    public struct LockOut: Hashable, Sendable {
        public let name: String
        public let failures: Int
        public let blockedUntil: Timestamp?
        /// When the last wrong password was tried.
        public let last: Timestamp

        public init(name: String, failures: Int, blockedUntil: Timestamp?, last: Timestamp) {
            self.name = name
            self.failures = failures
            self.blockedUntil = blockedUntil
            self.last = last
        }
    }
    /// A message that was sent with a nonce.
    public struct Sent: Hashable, Sendable {
        public let account: AccountID
        public let nonce: String
        public let message: MessageID
        public let time: Timestamp

        public init(account: AccountID, nonce: String, message: MessageID, time: Timestamp) {
            self.account = account
            self.nonce = nonce
            self.message = message
            self.time = time
        }
    }
    public var accounts: [Account] = []
    public var groups: [Group] = []
    public var lockOuts: [LockOut] = []
    public var cursors: [AccountID: DeliveryCursor] = [:]
    public var readMarkers: [AccountID: [ReadTarget: Timestamp]] = [:]
    /// The recent messages with nonces, the earliest first.
    public var sent: [Sent] = []
    /// The position of the last entry in this state.
    public var position: MessageID = .zero
    /// The greatest number that any group has had.
    public var lastGroup = GroupID(rawValue: 0)

    public init() {}
}
