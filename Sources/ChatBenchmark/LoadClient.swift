/// One connection of the load generator.
struct LoadClient {
    enum Phase {
        case new, connecting, registering, loggedIn, joining, active, gone
    }

    var descriptor: Int32 = -1
    var phase = Phase.new
    /// Number of messages sent, which is the number of the next one.
    var number: UInt32 = 0
    var unacknowledged = 0
    /// The beginning of a line that is incomplete.
    var partial: [UInt8] = []
    /// Bytes that the socket has not accepted yet.
    var unsent: [UInt8] = []
}
