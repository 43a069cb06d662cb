import ChatClient
import ChatServer
import ChatStoreSQLite

/// `chatty --version`.
enum VersionText {
    static func text() -> String {
        """
        chatty \(Product.version)
        Copyright (C) the chatty authors. Licence: \(Product.licence)
        There is no warranty, to the extent permitted by law.
        Linked with readline \(ReadlineVersion.linked), SQLite \(SQLiteVersion.linked).

        """
    }
}
