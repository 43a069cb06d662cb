import ChatProtocol
import NIOCore
import NIOSSL
import NIOTLS

/// Turns what one connection reads into lines, and tells when it stands and when it is gone.
final class ClientChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Happening {
        case ready
        case line(LineDecoder.Line)
        /// Once, at the end. Nil where the other side just closed.
        case gone((any Error)?)
    }

    private let usesTLS: Bool
    private let happened: (Happening) -> Void
    private var decoder = LineDecoder(maximum: Limits.serverTagBytes + Limits.lineBytes)
    private var failure: (any Error)?
    private var isGone = false

    init(usesTLS: Bool, _ happened: @escaping (Happening) -> Void) {
        self.usesTLS = usesTLS
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
        // What a line leads to may close the channel, which may read once more: the decoder has to be done by then.
        var lines: [LineDecoder.Line] = []
        unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
            decoder.decode(bytes) { lines.append($0) }
        }
        for line in lines { happened(.line(line)) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A server that closes without TLS's good-bye is merely gone.
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
