import ChatProtocol

/// All that is kept, at one position of the order: what a hub starts from.
public struct StoreState: Sendable {
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
    /// The messages sent with a nonce of late, the earliest first.
    public var sent: [Sent] = []
    /// That of the last entry; what this holds is all that happened up to it.
    public var position: MessageID = .zero
    public var lastGroup = GroupID(rawValue: 0)

    public init() {}
}
