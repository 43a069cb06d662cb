import Glibc
import SystemSupport
import TransferProtocol

/// Standard input, a pipe or a FIFO to send: read once, in order, of a length known only at its end. It never blocks.
public final class StreamSource: TransferSource, @unchecked Sendable {
    // `@unchecked`: a transfer calls its sources from one thread at a time.

    public let offer: FileOffer
    private let descriptor: Int32
    private var position: UInt64 = 0

    /// - Parameter descriptor: remains the caller's to close, and must stay open while this object lives.
    public init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        offer = FileOffer(name: name, size: nil)
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
        guard offset == position else { throw SourceError.changed(offer.name) }
        var done = 0
        while done < buffer.count {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if retrying({ poll(&entry, 1, 0) }) == 0 { break }
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = retrying { Glibc.read(descriptor, rest.baseAddress, rest.count) }
            if count < 0, errno == EAGAIN { break }
            if count < 0 { throw SystemError("read \(offer.name)") }
            if count == 0 {
                position += UInt64(done)
                return done
            }
            done += count
        }
        if done == 0 { throw SourceNotReady(descriptor: descriptor) }
        position += UInt64(done)
        return done
    }

    /// A stream cannot be read again for a comparison.
    public func matches(_ held: HeldRange) -> Bool { false }
    public func isUnchanged() -> Bool { true }
}

/// The error of a source that has nothing to read yet: wait until the descriptor is readable, then read again.
public struct SourceNotReady: Error, Hashable, Sendable {
    public let descriptor: Int32
}
