import Connectivity
import NetworkIO
import TransferProtocol

/// The way to a peer through a relay, over the loop's socket or over a stream.
final class RelayPath {
    let access: RelayAccess
    private(set) var leg: RelayLeg
    private let socket: UDPSocket
    private var pipe: (any RelayPipe)?
    private var frames = RelayFrames()
    /// Whether a stream is being opened.
    private var isOpening = false
    /// When a stream that could not be opened, or has ended, is opened again.
    private var opensFrom = TransferInstant.zero
    private static let openPause = TransferDuration.seconds(Int64(2))

    /// - Parameter isUDPBlocked: whether it is known already that nothing comes back over UDP from this server.
    init(_ access: RelayAccess, _ socket: UDPSocket, isUDPBlocked: Bool, at now: TransferInstant) {
        self.access = access
        self.socket = socket
        leg = RelayLeg(
            access.grant, relay: access.addresses, streamWait: isUDPBlocked ? .zero : RelayLeg.usualStreamWait,
            random: SystemRandomNumberGenerator(), at: now.duration)
    }

    /// What stands for the peer.
    var address: NetworkAddress { NetworkAddress(relayLeg: access.grant.leg) }

    /// What the relay passes on, bytes a second; nil while the leg is not bound.
    var rate: Int? { if case .bound(_, let rate) = leg.state { rate } else { nil } }

    var refusal: RelayRefusal? { if case .refused(let reason) = leg.state { reason } else { nil } }

    var nextTimeout: TransferInstant { leg.nextTimeout.map(TransferInstant.init) ?? .distantFuture }

    /// Sends a datagram to the peer; drops it while the leg is not bound, and if it is longer than what a relay passes on.
    func send(_ datagram: [UInt8]) {
        guard case .bound(let via, _) = leg.state, datagram.count <= RelayDatagram.maximumPayload else { return }
        transmit(RelayDatagram.header(of: access.grant.leg) + datagram, via)
    }

    private func transmit(_ bytes: [UInt8], _ via: RelayLeg.Via) {
        switch via {
        case .stream: pipe?.send(RelayFrames.frame(bytes))
        // What the system does not take is as good as lost on the way.
        case .address(let address): _ = bytes.withUnsafeBytes { socket.send($0, to: address) }
        }
    }

    func rebind(at now: TransferInstant) { leg.rebind(at: now.duration) }

    /// Another network: a stream of before comes nowhere.
    func linksChanged(at now: TransferInstant) {
        if pipe != nil { closePipe(at: now) }
        opensFrom = now
        leg.rebind(at: now.duration)
    }

    /// Takes a datagram of the relay.
    /// - Returns: what the peer has sent; nil if it was for the leg.
    func receive(_ datagram: UnsafeRawBufferPointer, from via: RelayLeg.Via, at now: TransferInstant) -> UnsafeRawBufferPointer? {
        guard leg.receive(datagram, from: via, at: now.duration) == .data else { return nil }
        return UnsafeRawBufferPointer(rebasing: datagram.dropFirst(RelayDatagram.headerSize))
    }

    /// Takes bytes of the stream.
    func received(_ bytes: [UInt8], at now: TransferInstant, deliver: (UnsafeRawBufferPointer) -> Void) {
        frames.append(bytes)
        while let datagram = frames.next() {
            datagram.withUnsafeBytes { bytes in
                if let payload = receive(bytes, from: .stream, at: now) { deliver(payload) }
            }
        }
        if frames.isBroken { closePipe(at: now) }
    }

    /// Sends what is due.
    /// - Parameter open: opens a stream; its result comes to ``opened(_:at:)``.
    func advance(at now: TransferInstant, open: () -> Void) {
        while let (bytes, via) = leg.nextDatagram(at: now.duration) { transmit(bytes, via) }
        guard leg.wantsStream, !isOpening, now >= opensFrom else { return }
        isOpening = true
        open()
    }

    func opened(_ pipe: (any RelayPipe)?, at now: TransferInstant) {
        isOpening = false
        guard let pipe else {
            opensFrom = now + Self.openPause
            return
        }
        self.pipe = pipe
        frames = RelayFrames()
        leg.streamOpened(at: now.duration)
    }

    func ended(at now: TransferInstant) { closePipe(at: now) }

    private func closePipe(at now: TransferInstant) {
        pipe?.close()
        pipe = nil
        opensFrom = now + Self.openPause
        leg.streamClosed(at: now.duration)
    }

    /// Frees the leg.
    func close() {
        if let (bytes, via) = leg.release() { transmit(bytes, via) }
        pipe?.close()
        pipe = nil
    }
}
