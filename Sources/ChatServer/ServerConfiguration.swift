import ChatHub
import ChatStore
import ChatStoreSQLite
import Dispatch
import SystemSupport

/// What `chatty serve` is told.
public struct ServerConfiguration: Sendable {
    /// TCP; 0 takes any free one.
    public var port: Int
    public var folder: DataFolder
    public var rules = HubConfiguration()
    /// Accounts to add; see ``CredentialsFile``.
    public var credentialsFile: String?
    /// What everybody who logs in is shown; see ``MessageOfTheDay``.
    public var messageOfTheDayFile: String?
    /// Messages that are older, in days, are taken away; nil keeps all.
    public var keepDays: Int?
    public var allowsPlaintext = false
    /// PEM files; without them the server's own identity.
    public var tlsFiles: (certificate: String, key: String)?
    public var logFormat = EventLog.Format.text
    /// Where metrics are served over HTTP: a numeric address and a TCP port, 0 for any free one.
    public var metrics: (address: String, port: Int)?
    /// How long a stop waits for connections.
    public var grace = Duration.seconds(5)

    /// Threads that serve connections.
    var loops = min(AllowedCores.count, SessionID.maximumLoops)
    /// What a hash of a new password costs, and the threads that compute them.
    var hashCost = PasswordHash.Cost.standard
    var hashing = PoolLimits.hashing
    /// What one search may take.
    var searchTime = SearchTime.limit
    /// Overrides for tests of the bounds.
    var adjust: @Sendable (inout ConnectionSettings) -> Void = { _ in }

    public init(port: Int, folder: DataFolder) {
        self.port = port
        self.folder = folder
    }
}
