import GRDB

/// The version of the linked SQLite, such as `3.40.1`.
public enum SQLiteVersion {
    public static var linked: String {
        // 3040001 is 3.40.1 (https://sqlite.org/c3ref/libversion.html).
        let number = Int(Database.sqliteLibVersionNumber)
        return "\(number / 1_000_000).\(number / 1000 % 1000).\(number % 1000)"
    }
}
