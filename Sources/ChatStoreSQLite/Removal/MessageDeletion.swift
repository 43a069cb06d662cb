import GRDB

/// Deletes messages together with their words in the index and their nonces.
enum MessageDeletion {
    /// Deletes messages of one conversation.
    /// - Parameters:
    ///   - rows: id and text of each message.
    static func delete(_ rows: [Row], from conversation: Int64, _ db: Database) throws {
        let message = try db.cachedStatement(sql: "DELETE FROM messages WHERE conversation = ? AND id = ?")
        let indexed = try db.cachedStatement(sql: "DELETE FROM indexed WHERE id = ?")
        // The index stores no texts, so it needs the text to delete its words (https://www.sqlite.org/fts5.html#the_delete_command).
        let words = try db.cachedStatement(sql: "INSERT INTO words(words, rowid, text) VALUES('delete', ?, ?)")
        let sent = try db.cachedStatement(sql: "DELETE FROM sent WHERE message = ?")
        for row in rows {
            let id: Int64 = row[0]
            let text: String = row[1]
            try message.execute(arguments: [conversation, id])
            try sent.execute(arguments: [id])
            try indexed.execute(arguments: [id])
            if db.changesCount == 1 { try words.execute(arguments: [id, SearchText.folded(text)]) }
        }
    }
}
