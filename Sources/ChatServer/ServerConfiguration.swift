import ChatHub
import ChatStore
import ChatStoreSQLite
import Connectivity
import Dispatch
import SystemSupport

/// The configuration of a server, from the command line of `chatty serve`.
public struct ServerConfiguration: Sendable {
    /// The TCP port; 0 for any free one.
    public var port: Int
    public var folder: DataFolder
    public var rules = HubConfiguration()
    /// A file of accounts to add; see ``CredentialsFile``.
    public var credentialsFile: String?
    /// A file with the message of the day; see ``MessageOfTheDay``.
    public var messageOfTheDayFile: String?
    /// The days after which messages are deleted; nil keeps all.
    public var keepDays: Int?
    public var allowsPlaintext = false
    /// The certificate and key, PEM files; nil for the server's self-made identity.
    public var tlsFiles: (certificate: String, key: String)?
    public var logFormat = EventLog.Format.text
    /// Where metrics are served over HTTP: a numeric address and a TCP port, 0 for any free one; nil for no metrics.
    public var metrics: (address: String, port: Int)?
    /// What is relayed of files for which no direct path is found; nil for nothing.
    public var relay: RelayLimits? = RelayLimits()
    /// How long a stop waits for connections to close.
    public var grace = Duration.seconds(5)

    /// The number of event loops.
    var loops = min(AllowedCores.count, SessionID.maximumLoops)
    /// The cost of a new password hash. The hashes are computed within the limits of ``hashing``.
    var hashCost = PasswordHash.Cost.standard
    var hashing = PoolLimits.hashing
    /// The time limit of one search.
    var searchTime = SearchTime.limit
    /// Overrides of the connection settings, for tests.
    var adjust: @Sendable (inout ConnectionSettings) -> Void = { _ in }

    public init(port: Int, folder: DataFolder) {
        self.port = port
        self.folder = folder
    }
}
