import CLinux
import TransferProtocol

/// From which address of this host each peer is answered: on a host with several, a peer takes an answer only from the one it asked.
/// A peer that this side spoke to first hears from the address that the kernel chooses, which follows the routes when a link goes away.
///
/// Holds a bounded number of peers; one that was pushed out is told apart again by its next datagram.
struct AnswerAddresses {
    private struct Entry {
        var peer: NetworkAddress
        /// nil leaves it to the kernel.
        var local: clinux_udp_local?
        var spokeFirst: Bool
    }

    /// A power of two.
    private static let capacity = 256
    /// Where a peer may be: so many places, one after another.
    private static let ways = 8
    private var entries = [Entry?](repeating: nil, count: capacity)
    private var nextVictim = 0

    /// Remembers that `peer` sent to `local`, of which all zero is none.
    mutating func heard(from peer: NetworkAddress, at local: clinux_udp_local) {
        let index = place(of: peer, spokeFirst: true)
        guard entries[index]?.spokeFirst == true else { return }
        entries[index]?.local = local.isNone ? nil : local
    }

    /// The address from which to send to `peer`, nil for the kernel's choice.
    mutating func local(for peer: NetworkAddress) -> clinux_udp_local? { entries[place(of: peer, spokeFirst: false)]?.local }

    /// Leaves it to the kernel until the next datagram of `peer`.
    mutating func forgetLocal(of peer: NetworkAddress) { entries[place(of: peer, spokeFirst: false)]?.local = nil }

    private mutating func place(of peer: NetworkAddress, spokeFirst: Bool) -> Int {
        let mixed = (peer.high ^ peer.low &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(peer.port) << 32 ^ UInt64(peer.scope)) &* 0xD6E8_FEB8_6659_FD93
        let start = Int(truncatingIfNeeded: mixed >> 40)
        var free: Int?
        for step in 0..<Self.ways {
            let index = (start &+ step) & (Self.capacity - 1)
            guard let entry = entries[index] else {
                free = index
                break
            }
            if entry.peer == peer { return index }
        }
        nextVictim = (nextVictim + 1) % Self.ways
        let index = free ?? (start &+ nextVictim) & (Self.capacity - 1)
        entries[index] = Entry(peer: peer, local: nil, spokeFirst: spokeFirst)
        return index
    }
}

extension clinux_udp_local {
    fileprivate var isNone: Bool { withUnsafeBytes(of: address) { $0.allSatisfy { $0 == 0 } } }
}
