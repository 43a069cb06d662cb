import Crypto
import Testing

@testable import Connectivity

/// Values that a second implementation has computed, written in Python from chatty-transfer(7) alone (integers, hashlib, hmac, and AES-GCM of
/// the package cryptography). It also meets a running `send-file` by its code.
@Suite struct MeetingVectorsTests {
    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static let password = Array("7-guitar-ahead".utf8)

    /// The library chooses its secret number itself, so the peer of this test has the secret number 0: its message is the mask alone, the
    /// password's multiple of M or N, and the point that both sides find is the neutral one, whatever the library's number is. So the key
    /// shows which mask the library takes off, how it makes a number of the password, and what it hashes in which order.
    @Test(arguments: [
        (MeetingRole.guest, "d896ced8827617a382579185b95db473827696e22b9629744e2d922290564d92"),
        (.host, "b789816068f433be1358273f04698fe4c0c10080a3b6e998e42b5bdb18ae34a4"),
    ])
    func spake2(role: MeetingRole, mask: String) throws {
        let place = Array("place".utf8)
        let side = try #require(PasswordExchange(role: role, password: Self.password, place: place))
        let mask = Self.bytes(mask)
        var hash = SHA512()
        let (guest, host) = role == .guest ? (side.message, mask) : (mask, side.message)
        let neutral: [UInt8] = [1] + [UInt8](repeating: 0, count: 31)
        for part in [
            Array("chatty code guestplace".utf8), Array("chatty code hostplace".utf8), guest, host, neutral,
            Array(SHA512.hash(data: Self.password)),
        ] {
            hash.update(data: withUnsafeBytes(of: UInt64(part.count).littleEndian) { Array($0) })
            hash.update(data: part)
        }
        #expect(side.key(from: mask) == Array(hash.finalize()))
    }

    @Test(arguments: [
        (
            MeetingRole.guest, "60b87a1364ae2248e7baa2c210df32168b464541c12d5f535bcb180bb666b591",
            "5bd5fc2bd7d95536e3231bb8429ca5161e47a884bd"
        ), (.host, "900b946299bfedeef6e7b3dcb6df74f170fe918236b644894d94e3784e41a44a", "230678d67613a9a27e2735d256e1355ff1dfe9ade9"),
    ])
    func keys(role: MeetingRole, confirmation: String, sealed: String) {
        func keys(_ role: MeetingRole) -> MeetingKeys {
            MeetingKeys(
                role: role, secret: Array(0..<64), place: Array("link".utf8) + Array(0..<8), guest: [UInt8](repeating: 1, count: 32),
                host: [UInt8](repeating: 2, count: 32))
        }
        #expect(keys(role).confirmation == Self.bytes(confirmation))
        #expect(keys(role).sealed(Array("hello".utf8), number: 7) == Self.bytes(sealed))
        #expect(keys(role.peer).isConfirmation(Self.bytes(confirmation)) && !keys(role).isConfirmation(Self.bytes(confirmation)))
        #expect(keys(role.peer).opened(Self.bytes(sealed), number: 7) == Array("hello".utf8))
        #expect(keys(role.peer).opened(Self.bytes(sealed), number: 6) == nil)
    }
}
