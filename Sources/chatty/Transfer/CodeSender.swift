import Connectivity
import Foundation
import TransferIO
import TransferProtocol

/// Agrees with a receiver on a transfer by a code: `send-file` shows one, or was given the receiver's.
struct CodeSender {
    let loop: TransferLoop
    let reporter: TransferReporter

    private var offer: CodeText {
        .offer(CodeText.Offer(key: Data(loop.publicKey), addresses: CodeGreeting.addresses(port: loop.port), search: true))
    }

    private static func receiver(_ answer: TransferPayload.Acceptance) throws -> OutgoingTransfer.Receiver {
        let addresses = CodeGreeting.usable(answer.addresses)
        guard !addresses.isEmpty else { throw CodeFailure(.unable) }
        return OutgoingTransfer.Receiver(
            addresses: addresses, key: Array(answer.key), preSharedKey: Array(answer.secret), searches: answer.search == true)
    }

    /// Meets the receiver who shows this code.
    func meet(_ code: MeetingCode) async throws -> OutgoingTransfer.Receiver {
        let guest = try await CodeGreeting.meet(code)
        defer { guest.close() }
        switch try await CodeGreeting.ask(guest, offer, code) {
        case .acceptance(let answer): return try Self.receiver(answer)
        case .offer: throw CodeFailure(.sends)
        default: throw CodeFailure.notUnderstood
        }
    }

    /// Shows codes until a receiver has typed one.
    /// - Returns: the receiver, and what still answers it if an answer was lost; to be closed when the transfer is over.
    func show() async throws -> (receiver: OutgoingTransfer.Receiver, host: CodeHost) {
        let host: CodeHost
        do { host = try CodeHost() } catch {
            throw CodeFailure(.failed, "No code can be shown here: \(error). Give a DESTINATION, which recv-file prints.")
        }
        var offered = Set<UInt64>()
        for await event in host.events {
            switch event {
            case .shows(let code):
                let (line, notice) = CodeGreeting.shows(code, typed: "chatty recv-file")
                reporter.announce([line], notice)
            case .wrong(let from, let isLast):
                let message = CodeGreeting.wrong(from: from)
                guard !isLast else {
                    host.close()
                    throw CodeFailure(.refused, "\(message) It was the third. Run the same command again for new codes.")
                }
                reporter.complain(message)
            case .text(let exchange, let bytes):
                switch CodeText(bytes) {
                case .ready:
                    offered.insert(exchange)
                    host.answer(exchange, offer.bytes)
                case .acceptance(let answer) where offered.contains(exchange):
                    let receiver = try Self.receiver(answer)
                    host.answer(exchange, CodeText.done.bytes)
                    host.retire()
                    return (receiver, host)
                case .offer: host.answer(exchange, CodeText.refusal(.sends).bytes)
                default: host.answer(exchange, CodeText.refusal(.unable).bytes)
                }
            }
        }
        throw CancellationError()
    }
}
