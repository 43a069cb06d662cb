import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import SystemSupport

/// A small HTTP server for `GET /metrics` and `GET /healthz`. It answers one request per connection, and bounds the connections and their
/// time, so that no client can cost the chat anything.
final class MetricsListener: Sendable {
    /// The TCP port on which it listens.
    let port: Int
    private let channel: any Channel

    /// The most connections at a time. Further ones are closed at once.
    static let maximumConnections = 32
    /// The most time of one connection.
    static let time = TimeAmount.seconds(10)

    /// - Parameter address: numeric.
    init(
        address: String, port: Int, _ group: MultiThreadedEventLoopGroup, time: TimeAmount = MetricsListener.time, _ page: MetricsPage
    ) async throws(UserFacingError) {
        let open = NIOLockedValueBox(0)
        let bootstrap = ServerBootstrap(group: group)
            // The chat's own listener reports missing descriptors.
            .restingWithoutDescriptors { _ in }
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let isFull = open.withLockedValue { count in
                        count += 1
                        return count > MetricsListener.maximumConnections
                    }
                    channel.closeFuture.whenComplete { _ in open.withLockedValue { $0 -= 1 } }
                    guard !isFull else { return channel.close(promise: nil) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(MetricsHandler(page, time: time))
                }
            }
        do {
            channel = try await bootstrap.bind(to: SocketAddress(ipAddress: address, port: port)).get()
        } catch let error as IOError {
            let reason = error.errnoCode == EADDRINUSE ? "it is already in use; choose another" : SystemError.text(error.errnoCode)
            throw UserFacingError("Cannot serve metrics on \(address) port \(port): \(reason)")
        } catch {
            throw UserFacingError("Cannot serve metrics on \(address) port \(port): \(error)")
        }
        self.port = channel.localAddress?.port ?? port
    }

    func close() async {
        // An error of the socket may have closed it already.
        try? await channel.close()
    }
}
