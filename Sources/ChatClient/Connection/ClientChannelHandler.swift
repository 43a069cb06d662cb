import ChatProtocol
import NIOCore
import NIOSSL
import NIOTLS

/// Decodes the input of one connection into lines, and reports when the connection is ready and when it is closed.
final class ClientChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Happening {
        case ready
        case line(LineDecoder.Line)
        /// Bytes of a connection that has no lines.
        case bytes(ByteBuffer)
        /// The last event: the connection is closed. Nil means that the other side has closed it properly.
        case gone((any Error)?)
    }

    private let usesTLS: Bool
    private let hasLines: Bool
    private let happened: (Happening) -> Void
    private var decoder = LineDecoder(maximum: Limits.serverTagBytes + Limits.lineBytes)
    private var failure: (any Error)?
    private var isGone = false

    init(usesTLS: Bool, hasLines: Bool = true, _ happened: @escaping (Happening) -> Void) {
        self.usesTLS = usesTLS
        self.hasLines = hasLines
        self.happened = happened
    }

    func channelActive(context: ChannelHandlerContext) {
        if !usesTLS { happened(.ready) }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event { happened(.ready) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard hasLines else { return happened(.bytes(unwrapInboundIn(data))) }
        // The handling of a line may close the channel, which may read once more: the decoder has to be finished by then.
        var lines: [LineDecoder.Line] = []
        unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
            decoder.decode(bytes) { lines.append($0) }
        }
        for line in lines { happened(.line(line)) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A close without TLS's close_notify counts as a normal close.
        if case NIOSSLError.uncleanShutdown = error {} else { failure = failure ?? error }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard !isGone else { return }
        isGone = true
        happened(.gone(failure))
        context.fireChannelInactive()
    }
}
