import Connectivity
import NIOConcurrencyHelpers
import NIOCore

/// A connection over which a leg's datagrams come and go, where UDP is blocked.
///
/// Each way at most ``most`` bytes wait; what comes beyond them is dropped, as a network drops it: over TCP everything would wait behind what
/// is late already.
final class RelayStream: Sendable {
    static let most = 1 << 18

    let id: UInt64
    private let channel: any Channel
    /// Called on any thread, once, when a leg has shown a grant over it.
    let proven: @Sendable () -> Void
    private let unsent = NIOLockedValueBox(0)
    private let unread = NIOLockedValueBox(0)

    init(id: UInt64, _ channel: any Channel, proven: @escaping @Sendable () -> Void) {
        self.id = id
        self.channel = channel
        self.proven = proven
    }

    /// Sends a datagram. Callable on any thread.
    /// - Returns: false if it is dropped.
    func send(_ datagram: [UInt8]) -> Bool {
        let frame = RelayFrames.frame(datagram)
        guard Self.reserve(frame.count, of: unsent) else { return false }
        let promise = channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { [unsent] _ in unsent.withLockedValue { $0 -= frame.count } }
        channel.writeAndFlush(ByteBuffer(bytes: frame), promise: promise)
        return true
    }

    /// Whether a datagram that has arrived may be passed on; then ``taken(_:)`` follows.
    func arrives(_ count: Int) -> Bool { Self.reserve(count, of: unread) }

    func taken(_ count: Int) { unread.withLockedValue { $0 -= count } }

    func close() { channel.close(promise: nil) }

    private static func reserve(_ count: Int, of box: NIOLockedValueBox<Int>) -> Bool {
        box.withLockedValue { used in
            guard used + count <= most else { return false }
            used += count
            return true
        }
    }
}
