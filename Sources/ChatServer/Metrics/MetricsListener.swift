import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import SystemSupport

/// A small HTTP server for `GET /metrics` and `GET /healthz`: one request a connection, few connections at a time, each with its time, so that whoever can
/// reach it can cost the chat nothing.
final class MetricsListener: Sendable {
    /// The TCP port it listens on.
    let port: Int
    private let channel: any Channel

    /// Connections at a time; those above it are closed at once.
    static let maximumConnections = 32
    /// What a connection may take in all.
    static let time = TimeAmount.seconds(10)

    /// - Parameter address: numeric.
    init(
        address: String, port: Int, _ group: MultiThreadedEventLoopGroup, time: TimeAmount = MetricsListener.time, _ page: MetricsPage
    ) async throws(UserFacingError) {
        let open = NIOLockedValueBox(0)
        let bootstrap = ServerBootstrap(group: group)
            // The chat's own listener says so.
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
        // It may have been closed by an error of the socket already.
        try? await channel.close()
    }
}
