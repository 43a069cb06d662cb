import ChatHub
import ChatStore

// A session's id says where its connection is, so that nobody looks it up: the event loop, the row in that loop's table, and a number that makes it unique.
extension SessionID {
    /// Event loops that a server has at most.
    static let maximumLoops = 256

    init(loop: Int, slot: Int, serial: UInt32) {
        self.init(rawValue: UInt64(serial) << 32 | UInt64(slot & 0xFF_FFFF) << 8 | UInt64(loop & 0xFF))
    }

    var loop: Int { Int(rawValue & 0xFF) }
    var slot: Int { Int(rawValue >> 8 & 0xFF_FFFF) }
}
