import ChatProtocol
import NIOCore
import NIOHTTP1

/// One connection of ``MetricsListener``. It reads one request, answers it and closes.
final class MetricsHandler: ChannelInboundHandler, @unchecked Sendable {
    // Unchecked: a handler is touched on its channel's event loop only.
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let page: MetricsPage
    private let time: TimeAmount
    private var deadline: Scheduled<Void>?
    private var request: HTTPRequestHead?
    private var isAnswered = false

    init(_ page: MetricsPage, time: TimeAmount) {
        self.page = page
        self.time = time
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): if request == nil { request = head }
        case .body: break
        case .end:
            guard let request, !isAnswered else { return }
            isAnswered = true
            answer(request, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard request.method == .GET || request.method == .HEAD else {
            return respond(request, .methodNotAllowed, "Only GET and HEAD are answered.\n", context)
        }
        switch request.uri.upTo("?") {
        case "/metrics":
            page.text(on: context.eventLoop).assumeIsolated().whenComplete { [self] result in
                switch result {
                case .success(let text): respond(request, .ok, text, context, type: PrometheusText.contentType)
                case .failure: context.close(promise: nil)
                }
            }
        case "/healthz":
            let failure = page.failure
            let text = failure.map { "The database cannot be written, and messages are refused: \($0)\n" } ?? "ok\n"
            respond(request, failure == nil ? .ok : .serviceUnavailable, text, context)
        default:
            respond(request, .notFound, "Not found. Ask for /metrics or /healthz.\n", context)
        }
    }

    private func respond(
        _ request: HTTPRequestHead, _ status: HTTPResponseStatus, _ text: String, _ context: ChannelHandlerContext,
        type: String = "text/plain; charset=utf-8"
    ) {
        let headers: HTTPHeaders = [
            "Content-Type": type, "Content-Length": String(text.utf8.count), "Cache-Control": "no-store", "Connection": "close",
        ]
        context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if request.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil) }
        // The client closes first if it can. Closing before it is done would reset the connection and lose the response.
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(mode: .output, promise: nil) }
    }
}
