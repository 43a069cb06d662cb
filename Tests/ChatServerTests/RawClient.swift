import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import ChatServer

/// A TCP client that sends a test's bytes and waits for expected texts, in order, with a deadline.
final class RawClient: Sendable {
    enum Failure: Error, CustomStringConvertible {
        case notSeen(String, instead: String)
        case stillOpen(String)

        var description: String {
            switch self {
            case .notSeen(let text, let instead): "\(text.debugDescription) did not come; unread: \(instead.debugDescription)"
            case .stillOpen(let unread): "not closed; unread: \(unread.debugDescription)"
            }
        }
    }

    let channel: any Channel
    private let inbox = Inbox()
    /// The deadline is generous, because other tests run at the same time.
    static let patience = Duration.seconds(isSanitized ? 480 : 120)
    /// Whether the test runs under `.ci/sanitize`.
    static let isSanitized = ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains { ProcessInfo.processInfo.environment[$0] != nil }

    /// - Parameters:
    ///   - first: the bytes to send as soon as it is connected.
    ///   - receiveBuffer: the size of the socket's receive buffer, bytes; nil for the system's.
    init(
        port: Int, tls: Bool = false, host: String = "127.0.0.1", first: String = "", receiveBuffer: Int? = nil
    ) async throws {
        let inbox = inbox
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
        if let receiveBuffer { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer)) }
        inbox.first.withLockedValue { $0 = first }
        channel = try await bootstrap.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                if tls {
                    var configuration = TLSConfiguration.makeClientConfiguration()
                    configuration.certificateVerification = .none
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: NIOSSLContext(configuration: configuration), serverHostname: nil))
                }
                try channel.pipeline.syncOperations.addHandler(inbox)
            }
        }.connect(host: host, port: port).get()
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }
    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    /// Waits for a text, and consumes the input up to its end.
    /// - Returns: the input before the text.
    @discardableResult
    func expect(_ text: String) async throws -> String {
        let wanted = Data(text.utf8)
        return try await inbox.wait { unread in
            guard let range = unread.range(of: wanted) else { return nil }
            let before = String(decoding: unread[..<range.lowerBound], as: UTF8.self)
            unread = unread[range.upperBound...]
            return before
        } orThrow: {
            .notSeen(text, instead: $0)
        }
    }

    /// Waits for the end of the input.
    /// - Returns: the input before the end.
    func end() async throws -> String {
        try await inbox.wait(untilEnd: true) {
            String(decoding: $0, as: UTF8.self)
        } orThrow: {
            .stillOpen($0)
        }
    }

    var unread: String { inbox.text }

    func close() async throws { try await channel.close() }
    func endInput() async throws { try await channel.close(mode: .output) }

    deinit { channel.close(promise: nil) }

    private final class Inbox: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private struct State {
            var unread = Data()
            var isAtEnd = false
            var waiter: CheckedContinuation<Void, Never>?
        }
        private let state = NIOLockedValueBox(State())
        let first = NIOLockedValueBox("")

        func channelActive(context: ChannelHandlerContext) {
            let first = first.withLockedValue { $0 }
            if !first.isEmpty { context.writeAndFlush(NIOAny(ByteBuffer(string: first)), promise: nil) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            change { $0.unread.append(contentsOf: buffer.readableBytesView) }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .inputClosed? = event as? ChannelEvent { change { $0.isAtEnd = true } }
        }

        func channelInactive(context: ChannelHandlerContext) { change { $0.isAtEnd = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func change(_ body: (inout State) -> Void) {
            state.withLockedValue { state in
                body(&state)
                state.waiter?.resume()
                state.waiter = nil
            }
        }

        /// The last part of the unread input.
        var text: String { String(decoding: state.withLockedValue { $0 }.unread.suffix(2000), as: UTF8.self) }

        func wait<Value>(
            untilEnd: Bool = false, _ body: (inout Data) -> Value?, orThrow failure: (String) -> Failure
        ) async throws -> Value {
            let deadline = ContinuousClock.now + RawClient.patience
            while true {
                let (value, seen, isAtEnd) = state.withLockedValue { state in
                    (untilEnd && !state.isAtEnd ? nil : body(&state.unread), state.unread.endIndex, state.isAtEnd)
                }
                if let value { return value }
                guard !isAtEnd, ContinuousClock.now < deadline else { throw failure(text) }
                await arrival(beyond: seen, until: deadline)
            }
        }

        /// Returns when input beyond `seen` has arrived, or at the deadline.
        private func arrival(beyond seen: Int, until deadline: ContinuousClock.Instant) async {
            let alarm = Task {
                try? await Task.sleep(until: deadline, clock: .continuous)
                change { _ in }
            }
            await withCheckedContinuation { continuation in
                state.withLockedValue { state in
                    if state.unread.endIndex != seen || state.isAtEnd { continuation.resume() } else { state.waiter = continuation }
                }
            }
            alarm.cancel()
        }
    }
}
