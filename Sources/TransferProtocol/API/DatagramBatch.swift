import Connectivity

/// A run of datagrams to one destination, ready for one gathering send (`sendmsg` with `UDP_SEGMENT`). The driver owns it, the engine fills
/// it, and it is reused.
///
/// The bytes of the batch are the concatenation of `pieces`. Every datagram has `segmentSize` bytes; only the last may be shorter. The
/// pieces point into memory of the batch and of the engine: they are valid until the next call into the engine or, after ``commit()``,
/// until the batch is filled again.
public struct DatagramBatch: ~Copyable {
    /// Laid out like the kernel's `struct iovec`.
    public struct Piece {
        public var base: UnsafeMutableRawPointer?
        public var count: Int
        public init(base: UnsafeMutableRawPointer?, count: Int) {
            self.base = base
            self.count = count
        }
    }

    /// Datagrams in one batch, at most (`UDP_MAX_SEGMENTS` is 64 in older kernels); 1 if the kernel has no GSO.
    public let maximumSegments: Int
    /// Bytes in one batch, at most.
    public let maximumBytes: Int
    private var path = NetworkPath(remote: NetworkAddress(high: 0, low: 0, port: 0), local: .any)
    public var destination: NetworkAddress { path.remote }
    /// The address of this host that the batch is sent from.
    public var source: LocalAddress { path.local }
    public private(set) var segmentSize = 0
    /// Datagrams in the batch.
    public private(set) var segments = 0
    /// Bytes in the batch.
    public private(set) var bytes = 0
    /// The batch is a probe for a larger path MTU: send it with fragmentation forbidden; `EMSGSIZE` means that it is too large.
    public internal(set) var isProbe = false
    /// The ECN bits to send the batch with (RFC 3168 §5): 2 is "capable", 0 "not capable".
    public internal(set) var ecn: UInt8 = 0
    /// The datagrams are to be passed to the kernel one by one, because the path drops those that are segmented later (GSO).
    public internal(set) var isSeparate = false

    private let pieceStorage: UnsafeMutableBufferPointer<Piece>
    private var pieceCount = 0
    private let scratch: UnsafeMutableRawBufferPointer
    private var scratchUsed = 0
    /// The target of ``commit()``. Its pages are not touched, and so use no memory, before the first commit.
    private let copy: UnsafeMutableRawBufferPointer
    private var closed = false

    public init(maximumSegments: Int = 64, maximumBytes: Int = 65_000) {
        self.maximumSegments = max(1, maximumSegments)
        self.maximumBytes = maximumBytes
        pieceStorage = .allocate(capacity: 2 * self.maximumSegments)
        // Room for every header, and for whole sealed datagrams, which are built here.
        scratch = .allocate(byteCount: 65_536 + 64 * self.maximumSegments, alignment: 64)
        copy = .allocate(byteCount: scratch.count, alignment: 64)
    }

    deinit {
        pieceStorage.deallocate()
        scratch.deallocate()
        copy.deallocate()
    }

    /// Copies the bytes into the batch's own memory, for a driver that cannot send them at once.
    public mutating func commit() {
        var used = 0
        for index in 0..<pieceCount {
            let piece = pieceStorage[index]
            let place = UnsafeMutableRawBufferPointer(rebasing: copy[used..<used + piece.count])
            place.copyMemory(from: UnsafeRawBufferPointer(start: piece.base, count: piece.count))
            pieceStorage[index].base = place.baseAddress
            used += piece.count
        }
    }

    /// The gather list.
    public var pieces: UnsafeMutableBufferPointer<Piece> { UnsafeMutableBufferPointer(rebasing: pieceStorage[..<pieceCount]) }

    mutating func reset() {
        segmentSize = 0
        segments = 0
        bytes = 0
        pieceCount = 0
        scratchUsed = 0
        isProbe = false
        ecn = 0
        isSeparate = false
        closed = false
    }

    /// Whether a datagram of `size` bytes can join: none may be longer than the first, and a shorter one must be the last.
    func hasRoom(for size: Int, on path: NetworkPath) -> Bool {
        if segments == 0 { return true }
        return !closed && path == self.path && size <= segmentSize && segments < maximumSegments && bytes + size <= maximumBytes
    }

    /// Whether a further datagram of the first one's size can join.
    var acceptsMore: Bool { segments == 0 || (!closed && segments < maximumSegments && bytes + segmentSize <= maximumBytes) }

    /// Scratch memory of the batch for a header or a whole datagram; the next `append` makes it part of the batch.
    mutating func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: scratch[scratchUsed..<scratchUsed + count])
    }

    /// Adds a datagram of the first `head` bytes last reserved, followed by `body`.
    mutating func append(head: Int, body: UnsafeMutableRawBufferPointer? = nil, on path: NetworkPath) {
        let size = head + (body?.count ?? 0)
        if segments == 0 {
            self.path = path
            segmentSize = size
        } else if size < segmentSize {
            closed = true
        }
        pieceStorage.initializeElement(at: pieceCount, to: Piece(base: scratch.baseAddress! + scratchUsed, count: head))
        pieceCount += 1
        scratchUsed += head
        if let body, let base = body.baseAddress {
            pieceStorage.initializeElement(at: pieceCount, to: Piece(base: base, count: body.count))
            pieceCount += 1
        }
        segments += 1
        bytes += size
    }

    /// The batch as separate datagrams, copied; for tests and for kernels without GSO.
    public func datagrams() -> [[UInt8]] {
        var all: [UInt8] = []
        all.reserveCapacity(bytes)
        for piece in pieces { all.append(contentsOf: UnsafeRawBufferPointer(start: piece.base, count: piece.count)) }
        return stride(from: 0, to: all.count, by: max(segmentSize, 1)).map { Array(all[$0..<min($0 + segmentSize, all.count)]) }
    }
}
