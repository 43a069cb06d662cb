import ChatProtocol
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import SystemSupport

/// Opens one connection to the server and, with TLS, verifies the server before a byte of the session is sent.
///
/// The connector lives on one event loop. It compares the certificate with the record of the server. If that does not decide, the handshake
/// waits until the certificate has been examined.
final class ServerConnector {
    struct Target: Sendable {
        let host: String
        let port: Int
        /// Decides whether to trust the server's certificate; nil for a connection without TLS.
        let trust: ServerTrust?
    }

    enum Failure: Error, Equatable {
        /// The server cannot be reached; the text is the message for the user.
        case unreachable(String)
        case refused(String)
        case failed(String)
        /// The server is unknown and no authority vouches for it: the user has to decide.
        case stranger(SelfMade)
    }

    /// The number of attempts while other clients keep changing the record of the server.
    private static let turns = 4

    private let target: Target
    private let loop: any EventLoop
    /// Whether the connection speaks in lines.
    private let hasLines: Bool
    /// Receives remarks about a server that is accepted.
    private let onRemark: (String) -> Void

    init(_ target: Target, on loop: any EventLoop, hasLines: Bool = true, onRemark: @escaping (String) -> Void = { _ in }) {
        self.hasLines = hasLines
        self.target = target
        self.loop = loop
        self.onRemark = onRemark
    }

    /// - Parameter happened: receives the events of the connection after `ready`, which is the success of the result.
    func connect(_ happened: @escaping (ClientChannelHandler.Happening) -> Void) -> EventLoopFuture<any Channel> {
        attempt(turns: ServerConnector.turns, happened).future
    }

    /// The state of one connection attempt.
    private final class Attempt {
        let future: EventLoopFuture<any Channel>
        let promise: EventLoopPromise<any Channel>
        let turns: Int
        var channel: (any Channel)?
        /// Whether the promise is completed, or another attempt completes it.
        var isSettled = false
        /// Whether the promise is completed with this connection.
        var isReady = false
        /// The verdict on the certificate; nil before the server has sent it.
        var verdict: ServerTrust.Verdict?

        init(on loop: any EventLoop, turns: Int) {
            promise = loop.makePromise()
            future = promise.futureResult
            self.turns = turns
        }

        func succeed(_ channel: any Channel) {
            isReady = true
            promise.succeed(channel)
        }
    }

    private func attempt(turns: Int, _ happened: @escaping (ClientChannelHandler.Happening) -> Void) -> Attempt {
        let attempt = Attempt(on: loop, turns: turns)
        let bound = NIOLoopBound((self, attempt, happened), eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(10))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (connector, attempt, happened) = bound.value
                    try connector.configure(channel, attempt, happened)
                }
            }
            .connect(host: target.host, port: target.port)
            .whenFailure { error in
                let (connector, attempt, _) = bound.value
                attempt.promise.fail(Failure.unreachable(connector.explain(error)))
            }
        return attempt
    }

    private func configure(
        _ channel: any Channel, _ attempt: Attempt, _ happened: @escaping (ClientChannelHandler.Happening) -> Void
    ) throws {
        attempt.channel = channel
        if let trust = target.trust { try channel.pipeline.syncOperations.addHandler(try tlsHandler(attempt, trust)) }
        let handler = ClientChannelHandler(usesTLS: target.trust != nil, hasLines: hasLines) { happening in
            switch happening {
            case .ready: self.settle(attempt, channel, happened)
            case .gone(let error) where !attempt.isSettled: self.fail(attempt, error)
            // The events of an abandoned connection are dropped.
            default: if attempt.isReady { happened(happening) }
            }
        }
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    /// At the end the client waits only this long for the other side's close_notify.
    private static var tlsConfiguration: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.shutdownTimeout = .milliseconds(500)
        return configuration
    }

    private func tlsHandler(_ attempt: Attempt, _ trust: ServerTrust) throws -> NIOSSLClientHandler {
        var configuration = ServerConnector.tlsConfiguration
        // The callback below replaces the verification.
        configuration.certificateVerification = .noHostnameVerification
        // Without this, TLS would load the system's roots, which takes longer than all the rest of connecting.
        configuration.trustRoots = .certificates([])
        let context = try NIOSSLContext(configuration: configuration)
        let bound = NIOLoopBound((self, attempt, trust), eventLoop: loop)
        return try NIOSSLClientHandler(context: context, serverHostname: trust.server.identity.sniName) { certificates, promise in
            let (connector, attempt, trust) = bound.value
            connector.verify(certificates, attempt, trust, promise)
        }
    }

    private func verify(
        _ certificates: [NIOSSLCertificate], _ attempt: Attempt, _ trust: ServerTrust, _ promise: EventLoopPromise<NIOSSLVerificationResult>
    ) {
        guard let leaf = try? certificates.first?.toDERBytes() else { return promise.succeed(.failed) }
        let fingerprint = Fingerprint(ofCertificate: leaf)
        let isLoopback = attempt.channel?.remoteAddress.map(ServerConnector.isLoopback) ?? false
        let verdict = trust.judge(fingerprint, nil, isLoopback: isLoopback)
        guard verdict == .examine else { return apply(verdict, attempt, promise) }
        let others = certificates.dropFirst().prefix(CertificateExaminer.maximumIntermediates).compactMap { try? $0.toDERBytes() }
        let bound = NIOLoopBound((self, attempt), eventLoop: loop)
        loop.makeFutureWithTask {
            await CertificateExaminer(server: trust.server, roots: trust.roots, now: Date()).examine(leaf, others)
        }.whenComplete { result in
            let (connector, attempt) = bound.value
            switch result {
            case .success(let finding): connector.apply(trust.judge(fingerprint, finding, isLoopback: isLoopback), attempt, promise)
            case .failure(let error): connector.apply(.fail("\(error)"), attempt, promise)
            }
        }
    }

    private func apply(_ verdict: ServerTrust.Verdict, _ attempt: Attempt, _ promise: EventLoopPromise<NIOSSLVerificationResult>) {
        attempt.verdict = verdict
        switch verdict {
        case .accept, .remember: promise.succeed(.certificateVerified)
        case .examine, .ask, .refuse, .fail: promise.succeed(.failed)
        }
    }

    /// Completes an attempt after the handshake. Only the handshake proves that the server has the key, so the record is stored here,
    /// before anything is sent.
    private func settle(_ attempt: Attempt, _ channel: any Channel, _ happened: @escaping (ClientChannelHandler.Happening) -> Void) {
        attempt.isSettled = true
        guard let trust = target.trust else { return attempt.succeed(channel) }
        switch attempt.verdict {
        case .accept: attempt.succeed(channel)
        case .remember(let record, let known, let saying):
            do {
                guard try trust.knownHosts.remember(record, of: trust.server, insteadOf: known) else {
                    // Another client was first: the next connection is judged by the record that it has stored.
                    channel.close(promise: nil)
                    guard attempt.turns > 1 else {
                        return attempt.promise.fail(
                            Failure.failed(
                                "The entry of \(place) in \(trust.knownHosts.path) keeps changing: another program writes it. Try again."))
                    }
                    return self.attempt(turns: attempt.turns - 1, happened).future.cascade(to: attempt.promise)
                }
                if let saying { onRemark(saying) }
                attempt.succeed(channel)
            } catch {
                guard record == .vouched else {
                    channel.close(promise: nil)
                    return attempt.promise.fail(Failure.failed(error.message))
                }
                // The certificate is valid, and it will be examined again the next time.
                if let saying { onRemark(saying) }
                onRemark("\(error.message) So it is not remembered that \(place) has a certificate of an authority.")
                attempt.succeed(channel)
            }
        case .examine, .ask, .refuse, .fail, nil:
            // No handshake succeeds on such a verdict.
            channel.close(promise: nil)
            attempt.promise.fail(Failure.failed("\(place): the certificate was not checked."))
        }
    }

    /// The connection was closed before it was ready: the certificate was refused, or the other side does not speak TLS.
    private func fail(_ attempt: Attempt, _ error: (any Error)?) {
        attempt.isSettled = true
        switch attempt.verdict {
        case .ask(let certificate): attempt.promise.fail(Failure.stranger(certificate))
        case .refuse(let reason): attempt.promise.fail(Failure.refused(reason))
        case .fail(let reason): attempt.promise.fail(Failure.failed(reason))
        case .accept, .remember, .examine, nil:
            attempt.promise.fail(Failure.unreachable(error.map(explain) ?? "\(place): the server closed the connection."))
        }
    }

    private var place: String { KnownHosts.Server(host: target.host, port: target.port).description }

    /// `ADDRESS:PORT`, or nil if it has none.
    static func numericPlace(_ address: SocketAddress) -> String? {
        guard let text = address.ipAddress, let port = address.port else { return nil }
        return KnownHosts.Server(host: text, port: port).description
    }

    static func isLoopback(_ address: SocketAddress) -> Bool {
        guard let text = address.ipAddress else { return true }
        return text.hasPrefix("127.") || text == "::1" || text.hasPrefix("::ffff:127.")
    }

    private func explain(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            guard let first = error.connectionErrors.first else { return "\(place): there is no such host." }
            return explain(first.error)
        case let error as IOError: return "\(place): \(SystemError.text(error.errnoCode))."
        case ChannelError.connectTimeout: return "\(place): no answer within 10 seconds."
        case is NIOSSLError: return "\(place): the TLS handshake failed. Is this the port of a chatty server?"
        default: return "\(place): \(error)"
        }
    }
}
