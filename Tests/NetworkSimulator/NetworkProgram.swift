import Connectivity

/// A datagram that a host sends.
package struct SentDatagram {
    package var bytes: [UInt8]
    package var to: NetworkAddress
    /// The routers that it passes, with the last one that does not pass it on.
    package var timeToLive: Int

    package init(bytes: [UInt8], to: NetworkAddress, timeToLive: Int = 64) {
        self.bytes = bytes
        self.to = to
        self.timeToLive = timeToLive
    }
}

/// What runs on a simulated host, behind one UDP socket. As in reality, it acts only on a datagram, on a timer, and when it is started.
package protocol NetworkProgram: AnyObject {
    func receive(_ datagram: [UInt8], from: NetworkAddress, at now: Duration)
    /// The next datagram to send; nil if there is none at this time.
    func nextDatagram(at now: Duration) -> SentDatagram?
    var nextTimeout: Duration? { get }
}
