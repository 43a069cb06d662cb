import Glibc
import SystemSupport
import TransferProtocol

/// Standard output, a pipe to a player, or a device: the bytes in order. It never blocks: while its reader is slow it throws
/// ``DestinationBusy``, which slows the sender down.
public final class StreamDestination: TransferDestination, @unchecked Sendable {
    // `@unchecked`: a transfer calls its destinations from one thread at a time.

    private let descriptor: Int32
    /// Whether writes may block after some bytes. Regular files and disks take any number once they take one, and can be flushed.
    private let isPipe: Bool
    private var position: UInt64 = 0

    /// - Parameter descriptor: remains the caller's to close.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        isPipe = fstat(descriptor, &status) != 0 || ![S_IFREG, S_IFBLK].contains(status.st_mode & S_IFMT)
    }

    /// Opens a named pipe or a device for writing. A pipe without a reader throws `ENXIO`, rather than block without end.
    public static func open(_ path: some SystemPath) throws(SystemError) -> Int32 {
        let descriptor = path.pathBytes.withCString { Glibc.open($0, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw SystemError("write to \(path.pathBytes)") }
        return descriptor
    }

    /// Whether nothing was written; read it only after the transfer.
    public var isUntouched: Bool { position == 0 }

    public var held: [HeldRange] { [] }
    public func resume(keeping kept: [Range<UInt64>]) {}

    public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
        guard offset <= position else { throw DestinationError.incomplete("the output") }
        // The call may be repeated after an error; a part of the bytes is then written already.
        let skip = min(position - offset, UInt64(bytes.count))
        try writeAll(UnsafeRawBufferPointer(rebasing: bytes[Int(skip)...]))
    }

    public func finish(size: UInt64) throws {
        guard position == size else { throw DestinationError.incomplete("the output") }
        // Pipes and terminals cannot be flushed.
        guard isPipe || fsync(descriptor) == 0 else { throw DestinationError.cannotWrite(SystemError("flush the output")) }
    }

    public func abandon() {}

    private func writeAll(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if retrying({ poll(&entry, 1, 0) }) == 0 { throw DestinationBusy(descriptor: descriptor) }
            // A pipe that is writable by poll takes PIPE_BUF bytes without blocking (POSIX), and may block for more.
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

/// The error of a destination whose reader has closed it: the transfer ends, and the disk is fine.
public struct OutputClosed: Error, Hashable, Sendable {}
