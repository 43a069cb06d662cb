import Glibc
import TransferProtocol

/// Standard output or a pipe to a player: the bytes in order, whatever order they come in, and never more waiting than the window lets
/// through. Never waits; while the reader is slow it says ``DestinationFull``, which slows the sender down.
public final class StreamDestination: TransferDestination, @unchecked Sendable {
    // `@unchecked`: a transfer calls its destinations from one thread at a time.

    private let descriptor: Int32
    private let isPipe: Bool
    private var position: UInt64 = 0
    /// What came before its turn, by offset.
    private var early: [UInt64: [UInt8]] = [:]

    /// - Parameter descriptor: stays the caller's.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        isPipe = fstat(descriptor, &status) != 0 || status.st_mode & S_IFMT != S_IFREG
    }

    public var held: [HeldRange] { [] }
    public func resume(keeping kept: [Range<UInt64>]) {}

    public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
        if offset > position {
            early[offset] = Array(bytes)
            return
        }
        // A repeated call after DestinationFull: a part of it is written already.
        let skip = min(position - offset, UInt64(bytes.count))
        try put(UnsafeRawBufferPointer(rebasing: bytes[Int(skip)...]))
        try putEarly()
    }

    public func finish(size: UInt64) throws {
        try putEarly()
        guard position == size, early.isEmpty else { throw DestinationError.incomplete("the output") }
        // Pipes and terminals cannot be flushed further.
        guard isPipe || fsync(descriptor) == 0 else { throw DestinationError.cannotWrite(SystemError("flush the output")) }
    }

    public func abandon() { early = [:] }

    private func putEarly() throws {
        while let next = early[position] {
            let start = position
            do {
                try next.withUnsafeBytes { try put($0) }
            } catch {
                // What is left of it keeps its place under the new position.
                let done = Int(position - start)
                if done > 0 {
                    early[start] = nil
                    early[position] = Array(next[done...])
                }
                throw error
            }
            early[start] = nil
        }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if retrying({ poll(&entry, 1, 0) }) == 0 { throw DestinationFull() }
            // A pipe that poll calls writable takes PIPE_BUF bytes without waiting (POSIX), and may wait with more.
            let count = retrying { Glibc.write(descriptor, rest.baseAddress, isPipe ? min(rest.count, 4096) : rest.count) }
            if count < 0 {
                switch errno {
                case EAGAIN, ENOSPC, EDQUOT: throw DestinationFull()
                case EPIPE: throw OutputClosed()
                default: throw DestinationError.cannotWrite(SystemError("write the output"))
                }
            }
            position += UInt64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}

/// Thrown by a destination whose reader went away: the transfer ends, and nothing is wrong with the disk.
public struct OutputClosed: Error, Hashable, Sendable {}
