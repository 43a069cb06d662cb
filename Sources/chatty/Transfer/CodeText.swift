import Connectivity
import Foundation

/// What a sender and a receiver say to each other once both have proven to know one code: JSON, sealed, in chatty-transfer(7). The same as in
/// a chat, where an offer and its answer go through the server.
enum CodeText: Equatable {
    /// The side with the files, which opens the connection.
    struct Offer: Codable, Equatable {
        /// The sender's static X25519 key, 32 bytes.
        var key: Data
        /// The addresses of the sender, `HOST:PORT`, the best first.
        var addresses: [String]
        /// Whether the sender searches for a path with probes, if the receiver answers them.
        var search: Bool?
    }

    /// Why nothing comes of it.
    enum Refusal: String, Codable {
        /// This side sends, too.
        case sends
        /// This side receives, too.
        case receives
        /// Somebody else was first.
        case taken
        /// This side has no address or no room.
        case unable
    }

    /// A guest asks for the offer.
    case ready
    case offer(Offer)
    case acceptance(TransferPayload.Acceptance)
    /// A host has understood the acceptance.
    case done
    case refusal(Refusal)

    private struct Members: Codable {
        var ready: Bool?
        var offer: Offer?
        var accept: TransferPayload.Acceptance?
        var done: Bool?
        var refusal: Refusal?
    }

    /// Nil for what is not understood.
    init?(_ bytes: [UInt8]) {
        guard let members = try? JSONDecoder().decode(Members.self, from: Data(bytes)) else { return nil }
        if let offer = members.offer {
            guard offer.key.count == 32, offer.addresses.count <= TransferPayload.maximumAddresses else { return nil }
            self = .offer(offer)
        } else if let accept = members.accept {
            guard accept.key.count == 32, accept.secret.count == 32, accept.addresses.count <= TransferPayload.maximumAddresses else {
                return nil
            }
            self = .acceptance(accept)
        } else if let refusal = members.refusal {
            self = .refusal(refusal)
        } else if members.ready == true {
            self = .ready
        } else if members.done == true {
            self = .done
        } else {
            return nil
        }
    }

    var bytes: [UInt8] {
        var members = Members()
        switch self {
        case .ready: members.ready = true
        case .offer(let offer): members.offer = offer
        case .acceptance(let accept): members.accept = accept
        case .done: members.done = true
        case .refusal(let refusal): members.refusal = refusal
        }
        // Strings, numbers and booleans always encode.
        return TransferPayload.text(members).map { Array($0.utf8) } ?? []
    }
}

/// Why two sides that have found each other by a code do not transfer anything, and how the command ends.
struct CodeFailure: Error {
    let end: TransferEnd

    init(_ status: ExitStatus, _ message: String) { end = TransferEnd(status: status, message: message) }

    init(_ failure: LinkGuest.Failure, _ code: MeetingCode) {
        switch failure {
        case .nobody:
            self.init(
                .unreachable,
                "Nobody on this network shows a code with the number \(code.number): is the other side still running, and on the same network?"
            )
        case .wrongCode:
            self.init(.refused, "The code \(code) is wrong, and nobody can use it any more. Ask for the one that the other side shows now.")
        case .silent: self.init(.unreachable, "The other side was found, but has stopped answering.")
        }
    }

    init(_ refusal: CodeText.Refusal) {
        switch refusal {
        case .sends: self.init(.failed, "The other side sends, too: one of you has to run chatty recv-file.")
        case .receives: self.init(.failed, "The other side receives, too: one of you has to run chatty send-file.")
        case .taken: self.init(.refused, "Somebody else has used the code already.")
        case .unable: self.init(.failed, "The other side cannot be reached from the network, or has too many transfers.")
        }
    }

    static let notUnderstood = CodeFailure(
        .failed, "The other side was not understood. Use the same version of chatty on both sides.")
}
