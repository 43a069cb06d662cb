import Connectivity
import TransferIO
import TransferProtocol

/// The addresses to which senders send: this machine's own, or those of `--announce`.
struct ReceivePlace {
    let addresses: [NetworkAddress]
    /// Those of `--announce`.
    let announced: [NetworkAddress]
    /// This machine's addresses; nil if the user has given addresses.
    private let own: LocalAddresses?

    /// - Parameter mapped: the addresses of the router at which others reach the port.
    init(_ arguments: Arguments, port: UInt16, mapped: [NetworkAddress] = []) {
        announced = arguments[RecvFileFlags.announce].compactMap { Self.announcement($0, port: port) }
        own = announced.isEmpty ? LocalAddresses.now(port: port, limit: Ticket.maximumAddresses - mapped.count) : nil
        addresses = own?.addresses(mapped: mapped) ?? announced
    }

    /// An address that a user typed, with or without a port; nil if it is none.
    static func announcement(_ text: String, port: UInt16) -> NetworkAddress? {
        TransferPayload.networkAddresses([text]).first
            ?? TransferPayload.networkAddresses(["\(text):\(port)"]).first ?? TransferPayload.networkAddresses(["[\(text)]:\(port)"]).first
    }

    /// Reports which senders cannot reach these addresses, and what the user can do about it.
    func reportLimits(_ reporter: TransferReporter) {
        guard let own, let text = Self.limits(of: own) else { return }
        var notice = TransferNotice(.note)
        notice.reason = text
        reporter.report(text, notice)
    }

    private static let shown = 4

    /// The text of that report; nil if there is nothing to report.
    static func limits(of own: LocalAddresses) -> String? {
        if own.areLocal {
            return "Only senders on this machine can connect: it has no other address. Give another address with --announce."
        }
        if !own.leftOut.isEmpty {
            let first = own.leftOut.prefix(shown).map { "\($0.address.host) (\(Printable.text($0.interface)))" }.joined(separator: ", ")
            let more = own.leftOut.count > shown ? " and \(own.leftOut.count - shown) more" : ""
            return "The ticket has room for \(own.chosen.count) addresses; left out: \(first)\(more). "
                + "If senders need one of these, give it with --announce."
        }
        if own.areOnLink {
            return
                "Only senders on the same network can connect: this machine has link-local addresses only. Give another address with --announce."
        }
        return nil
    }
}

/// The machine has no address for a ticket.
struct NoAddressError: Error, CustomStringConvertible {
    var description: String { "this machine has no network address that a sender could reach: connect it to a network first" }
}
