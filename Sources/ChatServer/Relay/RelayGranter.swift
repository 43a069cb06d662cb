import ChatHub
import ChatProtocol
import Connectivity
import Foundation

/// Makes what a session is told that is to be relayed. Specified in chatty-chat(7).
struct RelayGranter: Sendable {
    private struct Payload: Encodable {
        let leg: String
        let expires: UInt32
        let account: UInt64
        let key: Data
    }

    /// How long a grant opens a relay, seconds. A transfer that pauses for longer is offered again.
    private static let lifetime: UInt32 = 24 * 3600

    let key: RelayGrantKey

    /// The signal for the session that asks.
    /// - Parameter wallClock: seconds since 1970.
    func signal(_ request: RelayRequest, wallClock: UInt32) -> Outgoing? {
        // Both sides' requests name the same sessions and the same offer, and no other transfer does.
        var transfer = Array(request.id.utf8)
        for session in request.sessions { withUnsafeBytes(of: session.rawValue.bigEndian) { transfer.append(contentsOf: $0) } }
        let expires = wallClock.addingReportingOverflow(Self.lifetime).partialValue
        let grants = key.grants(for: transfer, account: UInt64(clamping: request.account.rawValue), expires: expires)
        let grant = grants[request.isOffering ? 0 : 1]
        let payload = Payload(leg: String(grant.leg, radix: 16), expires: grant.expires, account: grant.account, key: Data(grant.keyBytes))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let text = (try? encoder.encode(payload)).map({ String(decoding: $0, as: UTF8.self) }),
            let signal = TransferSignal(verb: .relay, id: request.id, payload: text)
        else { return nil }
        return .signal(from: request.peer, to: request.user, signal)
    }
}
