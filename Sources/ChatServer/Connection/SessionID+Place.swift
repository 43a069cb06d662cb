import ChatHub
import ChatStore

// A session's id holds the place of its connection, so that no table is searched: the event loop, the slot in that loop, and a serial
// number that makes it unique.
extension SessionID {
    /// The most event loops of a server.
    static let maximumLoops = 256

    init(loop: Int, slot: Int, serial: UInt32) {
        self.init(rawValue: UInt64(serial) << 32 | UInt64(slot & 0xFF_FFFF) << 8 | UInt64(loop & 0xFF))
    }

    var loop: Int { Int(rawValue & 0xFF) }
    var slot: Int { Int(rawValue >> 8 & 0xFF_FFFF) }
}
