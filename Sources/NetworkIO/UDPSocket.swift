import CLinux
import Connectivity
import Glibc
import SystemSupport

/// A bound UDP socket for IPv4 and IPv6 that sends and receives many datagrams in one system call: with GSO and GRO if the kernel has them,
/// else with sendmmsg and recvmmsg. It never blocks, except in ``wait(for:readable:writable:wakeUp:)``. It reports the address of this host
/// at which a datagram arrived, and sends a batch from a given one. Held by `UDPSocketTests`.
///
/// It belongs to one thread at a time. Not final, so that tests can subclass it to simulate a full buffer.
open class UDPSocket {
    /// The datagrams of one receive call.
    public struct Received {
        /// Datagrams of `segmentSize` bytes one after another; the last may be shorter. Valid only during the call.
        public let bytes: UnsafeRawBufferPointer
        public let segmentSize: Int
        public let from: NetworkAddress
        /// The address of this host to which they were sent.
        public let local: LocalAddress
        /// The ECN bits, RFC 3168 §5: 3 is "congestion experienced".
        public let ecn: UInt8
    }

    public enum SendResult: Hashable, Sendable {
        case sent
        /// The send buffer is full; `sent` datagrams of the batch were sent. Wait until the socket is writable, then skip these.
        case wouldBlock(sent: Int)
        /// The system has no memory at the moment, or a queue towards the link is full; `sent` datagrams of the batch were sent. Nothing
        /// signals when to try again, so try soon.
        case busy(sent: Int)
        /// The datagram is larger than the link's MTU: EMSGSIZE.
        case tooLarge
        /// The send failed for another reason, an errno; another destination may work.
        case failed(Int32)
    }

    /// Receive calls in one ``receive(_:)``, so that the caller's timers are not delayed.
    private static let receiveBurst = 16
    /// Slots of recvmmsg, used if the kernel does not coalesce datagrams.
    private static let slots = 32
    private static let slotBytes = 9216

    public let descriptor: Int32
    public let port: UInt16
    private let family: Int32
    /// Whether the kernel segments a batch (UDP_SEGMENT). Determined at creation, and false for good after the first refusal.
    public private(set) var hasSegmentation: Bool
    /// Whether the kernel coalesces received datagrams (UDP_GRO).
    public let hasCoalescing: Bool
    private let buffer: UnsafeMutableRawBufferPointer
    private let received: UnsafeMutableBufferPointer<clinux_udp_received>

    /// Throws if the system has no socket left or the port is in use.
    /// - Parameters:
    ///   - port: 0 for a free one.
    ///   - bufferBytes: the size of the kernel's buffers, each way; beyond the system's limit if the process has the privilege.
    ///   - offload: false does without GSO and GRO, for tests and for kernels in which they are faulty.
    public init(port: UInt16 = 0, bufferBytes: Int = 8 << 20, offload: Bool = true) throws(SystemError) {
        var family = AF_INET6
        var descriptor = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        if descriptor >= 0 {
            var off: Int32 = 0
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<Int32>.size))
        } else {
            family = AF_INET
            descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        }
        guard descriptor >= 0 else { throw SystemError("make a UDP socket") }
        let any = NetworkAddress(high: 0, low: 0, port: port)
        guard any.withSocketAddress(family: family, { bind(descriptor, $0, $1) }) == 0 else {
            let error = SystemError("listen on UDP port \(port)")
            close(descriptor)
            throw error
        }
        var bound = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &bound) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        clinux_udp_set_buffers(descriptor, Int32(clamping: bufferBytes))
        // The transfer also works if the kernel does not know an option.
        _ = clinux_udp_set_path_options(descriptor, family)
        self.descriptor = descriptor
        self.family = family
        self.port = NetworkAddress(bound)?.port ?? port
        hasSegmentation = offload && clinux_udp_has_segmentation(descriptor) == 1
        hasCoalescing = offload && clinux_udp_set_gro(descriptor, 1) == 0
        buffer = .allocate(byteCount: hasCoalescing ? 65_536 : Self.slots * Self.slotBytes, alignment: 4096)
        received = .allocate(capacity: hasCoalescing ? 1 : Self.slots)
        received.initialize(repeating: clinux_udp_received())
    }

    deinit {
        close(descriptor)
        buffer.deallocate()
        received.deallocate()
    }

    /// Sends the concatenation of `pieces` as datagrams of `segmentSize` bytes; no piece may belong to two datagrams.
    /// - Parameters:
    /// - local: the address of this host to send from; set to ``LocalAddress/any`` if it is gone and the kernel chose another.
    ///   - skip: datagrams at the start that an earlier call sent.
    /// - separately: pass each datagram to the kernel on its own, even if it could segment a batch, for filters that count a batch as one
    ///   datagram.
    open func send(
        _ pieces: UnsafeMutableBufferPointer<iovec>, segmentSize: Int, segments: Int, to address: NetworkAddress,
        from local: inout LocalAddress, skip: Int = 0, ecn: UInt8 = 0, separately: Bool = false
    ) -> SendResult {
        address.withSocketAddress(family: family) { to, length in
            var done = skip
            if done == 0, segments == 1 || (hasSegmentation && !separately) {
                let segment = segments == 1 ? 0 : UInt16(clamping: segmentSize)
                let bytes = sending(from: &local) {
                    clinux_udp_send_pieces(descriptor, pieces.baseAddress, pieces.count, segment, Int32(ecn), to, length, $0)
                }
                if bytes >= 0 { return .sent }
                if segments == 1 || (errno != EIO && errno != EINVAL) { return failure(sent: 0) }
                // The batch is refused, because the kernel cannot segment after all, or because a segment is larger than the link's
                // MTU. Sending one at a time shows which.
            }
            while done < segments {
                let count = sending(from: &local) {
                    clinux_udp_send_many(
                        descriptor, pieces.baseAddress, pieces.count, segmentSize, done, Int32(ecn), to, length, $0)
                }
                if count <= 0 { return failure(sent: done) }
                if skip == 0, !separately { hasSegmentation = false }
                done += Int(count)
            }
            return .sent
        }
    }

    /// Sends one datagram.
    /// - Parameter timeToLive: the IPv4 time to live or IPv6 hop limit; nil for the system's.
    public func send(_ datagram: UnsafeRawBufferPointer, to address: NetworkAddress, timeToLive: UInt8? = nil) -> SendResult {
        if let timeToLive { setTimeToLive(Int32(timeToLive)) }
        // -1 is the system's again (ip(7), ipv6(7)).
        defer { if timeToLive != nil { setTimeToLive(-1) } }
        var piece = iovec(iov_base: UnsafeMutableRawPointer(mutating: datagram.baseAddress), iov_len: datagram.count)
        return address.withSocketAddress(family: family) { to, length in
            retrying { clinux_udp_send_pieces(descriptor, &piece, 1, 0, 0, to, length, nil) } >= 0
                ? .sent : failure(sent: 0)
        }
    }

    /// Sets it for both families: a socket for IPv6 sends IPv4, too.
    private func setTimeToLive(_ hops: Int32) {
        var hops = hops
        let length = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, Int32(IPPROTO_IP), IP_TTL, &hops, length)
        if family == AF_INET6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS, &hops, length) }
    }

    /// Sends from `local`, or from an address that the kernel chooses if `local` is gone.
    @inline(__always)
    private func sending<Result: FixedWidthInteger & SignedInteger>(
        from local: inout LocalAddress, _ send: (UnsafePointer<clinux_udp_local>?) -> Result
    ) -> Result {
        guard local != .any else { return retrying { send(nil) } }
        var from = clinux_udp_local(local)
        let result = retrying { send(&from) }
        guard result < 0, errno == EADDRNOTAVAIL || errno == EINVAL || errno == ENETUNREACH || errno == EHOSTUNREACH else { return result }
        // There may be another reason, which the caller must see.
        let withoutIt = retrying { send(nil) }
        if withoutIt >= 0 { local = .any }
        return withoutIt
    }

    private func failure(sent: Int) -> SendResult {
        switch errno {
        case EAGAIN: .wouldBlock(sent: sent)
        case ENOBUFS, ENOMEM: .busy(sent: sent)
        case EMSGSIZE: .tooLarge
        default: .failed(errno)
        }
    }

    /// Passes the datagrams that have arrived, up to a bound, to `body`, in order.
    /// - Returns: the number of calls of `body`; 0 if nothing has arrived.
    @discardableResult
    public func receive(_ body: (Received) -> Void) -> Int {
        guard let slots = received.baseAddress, let memory = buffer.baseAddress else { return 0 }
        var calls = 0
        if hasCoalescing {
            while calls < Self.receiveBurst {
                let count = clinux_udp_receive(descriptor, memory, buffer.count, slots)
                if count < 0 {
                    // An ICMP error of an earlier send is reported here once; receiving continues.
                    if errno == EINTR || errno == ECONNREFUSED { continue }
                    break
                }
                calls += 1
                deliver(slots, memory, body)
            }
            return calls
        }
        while calls < Self.receiveBurst {
            let count = Int(clinux_udp_receive_many(descriptor, memory, Self.slotBytes, Int32(Self.slots), slots))
            if count < 0, errno == EINTR || errno == ECONNREFUSED { continue }
            if count <= 0 { break }
            for index in 0..<count { deliver(slots + index, memory + index * Self.slotBytes, body) }
            calls += count
            if count < Self.slots { break }
        }
        return calls
    }

    @inline(__always)
    private func deliver(_ slot: UnsafeMutablePointer<clinux_udp_received>, _ memory: UnsafeMutableRawPointer, _ body: (Received) -> Void) {
        // An empty datagram has no content, and a truncated one cannot be told from a forged one.
        guard slot.pointee.truncated == 0, slot.pointee.length > 0, let from = NetworkAddress(slot.pointee.from) else { return }
        body(
            Received(
                bytes: UnsafeRawBufferPointer(start: memory, count: Int(slot.pointee.length)),
                segmentSize: Int(slot.pointee.segment), from: from, local: LocalAddress(slot.pointee.local), ecn: slot.pointee.ecn))
    }

    /// Waits until a datagram has arrived, the time is over, or `wakeUp` (a descriptor, -1 for none) is readable.
    /// - Parameters:
    ///   - readable: false does not wait for datagrams.
    ///   - writable: whether to wait for room in the send buffer too.
    /// - Returns: whether `wakeUp` is readable.
    @discardableResult
    open func wait(for duration: Duration, readable: Bool = true, writable: Bool = false, wakeUp: Int32 = -1) -> Bool {
        clinux_udp_wait(descriptor, readable ? 1 : 0, writable ? 1 : 0, wakeUp, duration.wholeNanoseconds) & 2 != 0
    }
}

extension Duration {
    fileprivate var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole + attoseconds / 1_000_000_000
    }
}
