import Crypto

/// All keys of one connection, derived from the two keys of the handshake (Noise `Split`): one for each direction and purpose.
struct ConnectionKeys {
    /// Packets sealed under one key, far below the limit of 2^23 in RFC 9001 §6.6.
    static let packetsPerKey: UInt64 = 1 << 22

    var sealControl: PacketCipher
    var openControl: PacketCipher
    var sealRecord: PacketCipher
    var openRecord: PacketCipher
    /// The header checks of segments that we send, and of those that we receive.
    let sendCheck: SipHash
    let receiveCheck: SipHash

    init(_ session: NoiseSession) {
        sealControl = PacketCipher(key: session.sendKey(for: "chatty-transfer control"), numbersPerKey: Self.packetsPerKey)
        openControl = PacketCipher(key: session.receiveKey(for: "chatty-transfer control"), numbersPerKey: Self.packetsPerKey)
        sealRecord = PacketCipher(key: session.sendKey(for: "chatty-transfer record"), numbersPerKey: RecordFormat.recordsPerKey)
        openRecord = PacketCipher(key: session.receiveKey(for: "chatty-transfer record"), numbersPerKey: RecordFormat.recordsPerKey)
        sendCheck = SipHash(key: session.sendKey(for: "chatty-transfer check").withUnsafeBytes { Array($0.prefix(16)) })
        receiveCheck = SipHash(key: session.receiveKey(for: "chatty-transfer check").withUnsafeBytes { Array($0.prefix(16)) })
    }
}
