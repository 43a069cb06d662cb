import Connectivity

/// A network path to the peer, and all that is known of it: its round-trip time, its capacity, the datagrams it carries, and what is in
/// flight on it.
///
/// A sent packet carries the generation of its path, so that losses, acks and ECN marks of one path never count for another
/// (RFC 9000 §9.4). A class, because the connection changes one path in many places, a thousand times a second.
final class Path {
    /// The number of the path in its connection. What was sent under another number does not count for this path.
    private(set) var generation: UInt32
    /// Where the peer is, and the address of this host at which its packets arrive.
    var addresses: NetworkPath { didSet { destination.remote = addresses.remote } }
    /// The address of this host that datagrams are sent from; ``LocalAddress/any`` if the kernel chooses it, by the routes that are left
    /// when a link goes down.
    var source: LocalAddress { didSet { destination.local = source } }
    /// Where datagrams are sent, and from where.
    private(set) var destination: NetworkPath
    /// Whether this side moves here once the path is validated, wherever the peer sends.
    var isChosen = false
    /// Whether it goes through a relay.
    var isRelayed: Bool { addresses.remote.isRelayed }
    private let makeController: (_ datagramSize: Int) -> any CongestionController

    var rtt = RTTEstimator()
    var reordering = Reordering()
    var roundTrips = MedianRoundTrip()
    var controller: any CongestionController
    var pacer = Pacer()
    var rate = DeliveryRate()
    /// The latest delivery-rate sample with a rate, bytes a second.
    var deliveryRate = 0.0
    var mtu: PathMTU
    var fallback = PathFallback()
    var ecn = ECNValidator()
    /// ECN-capable packets that were acknowledged.
    var acknowledgedCapable: UInt64 = 0
    var challenge: PathChallenge

    private(set) var bytesInFlight = 0
    private(set) var elicitingInFlight = 0
    var largestAcknowledged: UInt64?
    var firstSampleAt: TransferInstant?
    var latestSampleAt = TransferInstant.zero
    var episode = LossEpisode()

    /// The size of datagrams that carry data, bytes.
    var datagramSize: Int { mtu.current }
    /// Whether data is sent as ECN-capable.
    var marksData: Bool { ecn.marksPackets && !fallback.sendsUnmarked }

    /// - Parameter makeController: makes the congestion controller of a path of which nothing is known.
    init(
        generation: UInt32, addresses: NetworkPath, source: LocalAddress, mtu: PathMTU, at now: TransferInstant,
        makeController: @escaping (_ datagramSize: Int) -> any CongestionController
    ) {
        self.generation = generation
        self.addresses = addresses
        self.source = source
        destination = NetworkPath(remote: addresses.remote, local: source)
        self.mtu = mtu
        self.makeController = makeController
        controller = makeController(mtu.current)
        challenge = PathChallenge(at: now)
    }

    /// Counts an ack-eliciting packet that is being sent.
    func sent(_ bytes: Int) {
        bytesInFlight += bytes
        elicitingInFlight += 1
    }

    /// Counts an ack-eliciting packet that is acknowledged or lost.
    func settled(_ bytes: Int) {
        bytesInFlight -= bytes
        elicitingInFlight -= 1
    }

    /// How long after it was sent an unacknowledged packet is lost, once a later one is acknowledged (RFC 9002 §6.1.2).
    var lossDelay: TransferDuration { max(max(rtt.latest, rtt.smoothed) + reordering.patience(rtt), RTTEstimator.granularity) }

    /// Adds a round-trip time.
    func addRoundTrip(_ sample: TransferDuration, ackDelay: TransferDuration, at now: TransferInstant) {
        rtt.add(sample, ackDelay: ackDelay)
        if firstSampleAt == nil { firstSampleAt = now }
        latestSampleAt = now
    }

    /// Forgets what is known of the path's capacity, and takes another generation: what was sent so far is retransmitted if it is lost, but
    /// neither counts as in flight nor as a sign of congestion.
    func beginAnew(as generation: UInt32) {
        self.generation = generation
        bytesInFlight = 0
        elicitingInFlight = 0
        largestAcknowledged = nil
        firstSampleAt = nil
        deliveryRate = 0
        latestSampleAt = .zero
        episode = LossEpisode(number: episode.number &+ 1)
        rate = DeliveryRate()
        controller = makeController(datagramSize)
        pacer = Pacer()
    }
}

/// The losses behind one reduction of the window, which may yet be undone.
struct LossEpisode {
    /// Counted from 1.
    var number: UInt32 = 0
    /// Losses of packets sent until then belong to this episode (RFC 9002 §7.3.2).
    var sentBefore = TransferInstant.zero
    var lost = 0
    var spurious = 0
}
