import CLinux
import Connectivity
import Glibc
import NetworkIO
import SystemSupport
import TransferProtocol

/// The thread that drives a host or a guest on the links of this machine, until its commands are closed.
final class LinkDriver<Party: LinkParty> {
    typealias Command = @Sendable (LinkDriver) -> Void

    /// How often interfaces that have come are noticed: sooner than a guest gives up.
    private static var rescan: TransferDuration { .seconds(Int64(3)) }

    var party: Party
    private let sockets: LinkSockets
    private let listens: Bool
    private let mailbox: PolledMailbox<Command>
    private let deliver: (inout Party) -> Void
    private var isStopped = false
    private var rescanAt = TransferInstant.zero

    private init(
        _ party: Party, _ sockets: LinkSockets, listens: Bool, _ mailbox: PolledMailbox<Command>, _ deliver: @escaping (inout Party) -> Void
    ) {
        self.party = party
        self.sockets = sockets
        self.listens = listens
        self.mailbox = mailbox
        self.deliver = deliver
    }

    /// Starts the thread.
    /// - Parameters:
    ///   - make: makes the party, at the time it is given.
    ///   - deliver: takes what the party has to tell; called on the thread after everything that happens.
    /// - Returns: where commands are posted.
    static func start(
        listens: Bool, port: UInt16, _ make: @escaping @Sendable (Duration) -> Party,
        deliver: @escaping @Sendable (inout Party) -> Void
    ) throws(SystemError) -> PolledMailbox<Command> {
        let sockets = try LinkSockets(listens: listens, port: port)
        let mailbox = try PolledMailbox<Command>()
        try BackgroundThread.start(name: "chatty-meeting", sockets) { sockets in
            LinkDriver(make(time()), sockets, listens: listens, mailbox, deliver).run()
        }
        return mailbox
    }

    private static func time() -> Duration { .nanoseconds(Int64(clamping: LoopCore.clock().nanoseconds)) }

    /// Ends the thread when the commands before are carried out.
    func stop() { isStopped = true }

    private func run() {
        while !isStopped {
            if listens, LoopCore.clock() >= rescanAt {
                sockets.join(LinkSockets.usable(NetworkInterface.all()))
                rescanAt = LoopCore.clock() + Self.rescan
            }
            for command in mailbox.drain().elements { command(self) }
            sockets.receive { party.receive($0, from: $1, at: Self.time()) }
            while let out = party.nextDatagram(at: Self.time()) {
                switch out.to {
                case .group: sockets.sendToGroup(out.bytes, on: LinkSockets.usable(NetworkInterface.all()))
                case .address(let address): sockets.send(out.bytes, to: address)
                }
            }
            deliver(&party)
            if !isStopped { wait() }
        }
        _ = mailbox.close()
    }

    private func wait() {
        let now = Self.time()
        var until = now + .seconds(60)
        if listens { until = min(until, .nanoseconds(Int64(clamping: rescanAt.nanoseconds))) }
        if let timeout = party.nextTimeout { until = min(until, timeout) }
        // Rounded up, so that nothing is due before it is time.
        let milliseconds = until > now ? Int32((until - now) / .milliseconds(1)) + 1 : 0
        var entries = ([mailbox.descriptor] + sockets.descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = poll(&entries, nfds_t(entries.count), milliseconds)
    }
}
