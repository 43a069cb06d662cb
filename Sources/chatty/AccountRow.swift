import ChatProtocol
import ChatServer
import ChatStoreSQLite

/// One account as `chatty users list` shows it.
struct AccountRow {
    private let record: AccountBook.Record

    init(_ record: AccountBook.Record) { self.record = record }

    /// One JSON object and a line end.
    var json: String {
        func time(_ time: Timestamp?) -> String { time.map { JSONText.quoted($0.iso8601) } ?? "null" }
        return
            "{\"name\":\(JSONText.quoted(record.name.text)),\"created\":\(time(record.created)),\"last_login\":\(time(record.lastLogin)),"
            + "\"active\":\(record.isActive),\"blocked\":\(record.isBlocked)}\n"
    }

    /// The JSON object of an active account in a server's reply, without a line end; nil for other replies.
    static func json(_ reply: Reply) -> String? {
        guard case .activeUser(let name, let since, let isAway) = reply else { return nil }
        return
            "{\"name\":\(JSONText.quoted(name)),\"active\":true,\"active_since\":\(JSONText.quoted(since.iso8601)),\"away\":\(isAway)}"
    }

    /// A table with column headings; empty if there is no account.
    static func table(_ rows: [AccountRow]) -> String {
        guard !rows.isEmpty else { return "" }
        let cells = [["name", "created", "last login", "active", "blocked"]] + rows.map(\.cells)
        let widths = cells[0].indices.map { column in cells.map { $0[column].utf8.count }.max() ?? 0 }
        return cells.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) { line += cell + String(repeating: " ", count: width - cell.utf8.count + 2) }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    private var cells: [String] {
        [
            record.name.text, record.created.description, record.lastLogin?.description ?? "never", record.isActive ? "yes" : "no",
            record.isBlocked ? "yes" : "no",
        ]
    }
}
