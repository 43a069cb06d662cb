import ChatProtocol
import NIOCore
import NIOPosix
import NIOSSL

/// Makes one connection to the server and, with TLS, makes sure whose it is before a byte of the session passes.
///
/// Lives on one event loop. A certificate is first compared with the known key; where that does not settle it, a second connection asks the system's roots.
final class ServerConnector {
    struct Target: Sendable {
        let host: String
        let port: Int
        /// Nil for plain text.
        let trust: ServerTrust?
    }

    enum Failure: Error, Equatable {
        /// What to say.
        case unreachable(String)
        case refused(String)
        case failed(String)
        /// Nobody vouches for it and it was never met: its owner has to say.
        case stranger(Fingerprint)
    }

    private let target: Target
    private let loop: any EventLoop

    init(_ target: Target, on loop: any EventLoop) {
        self.target = target
        self.loop = loop
    }

    /// - Parameter happened: told of the connection's life once it is ready; its `ready` is the success of the result.
    func connect(_ happened: @escaping (ClientChannelHandler.Happening) -> Void) -> EventLoopFuture<any Channel> {
        guard target.trust != nil else { return attempt(.none, happened).future }
        return attempt(.known, happened).future
    }

    private enum Check {
        case none
        /// Against the keys met before.
        case known
        /// Against the system's roots; without success it is that verdict.
        case roots(otherwise: ServerTrust.Verdict, Fingerprint)
    }

    /// What a connection has become so far.
    private final class Attempt {
        let future: EventLoopFuture<any Channel>
        let promise: EventLoopPromise<any Channel>
        var channel: (any Channel)?
        var isReady = false
        /// Why the certificate was not taken.
        var verdict: (ServerTrust.Verdict, Fingerprint)?

        init(on loop: any EventLoop) {
            promise = loop.makePromise()
            future = promise.futureResult
        }
    }

    private func attempt(_ check: Check, _ happened: @escaping (ClientChannelHandler.Happening) -> Void) -> Attempt {
        let attempt = Attempt(on: loop)
        let bound = NIOLoopBound((self, attempt, happened, check), eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(10))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (connector, attempt, happened, check) = bound.value
                    try connector.configure(channel, attempt, check, happened)
                }
            }
            .connect(host: target.host, port: target.port)
            .whenFailure { error in
                let (connector, attempt, _, _) = bound.value
                attempt.promise.fail(Failure.unreachable(connector.explain(error)))
            }
        return attempt
    }

    private func configure(
        _ channel: any Channel, _ attempt: Attempt, _ check: Check, _ happened: @escaping (ClientChannelHandler.Happening) -> Void
    ) throws {
        attempt.channel = channel
        let usesTLS: Bool
        switch check {
        case .none: usesTLS = false
        case .known:
            usesTLS = true
            try channel.pipeline.syncOperations.addHandler(try knownKeyHandler(attempt))
        case .roots:
            usesTLS = true
            let context = try NIOSSLContext(configuration: ServerConnector.tlsConfiguration)
            try channel.pipeline.syncOperations.addHandler(try NIOSSLClientHandler(context: context, serverHostname: sniName))
        }
        let handler = ClientChannelHandler(usesTLS: usesTLS) { happening in
            switch happening {
            case .ready:
                attempt.isReady = true
                attempt.promise.succeed(channel)
            case .gone(let error) where !attempt.isReady: self.fail(attempt, check, error, happened)
            default: happened(happening)
            }
        }
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    /// Who leaves waits no longer than that for the good-bye of the other side's TLS.
    private static var tlsConfiguration: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.shutdownTimeout = .milliseconds(500)
        return configuration
    }

    private func knownKeyHandler(_ attempt: Attempt) throws -> NIOSSLClientHandler {
        var configuration = ServerConnector.tlsConfiguration
        // The callback decides; it replaces the verification.
        configuration.certificateVerification = .noHostnameVerification
        // So the system's roots need not be read, which takes longer than all the rest of connecting.
        configuration.trustRoots = .certificates([])
        let context = try NIOSSLContext(configuration: configuration)
        let bound = NIOLoopBound((self, attempt), eventLoop: loop)
        return try NIOSSLClientHandler(context: context, serverHostname: sniName) { certificates, promise in
            let (connector, attempt) = bound.value
            promise.succeed(connector.verify(certificates.first, attempt) ? .certificateVerified : .failed)
        }
    }

    private func verify(_ certificate: NIOSSLCertificate?, _ attempt: Attempt) -> Bool {
        guard let trust = target.trust, let der = try? certificate?.toDERBytes() else { return false }
        let fingerprint = Fingerprint(ofCertificate: der)
        let verdict = trust.judge(fingerprint, isLoopback: attempt.channel?.remoteAddress.map(ServerConnector.isLoopback) ?? false)
        switch verdict {
        case .accept: return true
        case .remember:
            do {
                try trust.knownHosts.remember(fingerprint, of: trust.server)
                return true
            } catch {
                attempt.verdict = (.fail(error.message), fingerprint)
                return false
            }
        case .unlessVouchedFor, .ask, .refuse, .fail:
            attempt.verdict = (verdict, fingerprint)
            return false
        }
    }

    /// The connection went before it was ready: the certificate was not taken, or the other side does not speak TLS.
    private func fail(
        _ attempt: Attempt, _ check: Check, _ error: (any Error)?, _ happened: @escaping (ClientChannelHandler.Happening) -> Void
    ) {
        switch (check, attempt.verdict) {
        case (.known, (.unlessVouchedFor(let otherwise), let fingerprint)?):
            self.attempt(.roots(otherwise: otherwise, fingerprint), happened).future.cascade(to: attempt.promise)
        case (.known, (let verdict, let fingerprint)?), (.roots(let verdict, let fingerprint), _):
            settle(verdict, fingerprint, attempt, happened)
        default:
            let reason = error.map(explain) ?? "\(place): the server closed the connection."
            attempt.promise.fail(Failure.unreachable(reason))
        }
    }

    private func settle(
        _ verdict: ServerTrust.Verdict, _ fingerprint: Fingerprint, _ attempt: Attempt,
        _ happened: @escaping (ClientChannelHandler.Happening) -> Void
    ) {
        switch verdict {
        case .refuse(let reason): attempt.promise.fail(Failure.refused(reason))
        case .fail(let reason): attempt.promise.fail(Failure.failed(reason))
        case .ask: attempt.promise.fail(Failure.stranger(fingerprint))
        default:
            // To be remembered: then the next connection finds it known.
            do {
                if let trust = target.trust { try trust.knownHosts.remember(fingerprint, of: trust.server) }
                self.attempt(.known, happened).future.cascade(to: attempt.promise)
            } catch {
                attempt.promise.fail(Failure.failed(error.message))
            }
        }
    }

    /// A name for SNI; addresses have no place there (RFC 6066 §3).
    private var sniName: String? { (try? SocketAddress(ipAddress: target.host, port: 0)) == nil ? target.host : nil }

    private var place: String { KnownHosts.Server(host: target.host, port: target.port).description }

    static func isLoopback(_ address: SocketAddress) -> Bool {
        guard let text = address.ipAddress else { return true }
        return text.hasPrefix("127.") || text == "::1" || text.hasPrefix("::ffff:127.")
    }

    private func explain(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            guard let first = error.connectionErrors.first else { return "\(place): there is no such host." }
            return explain(first.error)
        case let error as IOError: return "\(place): \(String(cString: strerror(error.errnoCode)))."
        case ChannelError.connectTimeout: return "\(place): no answer within 10 seconds."
        case is NIOSSLError: return "\(place): whoever answers does not speak TLS as chatty does."
        default: return "\(place): \(error)"
        }
    }
}
