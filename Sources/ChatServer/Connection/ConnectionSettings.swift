import ChatCodec
import ChatHub
import ChatStore
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

/// What all connections of a server have in common.
struct ConnectionSettings: Sendable {
    /// The TLS identity in force; another one for those who come later, after a reload.
    let tls: NIOLockedValueBox<NIOSSLContext>
    var allowsPlaintext = false
    /// A client that has said nothing for so long gets the prompts.
    var silence: TimeAmount = .seconds(1)
    /// Bytes that may wait for a slow reader; over it the connection is closed, and what it missed is replayed later.
    var sendQueueLimit = 1 << 20
    /// Bytes that wait for a reader above which no further command of its is begun.
    var outputMark = 1 << 18
    /// Commands of one connection that wait for their answers; over it nothing is read.
    var maximumOutstanding = 256
    /// For tests of what is refused from elsewhere.
    var treatsNobodyAsLoopback = false
    /// How long a connection that is being closed may take to read its last words.
    var lingering: TimeAmount = .seconds(3)
    /// How much longer where messages lie in the system's buffers for it.
    var readerLingering: TimeAmount = .seconds(60)
}
