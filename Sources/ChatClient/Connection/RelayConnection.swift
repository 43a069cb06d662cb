import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A second connection to the chat's server, for the bytes of its relay, where UDP is blocked. The server is verified as for the chat.
public final class RelayConnection: Sendable {
    /// Bytes that may wait to be sent; what comes beyond them is dropped, as a network drops it.
    private static let most = 1 << 18

    private let channel: any Channel
    private let unsent = NIOLockedValueBox(0)

    private init(_ channel: any Channel) { self.channel = channel }

    /// Connects.
    /// - Parameter received: called with the bytes that arrive, and with nil once at the end.
    /// - Returns: nil if there is no connection.
    public static func open(
        host: String, port: Int, trust: ServerTrust?, received: @escaping @Sendable ([UInt8]?) -> Void
    ) async -> RelayConnection? {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let connected = loop.flatSubmit { () -> EventLoopFuture<any Channel> in
            ServerConnector(.init(host: host, port: port, trust: trust), on: loop, hasLines: false).connect { happening in
                switch happening {
                case .ready, .line: break
                case .bytes(let bytes): received(Array(bytes.readableBytesView))
                case .gone: received(nil)
                }
            }
        }
        // Whatever the reason, there is no relay; the chat's own connection reports what concerns the server.
        guard let channel = try? await connected.get() else { return nil }
        return RelayConnection(channel)
    }

    /// Sends the bytes, or drops all of them.
    public func send(_ bytes: [UInt8]) {
        let fits = unsent.withLockedValue { waiting in
            guard waiting + bytes.count <= Self.most else { return false }
            waiting += bytes.count
            return true
        }
        guard fits else { return }
        let promise = channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { [unsent] _ in unsent.withLockedValue { $0 -= bytes.count } }
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: promise)
    }

    public func close() { channel.close(promise: nil) }
}
