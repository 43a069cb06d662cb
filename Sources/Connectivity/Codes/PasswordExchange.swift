import CSPAKE2

/// The two sides of a meeting: the one that shows the code, and the one that types it.
public enum MeetingRole: Sendable {
    case host
    case guest

    var peer: MeetingRole { self == .host ? .guest : .host }
    var name: [UInt8] { Array("chatty code \(self == .host ? "host" : "guest")".utf8) }
}

/// One side of one run of SPAKE2 (BoringSSL's, over edwards25519: draft-irtf-cfrg-spake2-02 with SHA-512), in which two sides with one
/// password agree on a key. Whoever does not know the password can test one guess in one run, with the other side's help.
///
/// The library chooses its secret number itself, so no two runs are equal.
final class PasswordExchange: @unchecked Sendable {
    // Unchecked: only `key(from:)` changes the context, and the shim lets one call through.
    static let messageSize = 32

    /// What is sent to the other side: 32 bytes.
    let message: [UInt8]
    private let context: OpaquePointer

    /// - Parameter place: what both sides know of where they meet; bound into the key with the names of the roles.
    /// - Returns: nil if memory is exhausted.
    init?(role: MeetingRole, password: [UInt8], place: [UInt8]) {
        let (own, peer) = (role.name + place, role.peer.name + place)
        var message = [UInt8](repeating: 0, count: Self.messageSize)
        let made = cspake2_make(role == .guest ? 1 : 0, own, own.count, peer, peer.count, &message, password, password.count)
        guard let made else { return nil }
        context = made
        self.message = message
    }

    deinit { cspake2_free(context) }

    /// The key, 64 bytes, which both sides have if they have the same password, names and place. Nil for what is no message, and for a
    /// second one.
    func key(from peer: [UInt8]) -> [UInt8]? {
        guard peer.count == Self.messageSize else { return nil }
        var key = [UInt8](repeating: 0, count: 64)
        return cspake2_key(context, &key, peer) == 1 ? key : nil
    }
}
