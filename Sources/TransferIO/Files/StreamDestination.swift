import Glibc
import SystemSupport
import TransferProtocol

/// Standard output, a pipe to a player, a device: the bytes in order. Never waits; while the reader is slow it says ``DestinationBusy``, which
/// slows the sender down.
public final class StreamDestination: TransferDestination, @unchecked Sendable {
    // `@unchecked`: a transfer calls its destinations from one thread at a time.

    private let descriptor: Int32
    /// Files can be flushed, and take any number of bytes once they take one; so do disks.
    private let isPipe: Bool
    private var position: UInt64 = 0

    /// - Parameter descriptor: stays the caller's.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        isPipe = fstat(descriptor, &status) != 0 || ![S_IFREG, S_IFBLK].contains(status.st_mode & S_IFMT)
    }

    /// Opens a named pipe or a device to write to. A pipe that nobody reads is an error, `ENXIO`, rather than a wait without end.
    public static func open(_ path: some SystemPath) throws(SystemError) -> Int32 {
        let descriptor = path.pathBytes.withCString { Glibc.open($0, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw SystemError("write to \(path.pathBytes)") }
        return descriptor
    }

    /// Whether nothing was written; for after the transfer only.
    public var isUntouched: Bool { position == 0 }

    public var held: [HeldRange] { [] }
    public func resume(keeping kept: [Range<UInt64>]) {}

    public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
        guard offset <= position else { throw DestinationError.incomplete("the output") }
        // A call repeated after one of these: a part of it is written already.
        let skip = min(position - offset, UInt64(bytes.count))
        try put(UnsafeRawBufferPointer(rebasing: bytes[Int(skip)...]))
    }

    public func finish(size: UInt64) throws {
        guard position == size else { throw DestinationError.incomplete("the output") }
        // Pipes and terminals cannot be flushed further.
        guard isPipe || fsync(descriptor) == 0 else { throw DestinationError.cannotWrite(SystemError("flush the output")) }
    }

    public func abandon() {}

    private func put(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if retrying({ poll(&entry, 1, 0) }) == 0 { throw DestinationBusy(descriptor: descriptor) }
            // A pipe that poll calls writable takes PIPE_BUF bytes without waiting (POSIX), and may wait with more.
            let count = retrying { Glibc.write(descriptor, rest.baseAddress, isPipe ? min(rest.count, 4096) : rest.count) }
            if count < 0 {
                switch errno {
                case EAGAIN: throw DestinationBusy(descriptor: descriptor)
                case ENOSPC, EDQUOT: throw DestinationFull()
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
