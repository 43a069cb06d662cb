/// Bounds that hold for every way in. What is over one is refused with an error that names it; nothing is cut.
public enum Limits {
    /// Message text, bytes of UTF-8.
    public static let messageBytes = 4096
    /// A line as it comes, with its tags and without its line end.
    public static let longestLine = clientTagBytes + lineBytes - 2
    /// A line of IRC without its tags, CRLF included: a full message text and the longest command, target and source around it.
    public static let lineBytes = 4608
    /// The tags of a line from a client, `@` and the space included (IRCv3 message-tags: 4094 of them and the two).
    public static let clientTagBytes = 4096
    /// The tags of a line to a client, both kinds (IRCv3 message-tags: 8191).
    public static let serverTagBytes = 8191
    /// What one says of one's being away, bytes (`AWAYLEN`).
    public static let awayBytes = 400
    /// A password, bytes.
    public static let passwordBytes = 512
    /// Members named in one `/creategroup`.
    public static let membersPerGroup = 1024
    /// Groups that one account is in, and groups that it has made and that are still there.
    public static let groupsPerAccount = 256
    /// Messages of the past in one answer: with ``messageBytes`` each they stay below the bound of an outbound queue.
    public static let messagesAtOnce = 100
    /// Sessions that one account has at once.
    public static let sessionsPerAccount = 16
    /// Connections that have not logged in, at once; more are turned away, but for the server's own machine.
    public static let unauthenticatedConnections = 2000
    /// What one side of a transfer tells the other through the server, bytes.
    public static let signalBytes = 3072
    /// What was given as a name, in a line of the server's log; twice what a name may have.
    public static let loggedNameBytes = 64
    /// A label of `labeled-response`, bytes (its specification says 64).
    public static let labelBytes = 64
}
