import CUPnP
import Connectivity
import Glibc
import NIOConcurrencyHelpers
import NetworkIO
import SystemSupport
import TransferProtocol

/// A mapping of a UDP port by a router that speaks UPnP (Internet Gateway Device), for those that know neither PCP nor NAT-PMP.
///
/// The library blocks, so each step runs on a thread of its own, one at a time, whose result comes to the mailbox of the port mapper. A
/// router that lets a step take longer than ``patience`` is given up; its thread ends when it does.
final class UPnPMapping {
    typealias Mailbox = PolledMailbox<PortMapperCore.Command>

    private enum Phase {
        /// Begins at this time.
        case waiting(until: TransferInstant)
        case working(since: TransferInstant)
        case mapped(renewAt: TransferInstant)
        case over
    }

    private struct Granted {
        let router: cupnp_router
        let external: NetworkAddress
        let lifetime: UInt32
    }

    private static let lifetime: UInt32 = 3600
    /// How long the answers of routers are waited for; most come within a tenth of a second.
    private static let discovery: Int32 = 1000
    private static let patience = TransferDuration.seconds(Int64(15))
    /// When a router that maps the port by other means, or has lost a mapping, is looked at again.
    private static let pause = TransferDuration.seconds(Int64(600))
    /// Ports that are tried if others have taken the first.
    private static let attempts = 3
    /// A router without an end of mappings is asked again as often.
    private static let longestLifetime: UInt32 = 86_400

    private let router: NetworkAddress
    private let client: NetworkAddress
    private let port: UInt16
    private let mailbox: Mailbox
    private var phase: Phase
    private var granted: Granted?
    /// What a thread that works hands over.
    private struct Handover {
        /// Set when the port is not wanted any more: a thread that still works then gives back what it gets.
        var isGivenUp = false
        var isDone = false
        var granted: Granted?
    }

    private let handover = NIOLockedValueBox(Handover())
    private var isReleasing = false

    /// - Parameters:
    ///   - router: the default gateway.
    ///   - client: this machine's address towards it.
    init(router: NetworkAddress, client: NetworkAddress, port: UInt16, mailbox: Mailbox, startingAt start: TransferInstant) {
        self.router = router
        self.client = client
        self.port = port
        self.mailbox = mailbox
        phase = .waiting(until: start)
    }

    var mapped: NetworkAddress? { granted?.external }

    /// Whether the router has answered, or will not.
    var isSettled: Bool {
        switch phase {
        case .waiting, .working: granted != nil
        case .mapped, .over: true
        }
    }

    var nextTimeout: TransferInstant {
        switch phase {
        case .waiting(let time), .mapped(let time): time
        case .working(let since): since + Self.patience
        case .over: .distantFuture
        }
    }

    /// - Parameter isWanted: false while the router has mapped the port otherwise.
    func advance(isWanted: Bool, at now: TransferInstant) {
        switch phase {
        case .waiting(let time) where now >= time: if isWanted { work(at: now) } else { phase = .waiting(until: now + Self.pause) }
        case .mapped(let time) where now >= time: work(at: now)
        case .working(let since) where now >= since + Self.patience:
            granted = nil
            giveUp()
        default: break
        }
    }

    /// Gives the mapping back, on a thread.
    func release() {
        take()
        giveUp()
        guard let granted else { return }
        self.granted = nil
        isReleasing = true
        let run: @Sendable () -> Void = { [mailbox] in
            var router = granted.router
            cupnp_unmap(&router, granted.external.port)
            mailbox.post { $0.upnp?.isReleasing = false }
        }
        if (try? BackgroundThread.start(name: "chatty-upnp", run) { $0() }) == nil { isReleasing = false }
    }

    /// Whether nothing is being given back.
    var isReleased: Bool { !isReleasing }

    private func giveUp() {
        handover.withLockedValue { $0.isGivenUp = true }
        phase = .over
    }

    private func work(at now: TransferInstant) {
        phase = .working(since: now)
        let (router, client, port, known) = (router, client, port, granted)
        let run: @Sendable () -> Void = { [mailbox, handover] in
            let result = Self.map(port, router: router, client: client, known: known)
            let isLate = handover.withLockedValue { handover in
                if !handover.isGivenUp { (handover.isDone, handover.granted) = (true, result) }
                return handover.isGivenUp
            }
            if !isLate {
                mailbox.post { $0.upnp?.take() }
            } else if let result {
                var router = result.router
                cupnp_unmap(&router, result.external.port)
            }
        }
        // Without a thread there is no mapping, as without a router.
        if (try? BackgroundThread.start(name: "chatty-upnp", run) { $0() }) == nil { giveUp() }
    }

    /// Takes what a thread has handed over.
    private func take() {
        let done = handover.withLockedValue { handover in
            defer { (handover.isDone, handover.granted) = (false, nil) }
            return handover.isDone ? handover : nil
        }
        guard let done else { return }
        let now = PortMapperCore.clock()
        let isLost = granted != nil
        granted = done.granted
        // A router that has refused is left alone; one that has not renewed a mapping may have restarted.
        phase =
            granted.map { .mapped(renewAt: now + .seconds(Int64($0.lifetime / 2))) }
            ?? (isLost ? .waiting(until: now + Self.pause) : .over)
    }

    // MARK: On the thread that may block

    private static func map(_ port: UInt16, router: NetworkAddress, client: NetworkAddress, known: Granted?) -> Granted? {
        var service = known?.router ?? cupnp_router()
        if known == nil, cupnp_find(router.host, client.host, discovery, &service) != 0 { return nil }
        var external = known?.external.port ?? port
        var lifetime = lifetime
        for _ in 0..<attempts {
            switch cupnp_map(&service, client.host, port, external, lifetime) {
            case 0:
                var text = [CChar](repeating: 0, count: 46)
                let isTold = cupnp_external_address(&service, &text) == 0
                let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                // What others cannot reach is of no use to anybody, and given back.
                guard isTold, let address = NetworkAddress(numericIPv4: host, port: external), address.isGlobal else {
                    cupnp_unmap(&service, external)
                    return nil
                }
                return Granted(router: service, external: address, lifetime: lifetime == 0 ? longestLifetime : lifetime)
            case Int32(CUPNP_CONFLICT): external = UInt16.random(in: 1024...UInt16.max)
            case Int32(CUPNP_ONLY_PERMANENT_LEASES) where lifetime != 0: lifetime = 0
            default: return nil
            }
        }
        return nil
    }
}

extension NetworkAddress {
    /// An IPv4 address in its usual text form; nil for all else.
    init?(numericIPv4 text: String, port: UInt16) {
        var address = in_addr()
        guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
        self.init(ipv4: UInt32(bigEndian: address.s_addr), port: port)
    }
}
