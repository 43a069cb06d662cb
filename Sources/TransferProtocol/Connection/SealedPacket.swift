/// The layout of a sealed packet: type 1, connection id 8, packet number 8, sealed frames, tag 16. The first 17 bytes are its associated
/// data.
enum SealedPacket {
    static let headerLength = 17
    static let overhead = headerLength + PacketCipher.tagSize

    static func writeHeader(_ memory: UnsafeMutableRawBufferPointer, connection: ConnectionID, number: UInt64) {
        memory[0] = DatagramType.sealed.firstByte
        memory.storeBytes(of: connection.value.bigEndian, toByteOffset: 1, as: UInt64.self)
        memory.storeBytes(of: number.bigEndian, toByteOffset: 9, as: UInt64.self)
    }

    /// Seals the frames behind the header in `memory`.
    /// - Returns: the length of the datagram, or nil if it could not be sealed.
    static func seal(_ memory: UnsafeMutableRawBufferPointer, frames: Int, number: UInt64, with cipher: inout PacketCipher) -> Int? {
        let body = UnsafeMutableRawBufferPointer(rebasing: memory[headerLength...])
        let header = UnsafeRawBufferPointer(rebasing: memory[..<headerLength])
        return cipher.seal(body, count: frames, number: number, authenticating: header) ? headerLength + frames + PacketCipher.tagSize : nil
    }

    /// Opens a datagram into `output`; nil if it does not authenticate.
    static func open(
        _ datagram: UnsafeRawBufferPointer, with cipher: inout PacketCipher, into output: UnsafeMutableRawBufferPointer
    ) -> (number: UInt64, frames: UnsafeRawBufferPointer)? {
        guard datagram.count >= overhead else { return nil }
        let number = UInt64(bigEndian: datagram.loadUnaligned(fromByteOffset: 9, as: UInt64.self))
        guard number <= Varint.max,
            let count = cipher.open(
                UnsafeRawBufferPointer(rebasing: datagram[headerLength...]), number: number,
                authenticating: UnsafeRawBufferPointer(rebasing: datagram[..<headerLength]), into: output)
        else { return nil }
        return (number, UnsafeRawBufferPointer(rebasing: output[..<count]))
    }
}
