/// One connection of the load.
struct LoadClient {
    enum Phase {
        case new, connecting, registering, loggedIn, joining, active, gone
    }

    var descriptor: Int32 = -1
    var phase = Phase.new
    /// Messages sent so far: the number of the next one.
    var number: UInt32 = 0
    var unacknowledged = 0
    /// The begin of a line whose end has not come.
    var partial: [UInt8] = []
    /// What the socket did not take.
    var unsent: [UInt8] = []
}
