import GRDB
import GRDBSQLite
import Glibc

/// Decides when SQLite's write-ahead log is copied back into the database file (a checkpoint). It replaces `PRAGMA wal_autocheckpoint`,
/// which knows only a number of pages (https://www.sqlite.org/wal.html#ckpt).
///
/// A long log is fast, because a page written many times is copied once. But a log takes ten times the room of its contents and more. If it
/// fills the disk, the database file cannot grow by the log's contents, and neither of them can shrink. So the checkpoint comes before the
/// log is longer than half of the free room.
enum WriteAheadLog {
    /// The longest log, pages: 32 MiB.
    private static let longest = 8192
    /// The log, in pages, below which the free room is not checked.
    private static let shortest = 32
    private static let pageBytes: Int64 = 4096

    /// Installs the checkpoints on `db`, the writing connection, for as long as it is open.
    static func attach(to db: Database) {
        // SQLite calls this after each commit, without a lock, with the number of pages in the log. It may write and checkpoint.
        sqlite3_wal_hook(
            db.sqliteConnection,
            { _, connection, schema, pages in
                guard let connection else { return SQLITE_OK }
                let path = sqlite3_db_filename(connection, schema)
                if pages >= WriteAheadLog.longest {
                    // Pages that a reader still needs stay in the log until a later checkpoint.
                    sqlite3_wal_checkpoint_v2(connection, schema, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
                } else if WriteAheadLog.isDue(pages: Int(pages), free: WriteAheadLog.freeBytes(beside: path)) {
                    _ = WriteAheadLog.putBack(connection)
                }
                // A failed checkpoint loses nothing, and the commit is done.
                return SQLITE_OK
            }, nil)
    }

    /// Checkpoints the whole log and truncates it. Does not wait for readers.
    /// - Returns: whether that was possible.
    static func putBack(_ db: Database) -> Bool { putBack(db.sqliteConnection) }

    /// Whether a log of so many pages is too long for the free room, in bytes; nil if the room is unknown.
    static func isDue(pages: Int, free: @autoclosure () -> Int64?) -> Bool {
        guard pages >= shortest, let free = free() else { return false }
        return Int64(pages) * pageBytes > free / 2
    }

    private static func putBack(_ connection: OpaquePointer?) -> Bool {
        sqlite3_busy_timeout(connection, 0)
        defer { sqlite3_busy_timeout(connection, CInt(Store.busySeconds * 1000)) }
        return sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil) == SQLITE_OK
    }

    private static func freeBytes(beside path: UnsafePointer<CChar>?) -> Int64? {
        var figures = statvfs()
        guard let path, statvfs(path, &figures) == 0, figures.f_blocks > 0 else { return nil }
        let (bytes, isMore) = UInt64(figures.f_bavail).multipliedReportingOverflow(by: UInt64(figures.f_frsize))
        return isMore ? .max : Int64(clamping: bytes)
    }
}
