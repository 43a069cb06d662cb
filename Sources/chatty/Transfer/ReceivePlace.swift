import TransferIO
import TransferProtocol

/// Where senders are told to send to: this machine's own addresses, or those of `--announce`.
struct ReceivePlace {
    let addresses: [NetworkAddress]
    /// Nil where the user says where.
    private let own: LocalAddresses?

    init(_ arguments: Arguments, port: UInt16) {
        let announced = arguments[RecvFileFlags.announce].compactMap { Self.announcement($0, port: port) }
        own = announced.isEmpty ? LocalAddresses.now(port: port, limit: Ticket.maximumAddresses) : nil
        addresses = own?.addresses ?? announced
    }

    /// An address as a user typed it, with a port or without; nil where it is none.
    static func announcement(_ text: String, port: UInt16) -> NetworkAddress? {
        TransferPayload.networkAddresses([text]).first
            ?? TransferPayload.networkAddresses(["\(text):\(port)"]).first ?? TransferPayload.networkAddresses(["[\(text)]:\(port)"]).first
    }

    /// Says what does not reach this machine by these addresses, and what to do.
    func reportLimits(_ reporter: TransferReporter) {
        guard let own, let text = Self.limits(of: own) else { return }
        var notice = TransferNotice(.note)
        notice.reason = text
        reporter.report(text, notice)
    }

    private static let shown = 4

    /// Nil where there is nothing to say.
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

/// There is nothing to write into a ticket.
struct NoAddressError: Error, CustomStringConvertible {
    var description: String { "this machine has no network address that a sender could reach: connect it to a network first" }
}
