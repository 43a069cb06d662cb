import CLinux
import Glibc
import NIOConcurrencyHelpers
import SystemSupport

/// Detects whether a file was written to since the watch began, by inotify(7). The file's status alone does not tell: a new mode, owner,
/// link or name changes `ctime` as a write does, and `mtime` can be set back. Held by `SourceFileTests`.
///
/// Writes through a mapping are detected when the writer closes the file.
final class WriteWatch: Sendable {
    private let watched: Inotify
    private let number: Int32
    private let writesBefore: UInt64

    /// Nil if the system has no watches left, or if writes can escape it, because other machines can change files of that file system.
    init?(_ descriptor: Int32) {
        guard let inotify = Inotify.shared, !Self.isShared(descriptor), let watch = inotify.add(descriptor) else { return nil }
        watched = inotify
        (number, writesBefore) = watch
    }

    deinit { watched.remove(number) }

    var hasSeenWrite: Bool { watched.writes(number) != writesBefore }

    /// Whether the file system is one of NFS, SMB, CIFS, FUSE, Ceph, 9p and AFS, by statfs(2).
    private static func isShared(_ descriptor: Int32) -> Bool {
        let kinds: Set<UInt32> = [0x6969, 0xFE53_4D42, 0xFF53_4D42, 0x6573_5546, 0x00C3_6400, 0x0102_1997, 0x5346_414F, 0x6B41_4653]
        let kind = clinux_file_system_kind(descriptor)
        return kind == 0 || kinds.contains(kind)
    }
}

/// The inotify queue for all watched files: a user may only have a few.
private final class Inotify: Sendable {
    static let shared = Inotify()

    private struct State {
        var users: [Int32: Int] = [:]
        /// The number of writes, by watch, for watches that are in use.
        var writes: [Int32: UInt64] = [:]
    }

    private let descriptor: Int32
    private let state = NIOLockedValueBox(State())

    private init?() {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        if descriptor < 0 { return nil }
    }

    /// Watches of the same file share a number.
    func add(_ file: Int32) -> (number: Int32, writes: UInt64)? {
        state.withLockedValue { state in
            drain(into: &state)
            let number = inotify_add_watch(descriptor, "/proc/self/fd/\(file)", UInt32(IN_MODIFY | IN_CLOSE_WRITE))
            guard number >= 0 else { return nil }
            state.users[number, default: 0] += 1
            return (number, state.writes[number] ?? 0)
        }
    }

    func remove(_ number: Int32) {
        state.withLockedValue { state in
            guard let users = state.users[number] else { return }
            state.users[number] = users > 1 ? users - 1 : nil
            guard users == 1 else { return }
            state.writes[number] = nil
            inotify_rm_watch(descriptor, number)
        }
    }

    func writes(_ number: Int32) -> UInt64 {
        state.withLockedValue { state in
            drain(into: &state)
            return state.writes[number] ?? 0
        }
    }

    private func drain(into state: inout State) {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: MemoryLayout<inotify_event>.alignment) { buffer in
            while true {
                let count = retrying { read(descriptor, buffer.baseAddress, buffer.count) }
                guard count > 0 else { return }
                var offset = 0
                while offset + MemoryLayout<inotify_event>.size <= count {
                    let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                    offset += MemoryLayout<inotify_event>.size + Int(event.len)
                    // Events were lost: any of the files may have been written to.
                    let numbers = event.mask & UInt32(IN_Q_OVERFLOW) != 0 ? Array(state.users.keys) : [event.wd]
                    for number in numbers where state.users[number] != nil && event.mask & UInt32(IN_IGNORED) == 0 {
                        state.writes[number, default: 0] += 1
                    }
                }
            }
        }
    }
}
