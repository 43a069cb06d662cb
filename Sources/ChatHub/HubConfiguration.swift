import ChatProtocol

/// The rules in force, from the command line of `chatty serve`.
public struct HubConfiguration: Hashable, Sendable {
    /// Wrong passwords in a row that block a name.
    public var maximumAttempts = 3
    /// How long a name is blocked.
    public var blockSeconds = 10
    /// Ask for the password of a name that does not exist, and take the same time.
    public var concealsUserNames = false
    /// Keep direct messages to accounts that are not active.
    public var keepsOfflineMessages = true
    /// Seconds a connection may take to log in.
    public var loginTimeout = 60
    /// Commands a second and session, on average over ten seconds; nil for no limit.
    public var messageRate: Double? = nil
    /// Bytes of these a second and session, on average over ten seconds; nil for no limit.
    public var byteRate: Double? = nil
    /// Connections from one address other than loopback; nil for no limit.
    public var maximumConnectionsPerAddress: Int? = nil
    /// Lines that those who log in are shown.
    public var messageOfTheDay: [String] = []

    public init() {}
}

/// What is kept, as the store hands it over at the start.
public struct HubState: Sendable {
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
    public var lastMessage: MessageID = .zero
    public var lastGroup = GroupID(rawValue: 0)

    public init() {}
}
