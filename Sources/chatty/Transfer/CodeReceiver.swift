import Connectivity
import Foundation
import NIOConcurrencyHelpers
import NetworkIO
import TransferIO
import TransferProtocol

/// Agrees with senders on transfers by codes: `recv-file` shows them, or was given a sender's.
final class CodeReceiver: Sendable {
    private let loop: TransferLoop
    private let announced: [NetworkAddress]
    private let reporter: TransferReporter
    /// The invitations of those who have used a code, the oldest first: one for each key, as a sender may come again.
    private let invitations = NIOLockedValueBox<[Invitation]>([])

    /// Senders by code whose invitations are kept.
    private static let maximumInvitations = 16

    /// - Parameter announced: the addresses that senders are given instead of this machine's own.
    init(loop: TransferLoop, announced: [NetworkAddress], reporter: TransferReporter) {
        self.loop = loop
        self.announced = announced
        self.reporter = reporter
    }

    /// Invites the sender of an offer, and opens this side's router for it.
    /// - Returns: the answer; nil if this machine has no address.
    private func accept(_ offer: CodeText.Offer) -> CodeText? {
        let addresses = CodeGreeting.addresses(port: loop.port, announced: announced)
        guard !addresses.isEmpty else { return nil }
        let invitation = invite(Array(offer.key))
        // Who announces an address wants to be reached there, and probes would show others.
        let searches = announced.isEmpty
        if searches, offer.search == true {
            loop.answerSearch(
                PeerSearch(CodeGreeting.usable(offer.addresses), secret: invitation.preSharedKey, policy: .directOnly))
        }
        return .acceptance(
            TransferPayload.Acceptance(
                key: Data(loop.publicKey), secret: Data(invitation.preSharedKey), addresses: addresses, search: searches ? true : nil))
    }

    private func invite(_ key: [UInt8]) -> Invitation {
        let fresh = Invitation(preSharedKey: (0..<32).map { _ in UInt8.random(in: .min ... .max) }, senderKey: key)
        let (invitation, withdrawn) = invitations.withLockedValue { all -> (Invitation, Invitation?) in
            if let known = all.first(where: { $0.senderKey == key }) { return (known, nil) }
            all.append(fresh)
            return (fresh, all.count > Self.maximumInvitations ? all.removeFirst() : nil)
        }
        if let withdrawn { loop.withdraw(withdrawn) }
        if invitation == fresh { loop.invite(invitation) }
        return invitation
    }

    /// Meets the sender who shows this code; then only that sender can connect.
    func meet(_ code: MeetingCode) async throws {
        let guest = try await CodeGreeting.meet(code)
        defer { guest.close() }
        switch try await CodeGreeting.ask(guest, .ready, code) {
        case .offer(let offer):
            guard let answer = accept(offer) else { throw NoAddressError() }
            guard case .done = try await CodeGreeting.ask(guest, answer, code) else { throw CodeFailure.notUnderstood }
        default: throw CodeFailure.notUnderstood
        }
    }

    /// Answers the senders who type the codes that `host` shows, and says what happens to those.
    func serve(_ host: CodeHost) async {
        for await event in host.events {
            switch event {
            case .shows(let code):
                let (line, notice) = CodeGreeting.shows(code, typed: "chatty send-file FILE")
                reporter.announce([line], notice)
            case .wrong(let from, let isLast):
                let rest = isLast ? " It was the third, so there is no other: use the ticket." : ""
                reporter.complain(CodeGreeting.wrong(from: from) + rest)
            case .text(let exchange, let bytes):
                switch CodeText(bytes) {
                case .offer(let offer): host.answer(exchange, (accept(offer) ?? .refusal(.unable)).bytes)
                case .ready: host.answer(exchange, CodeText.refusal(.receives).bytes)
                default: host.answer(exchange, CodeText.refusal(.unable).bytes)
                }
            }
        }
    }
}
