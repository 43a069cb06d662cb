import ChatProtocol
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

/// A server on loopback that answers lines as a script says.
final class ScriptedServer: Sendable {
    /// Receives a line and the number of its connection, from 1; returns the lines of the answer, or nil to close the connection.
    typealias Script = @Sendable (String, Int) -> [String]?

    private let channel: any Channel
    private let opened: Opened
    private let group: MultiThreadedEventLoopGroup

    /// - Parameter greeting: sent to each client at once.
    static func start(identity: TestIdentity?, greeting: String? = nil, _ script: @escaping Script) async throws -> ScriptedServer {
        try await start(chain: identity?.certificate, key: identity?.key ?? "", greeting: greeting, script)
    }

    /// - Parameter chain: the certificates in PEM; nil for plain text.
    static func start(chain: String?, key: String, greeting: String? = nil, _ script: @escaping Script) async throws -> ScriptedServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let context = try chain.map { chain in
            try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: NIOSSLCertificate.fromPEMBytes(Array(chain.utf8)).map { .certificate($0) },
                    privateKey: .privateKey(NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))))
        }
        let opened = Opened()
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = opened.add(channel)
                    if let greeting { channel.writeAndFlush(ByteBuffer(string: greeting), promise: nil) }
                    if let context { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) }
                    try channel.pipeline.syncOperations.addHandler(Handler(number, script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedServer(channel, opened, group)
    }

    private init(_ channel: any Channel, _ opened: Opened, _ group: MultiThreadedEventLoopGroup) {
        self.channel = channel
        self.opened = opened
        self.group = group
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    /// Sends a line to the newest connection.
    func send(_ line: String) { opened.last?.writeAndFlush(ByteBuffer(string: line + "\r\n"), promise: nil) }

    /// Closes the newest connection.
    func drop() { opened.last?.close(promise: nil) }

    func stop() async throws {
        try await channel.close()
        try await group.shutdownGracefully()
    }

    /// A script that logs every client in; `extra` is asked first.
    static func hospitable(_ extra: @escaping Script = { _, _ in [] }) -> Script {
        { line, number in
            guard let answer = extra(line, number) else { return nil }
            guard answer.isEmpty else { return answer }
            let name = "yoda"
            switch line {
            case "CAP LS 302": return [SessionTranscript.offer]
            case "CAP END": return [":chatty 001 \(name) :Welcome"]
            case "AUTHENTICATE PLAIN": return ["AUTHENTICATE +"]
            case _ where line.hasPrefix("CAP REQ"): return [SessionTranscript.taken]
            case _ where line.contains(" NICK "): return [String(line.prefix { $0 != " " }) + " :chatty ACK"]
            case _ where line.hasPrefix("AUTHENTICATE"): return [":chatty 903 * :ok"]
            case _ where line.contains(" QUIT"):
                return [String(line.prefix { $0 != " " }) + " :chatty NOTE QUIT GOODBYE yoda :Bye, yoda!", "ERROR :Bye, yoda!"]
            default: return []
            }
        }
    }

    private final class Opened: Sendable {
        private let channels = NIOLockedValueBox<[any Channel]>([])
        func add(_ channel: any Channel) -> Int {
            channels.withLockedValue {
                $0.append(channel)
                return $0.count
            }
        }
        var last: (any Channel)? { channels.withLockedValue { $0.last } }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let number: Int
        private let script: Script
        private var decoder = LineDecoder(maximum: 10_000)

        init(_ number: Int, _ script: @escaping Script) {
            self.number = number
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var lines: [String] = []
            unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
                decoder.decode(bytes) { if case .line(let bytes) = $0 { lines.append(String(decoding: bytes, as: UTF8.self)) } }
            }
            for line in lines {
                guard let answer = script(line, number) else { return context.close(promise: nil) }
                for line in answer { context.channel.writeAndFlush(ByteBuffer(string: line + "\r\n"), promise: nil) }
                if answer.last?.hasPrefix("ERROR") == true { context.close(promise: nil) }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
