import Glibc
import NIOConcurrencyHelpers
import SystemSupport
import TransferProtocol

/// The file that takes the trace of a loop's transfers (``TransferTrace``), written by a thread of its own: a slow disk or reader delays no
/// transfer. What does not fit into the memory that is set aside for it is left out, and counted in the trace. If the file cannot be written
/// any more, the trace ends, with one warning, and the transfer goes on.
public final class TraceFile: Sendable {
    /// Bytes that wait to be written, at most.
    static let limit = 8 << 20

    private struct State {
        var waiting = 0
        var isClosed = false
        var isOver = false
        var enders: [CheckedContinuation<Void, Never>] = []
    }

    private let mailbox = Mailbox<[UInt8]>()
    private let state = NIOLockedValueBox(State())
    let title: String
    let isSender: Bool

    /// Opens the file: a new one, whose contents only its owner can read, or another's in its place. A pipe that nobody reads is refused.
    /// - Parameters:
    ///   - title: what is recorded, for people.
    ///   - isSender: whether the loop connects.
    ///   - warn: called once, on the thread that writes, if the file cannot be written any more.
    public init(
        path: ByteString, title: String, isSender: Bool, warn: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        let descriptor = path.withCString { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0o600) }
        guard descriptor >= 0 else { throw SystemError("write the trace \(path)") }
        // Only the opening was not to wait.
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        self.title = title
        self.isSender = isSender
        let (mailbox, state, name) = (mailbox, state, "\(path)")
        do throws(SystemError) {
            try BackgroundThread.start(name: "chatty-trace", ()) { _ in
                Self.write(mailbox, to: descriptor, state) { warn("The trace \(name) ends here: \($0).") }
            }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    private static func write(
        _ mailbox: Mailbox<[UInt8]>, to descriptor: Int32, _ state: NIOLockedValueBox<State>, failed: (String) -> Void
    ) {
        var hasFailed = false
        while let pieces = mailbox.take() {
            for piece in pieces {
                if !hasFailed, let error = write(piece, to: descriptor) {
                    hasFailed = true
                    failed(SystemError.text(error))
                }
                state.withLockedValue { $0.waiting -= piece.count }
            }
            if hasFailed { state.withLockedValue { $0.isClosed = true } }
        }
        Glibc.close(descriptor)
        let enders = state.withLockedValue { state in
            state.isOver = true
            defer { state.enders = [] }
            return state.enders
        }
        for ender in enders { ender.resume() }
    }

    /// - Returns: the error number, if there is one.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = retrying { Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done) }
                if count < 0 { return errno }
                done += count
            }
            return nil
        }
    }

    /// Whether more can be taken at present.
    var hasRoom: Bool { state.withLockedValue { $0.waiting < Self.limit && !$0.isClosed } }

    /// Takes a part of the trace.
    func put(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        let isOpen = state.withLockedValue { state in
            if !state.isClosed { state.waiting += bytes.count }
            return !state.isClosed
        }
        if isOpen { mailbox.put(bytes) }
    }

    /// Waits until everything is written, or the time is over: a reader may have stopped reading.
    public func close(within time: Duration = .seconds(2)) async {
        mailbox.close()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.over() }
            group.addTask {
                try? await Task.sleep(for: time)
                self.letGo()
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func over() async {
        await withCheckedContinuation { ender in
            let isOver = state.withLockedValue { state in
                if !state.isOver { state.enders.append(ender) }
                return state.isOver
            }
            if isOver { ender.resume() }
        }
    }

    private func letGo() {
        let enders = state.withLockedValue { state in
            defer { state.enders = [] }
            return state.enders
        }
        for ender in enders { ender.resume() }
    }
}
