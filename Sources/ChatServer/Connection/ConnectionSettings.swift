import ChatCodec
import ChatHub
import ChatStore
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

/// The settings that all connections of a server share.
struct ConnectionSettings: Sendable {
    /// The TLS context in force. A reload replaces it for later connections.
    let tls: NIOLockedValueBox<NIOSSLContext>
    var allowsPlaintext = false
    /// The UDP port, of which clients are told what it does, and which is the relay; set before the first one connects.
    let udp = NIOLockedValueBox<UDPListener?>(nil)
    /// How long a silent client waits for the text prompts.
    var silence: TimeAmount = .seconds(1)
    /// The output bytes that may wait for a slow reader. Beyond it the connection is closed, and the rest is replayed later.
    var sendQueueLimit = 1 << 20
    /// The queued output bytes above which no further command of the connection begins.
    var outputMark = 1 << 18
    /// The outstanding commands above which nothing is read.
    var maximumOutstanding = 256
    /// Whether loopback counts as a remote network; for tests.
    var treatsNobodyAsLoopback = false
    /// How long a connection that is being closed may take to read its last output.
    var lingering: TimeAmount = .seconds(3)
    /// How much longer it may take while messages lie in the system's buffers.
    var readerLingering: TimeAmount = .seconds(60)
}
