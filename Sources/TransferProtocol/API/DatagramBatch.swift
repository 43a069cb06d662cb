/// A run of datagrams for one destination, ready for one gathering send (`sendmsg` with `UDP_SEGMENT`): owned by the driver,
/// filled by the engine, used again and again.
///
/// The bytes of the batch are the concatenation of `pieces`; every datagram is `segmentSize` bytes, only the last may be
/// shorter. The pieces point into memory of the batch and of the engine: they are valid until the next call into the engine, or,
/// after ``commit()``, until the batch is filled anew.
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

    /// At most so many datagrams in one batch (`UDP_MAX_SEGMENTS` is 64 in older kernels); 1 where the kernel has no GSO.
    public let maximumSegments: Int
    /// At most so many bytes in one batch.
    public let maximumBytes: Int
    private var path = NetworkPath(remote: NetworkAddress(high: 0, low: 0, port: 0), local: .any)
    public var destination: NetworkAddress { path.remote }
    /// The address of this host that the batch is to leave from.
    public var source: LocalAddress { path.local }
    public private(set) var segmentSize = 0
    /// Datagrams in the batch.
    public private(set) var segments = 0
    /// Bytes in the batch.
    public private(set) var bytes = 0
    /// A probe for a larger path MTU: send it with fragmentation forbidden, and take `EMSGSIZE` as an answer.
    public internal(set) var isProbe = false
    /// The ECN bits to send the batch with (RFC 3168 §5): 2 is "capable", 0 "not capable".
    public internal(set) var ecn: UInt8 = 0
    /// Its datagrams are to go to the kernel one by one, because what is cut later does not pass.
    public internal(set) var isSeparate = false

    private let pieceStorage: UnsafeMutableBufferPointer<Piece>
    private var pieceCount = 0
    private let scratch: UnsafeMutableRawBufferPointer
    private var scratchUsed = 0
    /// Where `keep` copies to; not touched, and so no memory, where it is never needed.
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

    /// Makes the bytes the batch's own, for a driver that cannot send them now.
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

    /// Whether a datagram of `size` bytes can join: none may be longer than the first, and a shorter one is the last.
    func hasRoom(for size: Int, on path: NetworkPath) -> Bool {
        if segments == 0 { return true }
        return !closed && path == self.path && size <= segmentSize && segments < maximumSegments && bytes + size <= maximumBytes
    }

    /// Whether a further datagram of the first one's size can join.
    var acceptsMore: Bool { segments == 0 || (!closed && segments < maximumSegments && bytes + segmentSize <= maximumBytes) }

    /// Scratch memory of the batch for a header or a whole datagram; kept by the append that follows.
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

    /// Copies the batch out as separate datagrams; for tests and for kernels without GSO.
    public func datagrams() -> [[UInt8]] {
        var all: [UInt8] = []
        all.reserveCapacity(bytes)
        for piece in pieces { all.append(contentsOf: UnsafeRawBufferPointer(start: piece.base, count: piece.count)) }
        return stride(from: 0, to: all.count, by: max(segmentSize, 1)).map { Array(all[$0..<min($0 + segmentSize, all.count)]) }
    }
}
