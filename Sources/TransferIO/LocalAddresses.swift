import Glibc
import TransferProtocol

/// The addresses of this machine that another could send to.
public enum LocalAddresses {
    /// Those of every interface that is up, global ones first and IPv4 before IPv6, loopback last.
    ///
    /// Loopback is kept: sender and receiver may be on one machine, and elsewhere it leads to nobody who knows the key.
    public static func all(port: UInt16) -> [NetworkAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [NetworkAddress(ipv4: 0x7F00_0001, port: port)] }
        defer { freeifaddrs(list) }
        var found: [NetworkAddress] = []
        var entry = list
        while let current = entry?.pointee {
            entry = current.ifa_next
            guard let socketAddress = current.ifa_addr, current.ifa_flags & UInt32(IFF_UP) != 0 else { continue }
            let size: Int
            switch Int32(socketAddress.pointee.sa_family) {
            case AF_INET: size = MemoryLayout<sockaddr_in>.size
            case AF_INET6: size = MemoryLayout<sockaddr_in6>.size
            default: continue
            }
            var storage = sockaddr_storage()
            withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: socketAddress, count: size)) }
            guard var address = NetworkAddress(storage), !address.isLinkLocal else { continue }
            address.port = port
            address.scope = 0
            if !found.contains(address) { found.append(address) }
        }
        func rank(_ address: NetworkAddress) -> Int { (address.isLoopback ? 2 : 0) + (address.ipv4 == nil ? 1 : 0) }
        return found.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(\.element)
    }
}
