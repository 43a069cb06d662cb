/// Bounds that hold for every codec. Input over a bound is refused with an error that names it; nothing is truncated.
public enum Limits {
    /// The longest message text, in bytes of UTF-8.
    public static let messageBytes = 4096
    /// The longest line from a client in bytes, with its tags and without its line end.
    public static let longestLine = clientTagBytes + lineBytes - 2
    /// The longest line of IRC without its tags in bytes, CRLF included: a full message text with the longest command, target and source.
    public static let lineBytes = 4608
    /// The longest tags of a line from a client in bytes, with `@` and the space (IRCv3 message-tags: 4094 and these two).
    public static let clientTagBytes = 4096
    /// The longest tags of a line to a client in bytes, client-only tags included (IRCv3 message-tags: 8191).
    public static let serverTagBytes = 8191
    /// The longest away message, in bytes (`AWAYLEN`).
    public static let awayBytes = 400
    /// The longest password, in bytes.
    public static let passwordBytes = 512
    /// The most members that one `/creategroup` can name.
    public static let membersPerGroup = 1024
    /// The most groups that one account can be in, and the most existing groups that it can have created.
    public static let groupsPerAccount = 256
    /// The most messages in one answer about the past: even at ``messageBytes`` each they fit into an outbound queue.
    public static let messagesAtOnce = 100
    /// The most sessions that one account can have at once.
    public static let sessionsPerAccount = 16
    /// The most connections that are not logged in. The server refuses further ones, except from its own machine.
    public static let unauthenticatedConnections = 2000
    /// The longest payload of a ``TransferSignal``, in bytes.
    public static let signalBytes = 3072
    /// The longest part of a refused name in a line of the server's log, in bytes: twice the longest name.
    public static let loggedNameBytes = 64
    /// The longest label of `labeled-response`, in bytes (64 in its specification).
    public static let labelBytes = 64
}
