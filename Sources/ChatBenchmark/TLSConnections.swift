import BenchmarkSupport
import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// Measures the memory of idle connections over TLS.
enum TLSConnections {
    /// - Returns: resident memory of the server for each connection, in bytes.
    static func memory(of server: RunningContestant, connections: Int) async throws -> Double {
        let tokens = server.tokens ?? []
        var configuration = TLSConfiguration.makeClientConfiguration()
        // The server is a child of this process.
        configuration.certificateVerification = .none
        let context = try NIOSSLContext(configuration: configuration)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bootstrap = ClientBootstrap(group: group).connectTimeout(.seconds(20))
        func connect(_ index: Int) async throws -> any Channel {
            let done = group.next().makePromise(of: Void.self)
            let channel = try await bootstrap.channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        NIOSSLClientHandler(context: context, serverHostname: nil), LogInHandler(index, tokens[index], done))
                }
            }.connect(host: "127.0.0.1", port: Int(server.port)).get()
            try await done.futureResult.get()
            return channel
        }
        // The first connections also pay for what the server allocates only once.
        var channels: [any Channel] = []
        for index in 0..<100 { channels.append(try await connect(index)) }
        let before = ProcessUsage.residentBytes(server.process.pid)
        for index in 100..<100 + connections { channels.append(try await connect(index)) }
        try await Task.sleep(for: .seconds(1))
        let after = ProcessUsage.residentBytes(server.process.pid)
        for channel in channels { try await channel.close() }
        try await group.shutdownGracefully()
        return (after - before) / Double(connections)
    }
}

private final class LogInHandler: ChannelInboundHandler, @unchecked Sendable {
    // Unchecked `Sendable`: only the event loop of its channel uses the handler.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let index: Int
    private let token: String
    private let done: EventLoopPromise<Void>
    private var received = ""

    init(_ index: Int, _ token: String, _ done: EventLoopPromise<Void>) {
        self.index = index
        self.token = token
        self.done = done
    }

    func channelActive(context: ChannelHandlerContext) {
        send("CAP REQ :sasl\r\nNICK u\(index)\r\nUSER u\(index) 0 * :load\r\nAUTHENTICATE PLAIN\r\n", context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += String(buffer: unwrapInboundIn(data))
        while let end = received.firstIndex(of: "\r\n") {
            let line = received[..<end]
            received = String(received[received.index(after: end)...])
            if line == "AUTHENTICATE +" {
                send("AUTHENTICATE \(Data("\0u\(index)\0\(token)".utf8).base64EncodedString())\r\n", context)
            } else if line.contains(" 903 ") {
                send("CAP END\r\n", context)
            } else if line.contains(" 422 ") || line.contains(" 376 ") {
                done.succeed()
            } else if line.contains(" 904 ") {
                done.fail(BenchmarkError("the server refused: \(line)"))
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { done.fail(BenchmarkError("closed by the server")) }

    private func send(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}
