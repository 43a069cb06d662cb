import ChatProtocol
import ChatStore
import FoundationEssentials
import GRDB
import Glibc
import SystemSupport

/// The SQLite file of a data folder, open: one writing connection and several that read beside it (WAL).
///
/// Every commit is on the disk when it returns (`synchronous=FULL`).
public final class Store: Sendable {
    public let folder: DataFolder
    let pool: DatabasePool

    /// Opens the store of a prepared folder, making or migrating it; what an older version wrote is backed up beside it before.
    ///
    /// - Throws: an error in one line; a store of a newer chatty is left as it is.
    public init(_ folder: DataFolder) throws(UserFacingError) {
        self.folder = folder
        do {
            try Store.makePrivateFile(folder.database)
            try Store.refuseNewer(folder)
            pool = try DatabasePool(path: folder.database, configuration: Store.configuration)
            try Store.migrate(pool, folder)
            // GRDB's WAL mode sets NORMAL, with which a power cut may take back the last commits.
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
                // Each of many conversations writes to a page of its own: with SQLite's 2 MB those of 500 went to the log and came back all the time.
                try db.execute(sql: "PRAGMA cache_size = -32768")
                WriteAheadLog.attach(to: db)
            }
        } catch let error as UserFacingError {
            throw error
        } catch {
            throw Store.failure(folder, error)
        }
    }

    /// Puts the log back into the file, which makes room on the disk.
    /// - Returns: whether that was possible.
    func putLogBack() -> Bool { pool.writeWithoutTransaction(WriteAheadLog.putBack) }

    /// Waits for what is under way, puts the log back into the file and closes.
    public func close() throws {
        // The last connection puts the log back, and one that only reads cannot: GRDB would close those last.
        pool.invalidateReadOnlyConnections()
        try pool.close()
    }

    /// How long a connection waits for another one's lock, seconds.
    static let busySeconds = 10.0

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "chatty.store"
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(busySeconds)
        configuration.maximumReaderCount = 4
        return configuration
    }

    /// SQLite would make it readable by everybody; the files beside it take this one's mode.
    private static func makePrivateFile(_ path: String) throws(UserFacingError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw UserFacingError.system("The database \(path) cannot be opened", errno) }
        Glibc.close(descriptor)
    }

    /// Looks without writing: opening a pool alone changes the file.
    private static func refuseNewer(_ folder: DataFolder) throws {
        var configuration = Store.configuration
        configuration.readonly = true
        let queue = try DatabaseQueue(path: folder.database, configuration: configuration)
        let isNewer = try queue.read(StoreSchema.migrator.hasBeenSuperseded)
        try queue.close()
        guard !isNewer else {
            throw UserFacingError(
                "The database in \(folder.path) was made by a newer version of chatty, and was not changed. Install that version.")
        }
    }

    private static func migrate(_ pool: DatabasePool, _ folder: DataFolder) throws {
        let migrator = StoreSchema.migrator
        let applied = try pool.read(migrator.appliedIdentifiers)
        guard applied.count < migrator.migrations.count else { return }
        if !applied.isEmpty {
            if let pid = DataFolderLock.holder(of: folder), pid != getpid() {
                throw UserFacingError(
                    "The database in \(folder.path) has an older format and is in use by the server with pid \(pid). Stop that server first."
                )
            }
            try backUp(pool, to: folder.database + ".before-\(migrator.migrations[applied.count])")
        }
        try migrator.migrate(pool)
    }

    private static func backUp(_ pool: DatabasePool, to path: String) throws {
        let unfinished = path + ".part"
        if unlink(unfinished) != 0, errno != ENOENT { throw UserFacingError.system("The back-up \(path) cannot be made", errno) }
        try makePrivateFile(unfinished)
        try pool.backup(to: DatabaseQueue(path: unfinished))
        guard rename(unfinished, path) == 0 else { throw UserFacingError.system("The back-up \(path) cannot be made", errno) }
    }

    static func failure(_ folder: DataFolder, _ error: any Error) -> UserFacingError {
        guard let error = error as? DatabaseError else { return UserFacingError("The database in \(folder.path) cannot be used: \(error)") }
        return UserFacingError(
            "The database in \(folder.path) cannot be used: \(error.message ?? "SQLite error \(error.resultCode.rawValue)")")
    }
}
