import Glibc

/// The identity of a server: what a user means by a host, and whether a name in a certificate means the same (RFC 9525).
///
/// A name is compared only with dNSNames and an address only with iPAddresses: the holder of a certificate for an address need not be the
/// holder of a name that resolves to it. A certificate's common name never counts.
enum ServerIdentity: Hashable, Sendable {
    /// A name as bytes: ASCII letters in lower case, without the dot of the DNS root.
    case name([UInt8])
    /// The 4 or 16 bytes of an IPv4 or IPv6 address. An IPv4 address in IPv6 form (`::ffff:192.0.2.1`) has 4.
    case address([UInt8])

    /// A host is an address if the resolver reads it as one, such as `127.1` and `fe80::1%eth0`. The interface is no part of the identity.
    init(host: String) {
        guard let address = NumericAddress(host) else {
            var name = host.utf8.map(ServerIdentity.small)
            if name.last == UInt8(ascii: "."), name.count > 1 { name.removeLast() }
            self = .name(name)
            return
        }
        self = .address(address.bytes)
    }

    /// The value of TLS's server name indication: a DNS name; nil for an address (RFC 6066 §3).
    var sniName: String? {
        guard case .name(let name) = self, ServerIdentity.isName(name) else { return nil }
        return String(decoding: name, as: UTF8.self)
    }

    /// - Parameter presented: the bytes of a dNSName.
    func matches(dnsName presented: [UInt8]) -> Bool {
        guard case .name(let wanted) = self, ServerIdentity.isName(wanted) else { return false }
        var presented = presented.map(ServerIdentity.small)
        if presented.last == UInt8(ascii: ".") { presented.removeLast() }
        guard presented.first == UInt8(ascii: "*") else { return ServerIdentity.isName(presented) && presented == wanted }
        // RFC 9525 §6.3: the wildcard is the whole leftmost label and stands for just one. As in browsers it does not stand before a
        // top-level domain.
        let rest = presented.dropFirst()
        guard rest.first == UInt8(ascii: "."), ServerIdentity.isName(Array(rest.dropFirst())),
            rest.count(where: { $0 == UInt8(ascii: ".") }) > 1, let dot = wanted.firstIndex(of: UInt8(ascii: "."))
        else { return false }
        return wanted[dot...].elementsEqual(rest)
    }

    /// - Parameter presented: the bytes of an iPAddress.
    func matches(address presented: [UInt8]) -> Bool {
        guard case .address(let wanted) = self else { return false }
        return wanted == presented
    }

    /// Whether `bytes` are labels of letters, digits, hyphens and underscores, separated by dots. A name that ends in a number is not a DNS
    /// name.
    private static func isName(_ bytes: [UInt8]) -> Bool {
        guard (1...253).contains(bytes.count) else { return false }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let last = labels.last, !last.allSatisfy({ (0x30...0x39).contains($0) }), !last.starts(with: "0x".utf8) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.count)
                && label.allSatisfy {
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }

    /// A byte in lower case. Only ASCII letters change: by Unicode's rules the Kelvin sign would become a `k`.
    static func small(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}

/// A host that is an address, as the resolver parses it.
struct NumericAddress: Equatable {
    /// The 4 or 16 bytes of the address.
    let bytes: [UInt8]
    /// `192.0.2.1`, `2001:db8::1`. The interface of a link-local address follows `%`, as it was given.
    let text: String

    init?(_ host: String) {
        guard !host.utf8.contains(0) else { return nil }
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &found) == 0, let found else { return nil }
        defer { freeaddrinfo(found) }
        guard let address = found.pointee.ai_addr else { return nil }
        switch found.pointee.ai_family {
        case AF_INET:
            bytes = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin_addr) { Array($0) }
            }
        case AF_INET6:
            let whole = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { Array($0) }
            }
            // The kernel uses IPv4 for such an address.
            let isMapped = whole.prefix(10).allSatisfy { $0 == 0 } && whole[10] == 0xFF && whole[11] == 0xFF
            bytes = isMapped ? Array(whole[12...]) : whole
        default: return nil
        }
        guard let plain = NumericAddress.text(bytes) else { return nil }
        let zone = host.utf8.firstIndex(of: UInt8(ascii: "%")).map { String(decoding: host.utf8[$0...], as: UTF8.self) } ?? ""
        text = plain + zone
    }

    /// The text of an address; nil if there are neither 4 nor 16 bytes.
    static func text(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var out = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &out, socklen_t(out.count)) != nil else { return nil }
        return String(decoding: out.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
