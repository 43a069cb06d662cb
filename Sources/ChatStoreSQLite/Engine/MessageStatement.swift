import ChatStore
import GRDB
import GRDBSQLite

/// The statement that inserts a message. It runs for each of them, so its values are bound in place. GRDB's own arguments would box each
/// value and copy the text, which takes longer than SQLite's work.
///
/// Belongs to the writing connection.
struct MessageStatement {
    private let statement: Statement

    init(_ db: Database) throws { statement = try db.makeStatement(sql: "INSERT INTO messages VALUES(?, ?, ?, ?, ?, ?)") }

    /// - Throws: `DatabaseError`. Nothing is inserted then.
    func store(_ message: ChatMessage, conversation: Int64, _ db: Database) throws {
        let raw = statement.sqliteStatement
        // Binding a number to a reset statement cannot fail.
        sqlite3_bind_int64(raw, 1, conversation)
        sqlite3_bind_int64(raw, 2, message.id.rawValue)
        sqlite3_bind_int64(raw, 3, message.time.milliseconds)
        sqlite3_bind_int64(raw, 4, message.sender.rawValue)
        sqlite3_bind_int64(raw, 5, message.isNotice ? 1 : 0)
        var text = message.text
        let code = text.withUTF8 { utf8 -> CInt in
            // An empty text has no address, which SQLite would take for NULL.
            let bound = utf8.baseAddress.map { start in
                // Not copied: the text stays in place until the statement is reset (nil: SQLITE_STATIC).
                start.withMemoryRebound(to: CChar.self, capacity: utf8.count) { sqlite3_bind_text(raw, 6, $0, CInt(utf8.count), nil) }
            }
            let code = bound ?? sqlite3_bind_text(raw, 6, "", 0, nil)
            let result = code == SQLITE_OK ? sqlite3_step(raw) : code
            // The result repeats the step's error, which is known.
            sqlite3_reset(raw)
            sqlite3_clear_bindings(raw)
            return result
        }
        guard code == SQLITE_DONE else {
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: db.lastErrorMessage)
        }
    }
}
