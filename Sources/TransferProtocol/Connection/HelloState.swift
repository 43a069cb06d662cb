import Connectivity

/// The initiator's handshake: message 1, the addresses to send it to, and when to retransmit it.
struct HelloState {
    let noise: NoiseInitiator
    let addresses: [NetworkAddress]
    var cookie: [UInt8] = []
    /// The index of the address that the next hello goes to.
    var nextAddress = 0
    var round = 0
    var nextAt: TransferInstant
    /// Failures that unauthenticated answers claim, by address. They count only if no authentic answer comes: anybody can send a refusal in
    /// another's name, and one of several addresses may belong to somebody else.
    private var claims: [NetworkAddress: TransferFailure] = [:]

    init(noise: NoiseInitiator, addresses: [NetworkAddress], at now: TransferInstant) {
        self.noise = noise
        self.addresses = addresses
        nextAt = now
    }

    mutating func claim(_ failure: TransferFailure, by address: NetworkAddress) {
        if addresses.contains(address) { claims[address] = failure }
    }

    /// A claimed failure, if there is one; a refusal is preferred.
    var claimed: TransferFailure? { claims.values.contains(.refused) ? .refused : claims.values.first }
    var haveAllClaimed: Bool { addresses.allSatisfy { claims[$0] != nil } }

    /// The time from one round of hellos to the next: 0.3 s at first, then 0.5 s, so that even a very lossy path opens within the connect
    /// timeout.
    var interval: TransferDuration { .milliseconds(round <= 3 ? 300 : 500) }

    /// ```
    /// type 1 | zeros 8 | the initiator's connection id 8 | cookie length 1, cookie | length 2, Noise message 1 | zeros up to 1200
    /// ```
    func write(to memory: UnsafeMutableRawBufferPointer, localID: ConnectionID) -> Int {
        var writer = WireWriter(memory)
        writer.byte(DatagramType.hello.firstByte)
        writer.integer(UInt64(0))
        writer.integer(localID.value)
        writer.byte(UInt8(cookie.count))
        writer.append(cookie)
        writer.integer(UInt16(noise.message1.count))
        writer.append(noise.message1)
        writer.zeros(DatagramType.minimumHello - writer.count)
        return writer.count
    }
}

/// A hello, decoded by the responder.
struct HelloDatagram {
    var initiator: ConnectionID
    var cookie: [UInt8]
    var message1: [UInt8]

    init(_ datagram: UnsafeRawBufferPointer) throws(WireError) {
        guard datagram.count >= DatagramType.minimumHello else { throw WireError() }
        var reader = WireReader(datagram)
        _ = try reader.slice(DatagramType.commonHeader)
        initiator = ConnectionID(try reader.integer(UInt64.self))
        cookie = try reader.array(Int(try reader.byte()))
        message1 = try reader.array(Int(try reader.integer(UInt16.self)))
    }
}

/// The responder's answer: type 1 | the initiator's id 8 | the responder's id 8 | length 2, Noise message 2 | zeros up to 1200.
struct ReplyDatagram {
    var responder: ConnectionID
    var message2: [UInt8]

    init(_ datagram: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(datagram)
        _ = try reader.slice(DatagramType.commonHeader)
        responder = ConnectionID(try reader.integer(UInt64.self))
        message2 = try reader.array(Int(try reader.integer(UInt16.self)))
    }

    static func encode(to initiator: ConnectionID, from responder: ConnectionID, message2: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [DatagramType.reply.firstByte]
        bytes.appendInteger(initiator.value)
        bytes.appendInteger(responder.value)
        bytes.appendInteger(UInt16(message2.count))
        bytes += message2
        // The padding also proves that the return path carries 1200 bytes.
        bytes += [UInt8](repeating: 0, count: max(DatagramType.minimumHello - bytes.count, 0))
        return bytes
    }
}
