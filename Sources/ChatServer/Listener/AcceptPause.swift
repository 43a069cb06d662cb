import Glibc
import NIOCore
import NIOPosix
import SystemSupport

/// Pauses accepting for a second when the system has no descriptor for a new connection. Waiting clients are accepted afterwards.
///
/// NIO's own `AcceptBackoffHandler` is not enough: a channel whose first accept fails stays registered for reading, so the next attempt
/// follows at once and without end.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let notify: (String) -> Void
    private var silentUntil: NIODeadline?
    private static let pause = TimeAmount.seconds(1)
    /// The shortest time between two messages to the operator.
    private static let silence = TimeAmount.minutes(1)

    init(_ notify: @escaping (String) -> Void) { self.notify = notify }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        let now = NIODeadline.now()
        if silentUntil.map({ $0 <= now }) ?? true {
            silentUntil = now + AcceptPause.silence
            notify("New connections have to wait: \(SystemError.text(error.errnoCode)).")
        }
        // On the channel's own loop it takes effect at once. It fails only on a closed channel.
        let channel = context.channel
        channel.setOption(.autoRead, value: false).whenComplete { _ in }
        context.eventLoop.scheduleTask(in: AcceptPause.pause) { channel.setOption(.autoRead, value: true) }
    }
}

extension ServerBootstrap {
    /// - Parameter notify: reports a message for the operator.
    func restingWithoutDescriptors(_ notify: @escaping @Sendable (String) -> Void) -> ServerBootstrap {
        serverChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptPause(notify)) }
        }
    }
}
