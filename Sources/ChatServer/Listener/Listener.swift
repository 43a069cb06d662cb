import NIOCore
import NIOPosix
import SystemSupport

/// The listening socket, for IPv4 and IPv6 if the system has both. Connections are spread over all loops.
struct Listener {
    private let channel: any Channel
    let port: Int

    /// Binds the socket. Clients wait in the kernel's queue until ``accept()``.
    /// - Parameter notify: reports a message for the operator.
    init(
        port: Int, _ group: MultiThreadedEventLoopGroup, _ workers: [LoopWorker], notify: @escaping @Sendable (String) -> Void
    ) async throws(UserFacingError) {
        let byLoop = Dictionary(uniqueKeysWithValues: workers.map { (ObjectIdentifier($0.eventLoop), $0) })
        let bootstrap = ServerBootstrap(group: group)
            .restingWithoutDescriptors(notify)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // A channel's buffer is small while idle and grows while busy.
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
        // An error of the socket may have closed it already.
        try? await channel.close()
    }

    /// Binds `::`, which accepts IPv4 as well, or `0.0.0.0` on a machine without IPv6. It uses an address and not a name: resolving `::`
    /// fails where only loopback has an IPv6 address (getaddrinfo(3), AI_ADDRCONFIG).
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

/// Detects a dead peer within minutes: by probes on an idle connection, by unacknowledged bytes on a busy one.
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
