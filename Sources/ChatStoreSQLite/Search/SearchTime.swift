import Dispatch
import GRDB
import GRDBSQLite

/// The time limit of a search. Many prefixes (`a* b* c*`) make SQLite collect all messages again and again.
package enum SearchTime {
    /// The limit of one search.
    package static let limit = DispatchTimeInterval.milliseconds(500)
    /// Steps of SQLite's virtual machine between two checks of the clock; some microseconds.
    private static let steps: CInt = 1000

    /// Runs a search.
    /// - Throws: `DatabaseError` with `SQLITE_INTERRUPT` if the time is over (https://www.sqlite.org/c3ref/progress_handler.html).
    static func bounded<Result>(by limit: DispatchTimeInterval, _ db: Database, _ body: () throws -> Result) rethrows -> Result {
        var deadline = (DispatchTime.now() + limit).uptimeNanoseconds
        return try withUnsafeMutablePointer(to: &deadline) { deadline in
            sqlite3_progress_handler(
                db.sqliteConnection, steps,
                { deadline in
                    guard let deadline else { return 0 }
                    return DispatchTime.now().uptimeNanoseconds > deadline.assumingMemoryBound(to: UInt64.self).pointee ? 1 : 0
                }, deadline)
            defer { sqlite3_progress_handler(db.sqliteConnection, 0, nil, nil) }
            return try body()
        }
    }
}
