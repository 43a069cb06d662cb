import NIOCore
import NIOPosix
import SystemSupport

/// The listening socket: one for IPv4 and IPv6 where the system has both. Connections are spread over all loops.
struct Listener {
    private let channel: any Channel
    let port: Int

    /// Binds, and holds those who connect in the kernel's queue until ``accept()``.
    /// - Parameter tell: what the host has to know.
    init(
        port: Int, _ group: MultiThreadedEventLoopGroup, _ workers: [LoopWorker], tell: @escaping @Sendable (String) -> Void
    ) async throws(UserFacingError) {
        let byLoop = Dictionary(uniqueKeysWithValues: workers.map { (ObjectIdentifier($0.eventLoop), $0) })
        let bootstrap = ServerBootstrap(group: group)
            .restingWithoutDescriptors(tell)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // A channel keeps the buffer it has read into: an idle client's is small, a busy one's grows.
            .childChannelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 8192))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let worker = byLoop[ObjectIdentifier(channel.eventLoop)] else { throw ChannelError.eof }
                    KeepAlive.set(on: channel)
                    try channel.pipeline.syncOperations.addHandler(ConnectionHandler(worker))
                }
            }
        do {
            channel = try await Listener.bind(bootstrap, port)
        } catch {
            throw Listener.failure(error, port)
        }
        guard let bound = channel.localAddress?.port else { throw UserFacingError("The system does not say which port it listens on.") }
        self.port = bound
    }

    func accept() async throws { try await channel.setOption(.autoRead, value: true).get() }

    func close() async {
        // It may have been closed by an error of the socket already.
        try? await channel.close()
    }

    /// `::` takes IPv4 too; a machine without IPv6 has only the other. By address and not by name: looking up `::` fails where no interface but
    /// loopback has an IPv6 address (getaddrinfo(3), AI_ADDRCONFIG).
    private static func bind(_ bootstrap: ServerBootstrap, _ port: Int) async throws -> any Channel {
        do {
            return try await bootstrap.bind(to: SocketAddress(ipAddress: "::", port: port)).get()
        } catch let error as IOError where [EAFNOSUPPORT, EADDRNOTAVAIL, EPROTONOSUPPORT].contains(error.errnoCode) {
            return try await bootstrap.bind(to: SocketAddress(ipAddress: "0.0.0.0", port: port)).get()
        }
    }

    private static func failure(_ error: any Error, _ port: Int) -> UserFacingError {
        guard let error = error as? IOError else { return UserFacingError("Cannot listen on port \(port): \(error)") }
        switch error.errnoCode {
        case EADDRINUSE: return UserFacingError("Port \(port) is already in use; choose another: chatty serve PORT")
        case EACCES: return UserFacingError("Only root may use port \(port); choose a port from 1024 on: chatty serve PORT")
        default: return UserFacingError("Cannot listen on port \(port): \(SystemError.text(error.errnoCode))")
        }
    }
}

/// Finds out within minutes that the other end has gone without a word: by probes when nothing is said, by unacknowledged bytes when something is.
private enum KeepAlive {
    static func set(on channel: any Channel) {
        let seconds: [(Int32, SocketOptionValue)] = [(TCP_KEEPIDLE, 120), (TCP_KEEPINTVL, 30), (TCP_KEEPCNT, 4)]
        for (option, value) in seconds {
            setOption(channel, option, value)
        }
        setOption(channel, TCP_USER_TIMEOUT, 120_000)
    }

    /// Best effort: a socket without the option serves as well.
    private static func setOption(_ channel: any Channel, _ option: Int32, _ value: SocketOptionValue) {
        try? channel.syncOptions?.setOption(ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: option)), value: value)
    }
}
