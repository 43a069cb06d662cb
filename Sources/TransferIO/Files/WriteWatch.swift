import CLinux
import Glibc
import NIOConcurrencyHelpers
import SystemSupport

/// Tells whether anybody has written to a file since the watch began (inotify(7)), which the file's status alone does not: a new mode,
/// owner, link or name changes its `ctime` as writing does, and `mtime` can be set back. Held by `SourceFileTests`.
///
/// What is written through a mapping is seen when the writer closes the file.
final class WriteWatch: Sendable {
    private let watched: Inotify
    private let number: Int32
    private let writesBefore: UInt64

    /// Nil where the system does not watch, or does not learn of every write: on a file system whose files other machines can change.
    init?(_ descriptor: Int32) {
        guard let inotify = Inotify.shared, !Self.isShared(descriptor), let watch = inotify.add(descriptor) else { return nil }
        watched = inotify
        (number, writesBefore) = watch
    }

    deinit { watched.remove(number) }

    var hasSeenWrite: Bool { watched.writes(number) != writesBefore }

    /// By statfs(2): NFS, SMB, CIFS, FUSE, Ceph, 9p, AFS.
    private static func isShared(_ descriptor: Int32) -> Bool {
        let kinds: Set<UInt32> = [0x6969, 0xFE53_4D42, 0xFF53_4D42, 0x6573_5546, 0x00C3_6400, 0x0102_1997, 0x5346_414F, 0x6B41_4653]
        let kind = clinux_file_system_kind(descriptor)
        return kind == 0 || kinds.contains(kind)
    }
}

/// One queue of the kernel's for all files that are watched: a user may have few of them.
private final class Inotify: Sendable {
    static let shared = Inotify()

    private struct State {
        var users: [Int32: Int] = [:]
        /// By the watch's number, as long as it has users.
        var writes: [Int32: UInt64] = [:]
    }

    private let descriptor: Int32
    private let state = NIOLockedValueBox(State())

    private init?() {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        if descriptor < 0 { return nil }
    }

    /// Two watches of one file have one number.
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
                    // Some were lost: any of the files may be meant.
                    let numbers = event.mask & UInt32(IN_Q_OVERFLOW) != 0 ? Array(state.users.keys) : [event.wd]
                    for number in numbers where state.users[number] != nil && event.mask & UInt32(IN_IGNORED) == 0 {
                        state.writes[number, default: 0] += 1
                    }
                }
            }
        }
    }
}
