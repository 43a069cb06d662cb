import GRDB
import GRDBSQLite
import Glibc

/// When SQLite's log of changes is put back into the file (a checkpoint), in place of `PRAGMA wal_autocheckpoint`, which knows only a number of pages
/// (https://www.sqlite.org/wal.html#ckpt).
///
/// A long log is fast, for a page that is written again and again goes into the file once. But it takes ten times the room of what it holds and more, and where
/// it has taken the last of a disk the file cannot grow by what the log would put back: neither can shrink. So it is put back before it is longer than half of
/// the room that is left.
enum WriteAheadLog {
    /// Pages, where there is room: 32 MiB.
    private static let longest = 8192
    /// Pages that are not worth a look at the room.
    private static let shortest = 32
    private static let pageBytes: Int64 = 4096

    /// Takes charge of the log of `db`, the writing connection, as long as that is open.
    static func attach(to db: Database) {
        // Called after each commit, without a lock, with the number of pages in the log; it may write and put the log back.
        sqlite3_wal_hook(
            db.sqliteConnection,
            { _, connection, schema, pages in
                guard let connection else { return SQLITE_OK }
                let path = sqlite3_db_filename(connection, schema)
                if pages >= WriteAheadLog.longest {
                    // What a reader still needs stays, and is put back after a later commit.
                    sqlite3_wal_checkpoint_v2(connection, schema, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
                } else if WriteAheadLog.isDue(pages: Int(pages), free: WriteAheadLog.freeBytes(beside: path)) {
                    _ = WriteAheadLog.putBack(connection)
                }
                // Nothing is lost of a log that cannot be put back now, and the commit is done.
                return SQLITE_OK
            }, nil)
    }

    /// Puts all of it back into the file and gives its room to the disk; waits for nobody who reads.
    /// - Returns: whether that was possible.
    static func putBack(_ db: Database) -> Bool { putBack(db.sqliteConnection) }

    /// Whether a log of so many pages has become long for the room that is left, in bytes; nil where that is not known.
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
