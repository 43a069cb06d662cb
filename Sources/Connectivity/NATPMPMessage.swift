/// The messages of NAT-PMP (RFC 6886): by one the router tells its external address, by the other it maps a UDP port. IPv4 only.
enum NATPMPMessage {
    /// What a router answers. Results that are not 0 are errors (§3.5).
    enum Response: Equatable {
        case externalAddress(UInt32, epoch: UInt32)
        /// A `lifetime` of 0 confirms that there is no mapping of the port any more.
        case mapping(internalPort: UInt16, externalPort: UInt16, lifetime: UInt32, epoch: UInt32)
        case failed(opcode: UInt8, result: UInt16)
    }

    static let version: UInt8 = 0
    /// The results of §3.5 of which another attempt later may have a better one: network failure, out of resources.
    static let transientResults: Set<UInt16> = [3, 4]
    static let unsupportedVersion: UInt16 = 1

    enum Opcode {
        static let externalAddress: UInt8 = 0
        static let mapUDP: UInt8 = 1
    }

    /// Asks for the external address (§3.2).
    static let externalAddressRequest: [UInt8] = [version, Opcode.externalAddress]

    /// Asks for a mapping of a UDP port (§3.3). A lifetime of 0 gives it back (§3.4), and then the external port has to be 0.
    static func mappingRequest(internalPort: UInt16, suggesting externalPort: UInt16, lifetime: UInt32) -> [UInt8] {
        var bytes: [UInt8] = [version, Opcode.mapUDP, 0, 0]
        bytes.append(bigEndian: internalPort)
        bytes.append(bigEndian: externalPort)
        bytes.append(bigEndian: lifetime)
        return bytes
    }

    /// Reads an answer; nil for all else.
    static func response(_ datagram: UnsafeRawBufferPointer) -> Response? {
        guard datagram.count >= 8, datagram[0] == version, datagram[1] & 0x80 != 0 else { return nil }
        let opcode = datagram[1] & 0x7F
        let result: UInt16 = datagram.bigEndian(at: 2)
        guard result == 0 else { return .failed(opcode: opcode, result: result) }
        let epoch: UInt32 = datagram.bigEndian(at: 4)
        switch (opcode, datagram.count) {
        case (Opcode.externalAddress, 12): return .externalAddress(datagram.bigEndian(at: 8), epoch: epoch)
        case (Opcode.mapUDP, 16):
            return .mapping(
                internalPort: datagram.bigEndian(at: 8), externalPort: datagram.bigEndian(at: 10), lifetime: datagram.bigEndian(at: 12),
                epoch: epoch)
        default: return nil
        }
    }
}
