import Connectivity
import TransferIO
import TransferProtocol

/// The part of this machine's router in a command: it is asked to pass on what comes to the command's UDP port (`--map-port`).
struct RouterPort {
    /// How long a receiver waits for the router before it shows its ticket. Routers that speak PCP or NAT-PMP answer within milliseconds.
    private static let patience = Duration.milliseconds(250)

    private let mapper: PortMapper?

    /// Asks the router, except with `--map-port off`. Where the system has no thread left it is not asked: a transfer works without.
    init(_ arguments: Arguments, port: UInt16) {
        self.init(isAsked: arguments[ReachFlags.mapPort] == .on, port: port)
    }

    private init(isAsked: Bool, port: UInt16) { mapper = isAsked ? try? PortMapper(port: port) : nil }

    /// For a sender, whom nobody has to find: a receiver that moves to another network reaches it there through the router. On one's own
    /// network there is none in between.
    init(_ arguments: Arguments, port: UInt16, towards receiver: [NetworkAddress]) {
        self.init(isAsked: receiver.contains(where: \.isGlobal) && arguments[ReachFlags.mapPort] == .on, port: port)
    }

    /// The addresses of the router at which others reach the port, as far as the router has said so in a short time.
    var addresses: [NetworkAddress] { get async { await mapper?.mapped(within: Self.patience) ?? [] } }

    /// Calls `show` with the router's addresses when they become others than `known`, until the task is cancelled.
    func follow(from known: [NetworkAddress], _ show: ([NetworkAddress]) -> Void) async {
        guard let mapper else { return }
        let changes = mapper.changes()
        var shown = known
        let latest = mapper.mapped
        if !latest.isEmpty, latest != shown {
            shown = latest
            show(latest)
        }
        for await addresses in changes where !addresses.isEmpty && addresses != shown {
            shown = addresses
            show(addresses)
        }
    }

    /// Gives the port back.
    func giveBack() async { await mapper?.stop() }
}
