import ChatProtocol
import ChatStore
import FoundationEssentials
import GRDB
import Glibc
import SystemSupport

/// The open SQLite database of a data folder: one writing connection and several readers beside it (WAL).
///
/// Every commit is on the disk when it returns (`synchronous=FULL`).
public final class Store: Sendable {
    public let folder: DataFolder
    let pool: DatabasePool

    /// Opens the store of a prepared folder. Creates or migrates it if necessary; a migration makes a back-up first.
    ///
    /// - Throws: an error in one line. A store of a newer chatty stays unchanged.
    public init(_ folder: DataFolder) throws(UserFacingError) {
        self.folder = folder
        do {
            try Store.makePrivateFile(folder.database)
            try Store.refuseNewer(folder)
            pool = try DatabasePool(path: folder.database, configuration: Store.configuration)
            try Store.migrate(pool, folder)
            // GRDB's WAL mode sets NORMAL, with which a power cut may undo the last commits.
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
                // Each of many conversations writes to a page of its own. With SQLite's 2 MB the pages of 500 conversations are evicted and
                // read again all the time.
                try db.execute(sql: "PRAGMA cache_size = -32768")
                WriteAheadLog.attach(to: db)
            }
        } catch let error as UserFacingError {
            throw error
        } catch {
            throw Store.failure(folder, error)
        }
    }

    /// Checkpoints the log into the database file, which frees room on the disk.
    /// - Returns: whether that was possible.
    func putLogBack() -> Bool { pool.writeWithoutTransaction(WriteAheadLog.putBack) }

    /// Waits for transactions under way, checkpoints the log and closes.
    public func close() throws {
        // The last connection to close checkpoints the log, and a read-only one cannot. GRDB would close those last.
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

    /// Makes the file private. SQLite would make it readable by everybody; its side files take this one's mode.
    private static func makePrivateFile(_ path: String) throws(UserFacingError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw UserFacingError.system("The database \(path) cannot be opened", errno) }
        Glibc.close(descriptor)
    }

    /// Refuses a store of a newer chatty. Reads only: opening a pool changes the file.
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
