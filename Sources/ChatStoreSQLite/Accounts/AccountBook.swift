import ChatProtocol
import ChatStore
import Foundation
import GRDB
import NIOConcurrencyHelpers
import SystemSupport

/// The administration of a store's accounts, for `chatty users` and the start of a server. A running server follows each change within a
/// moment.
public struct AccountBook: Sendable {
    /// An account as its administrator sees it.
    public struct Record: Hashable, Sendable {
        public let account: Account
        public let created: Timestamp
        public let lastLogin: Timestamp?
        /// Whether the account has a session on the server that runs on the folder.
        public let isActive: Bool

        public var name: Name { account.name }
        public var isBlocked: Bool { account.isBlocked }
    }

    /// The result of adding a list of accounts.
    public struct Imported: Equatable, Sendable {
        public var added: [Name] = []
        /// Names that had an account already, which is unchanged.
        public var present: [Name] = []
    }

    let store: Store
    let cost: PasswordHash.Cost

    public init(_ store: Store) { self.init(store, cost: .standard) }

    package init(_ store: Store, cost: PasswordHash.Cost) {
        self.store = store
        self.cost = cost
    }

    /// All accounts, by name.
    public func list() throws(UserFacingError) -> [Record] {
        let active = ActiveAccounts.read(store.folder)
        return try reading { db in
            try Row.fetchAll(
                db, sql: "SELECT id, name, blocked, passwords, created, last_login FROM accounts WHERE folded IS NOT NULL ORDER BY folded"
            ).compactMap { row in
                Store.account(row).map { account in
                    Record(
                        account: account, created: Timestamp(milliseconds: row[4]),
                        lastLogin: (row[5] as Int64?).map(Timestamp.init(milliseconds:)), isActive: active.contains(account.id))
                }
            }
        }
    }

    /// Adds accounts that share one password; none if one of the names is taken.
    public func add(_ names: [Name], password: String, at now: Timestamp) throws(UserFacingError) {
        try AccountBook.check(password)
        var phc: [String] = []
        for _ in names { phc.append(try hash(password)) }
        try writing { db in
            for (name, phc) in zip(names, phc) {
                guard try AccountBook.insert(name, phc, now, db) else { throw UserFacingError("There is an account \(name) already.") }
            }
        }
    }

    /// Adds the entries whose names have no account yet, each with its own password. Passwords are hashed on all cores.
    public func add(_ entries: [CredentialsFile.Entry], at now: Timestamp) throws(UserFacingError) -> Imported {
        let known = Set(try list().map(\.name))
        let new = entries.filter { !known.contains($0.name) }
        let hashes = try hashes(of: new.map(\.password))
        var result = Imported(added: [], present: entries.filter { known.contains($0.name) }.map(\.name))
        guard !new.isEmpty else { return result }
        result = try writing { db in
            var result = result
            for (entry, phc) in zip(new, hashes) {
                if try AccountBook.insert(entry.name, phc, now, db) {
                    result.added.append(entry.name)
                } else {
                    result.present.append(entry.name)
                }
            }
            return result
        }
        return result
    }

    /// Sets an account's password. All its sessions and tokens end.
    public func setPassword(of name: Name, to password: String) throws(UserFacingError) {
        try AccountBook.check(password)
        let phc = try hash(password)
        try writing { db in
            guard let id = try Int64.fetchOne(db, sql: "SELECT id FROM accounts WHERE folded = ?", arguments: [name.folded]) else {
                throw AccountBook.noAccount(name)
            }
            _ = try Store.setPassword(of: AccountID(rawValue: id), to: phc, db)
            try EntryTable.appendAccount(id, at: EventTime.now.wall, db)
        }
    }

    /// Blocks or unblocks an account. A blocked account cannot log in, its sessions are closed, and its tokens are deleted.
    public func setBlocked(_ name: Name, _ isBlocked: Bool) throws(UserFacingError) {
        try writing { db in
            guard let id = try Int64.fetchOne(db, sql: "SELECT id FROM accounts WHERE folded = ?", arguments: [name.folded]) else {
                throw AccountBook.noAccount(name)
            }
            try db.execute(sql: "UPDATE accounts SET blocked = ? WHERE id = ?", arguments: [isBlocked, id])
            if isBlocked { try db.execute(sql: "DELETE FROM tokens WHERE account = ?", arguments: [id]) }
            try EntryTable.appendAccount(id, at: EventTime.now.wall, db)
        }
    }

    /// Removes an account; see ``AccountRemoval``. It is unusable at once. If the deletion of its data is interrupted, the next call or a
    /// server continues it.
    public func remove(_ name: Name) throws(UserFacingError) {
        let removed = try writing { db in
            if let id = try Int64.fetchOne(db, sql: "SELECT id FROM accounts WHERE folded = ?", arguments: [name.folded]) {
                try AccountRemoval.begin(of: id, name, db)
                try EntryTable.append(.accountRemoved(AccountID(rawValue: id)), at: EventTime.now.wall, db)
            }
            let unfinished = try AccountRemoval.unfinished(db).filter { Name.fold($0.name) == name.folded }
            guard !unfinished.isEmpty else { throw AccountBook.noAccount(name) }
            return unfinished.map(\.account)
        }
        let isServed = DataFolderLock.holder(of: store.folder) != nil
        for account in removed {
            var removal = AccountRemoval(of: account)
            while try step(&removal) {
                // A server that waits for the write lock polls it now and then. The pauses leave the store free most of the time.
                if isServed { usleep(AccountBook.pause) }
            }
        }
    }

    /// The pause between two steps, microseconds: several times the length of a step.
    private static let pause: UInt32 = 20_000

    private func step(_ removal: inout AccountRemoval) throws(UserFacingError) -> Bool {
        do {
            return try store.pool.writeWithoutTransaction { db in try removal.work(db) }
        } catch {
            throw Store.failure(store.folder, error)
        }
    }

    static func insert(_ name: Name, _ phc: String, _ now: Timestamp, _ db: Database) throws -> Bool {
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO accounts(name, folded, phc, created) VALUES(?, ?, ?, ?)")
            .execute(arguments: [name.text, name.folded, phc, now.milliseconds])
        guard db.changesCount == 1 else { return false }
        try EntryTable.appendAccount(db.lastInsertedRowID, at: now, db)
        return true
    }

    private static func noAccount(_ name: Name) -> UserFacingError { UserFacingError("There is no account \(name).") }

    private static func check(_ password: String) throws(UserFacingError) {
        if let defect = PasswordRule.defect(of: password) { throw UserFacingError(defect.text) }
    }

    private func hash(_ password: String) throws(UserFacingError) -> String {
        do { return try PasswordHash(of: password, cost: cost).text } catch {
            throw UserFacingError("The password cannot be hashed: \(error)")
        }
    }

    private func hashes(of passwords: [String]) throws(UserFacingError) -> [String] {
        let results = NIOLockedValueBox([String?](repeating: nil, count: passwords.count))
        DispatchQueue.concurrentPerform(iterations: passwords.count) { index in
            let text = try? PasswordHash(of: passwords[index], cost: cost).text
            results.withLockedValue { $0[index] = text }
        }
        let hashes = results.withLockedValue { $0.compactMap(\.self) }
        guard hashes.count == passwords.count else { throw UserFacingError("The passwords cannot be hashed: there is not enough memory.") }
        return hashes
    }

    private func reading<Value>(_ body: (Database) throws -> Value) throws(UserFacingError) -> Value {
        do { return try store.pool.read(body) } catch { throw Store.failure(store.folder, error) }
    }

    func writing<Value>(_ body: (Database) throws -> Value) throws(UserFacingError) -> Value {
        do {
            return try store.pool.writeWithoutTransaction { db in
                var result: Value?
                try db.inTransaction(.immediate) {
                    result = try body(db)
                    return .commit
                }
                guard let result else { throw UserFacingError("The database gave no answer.") }
                return result
            }
        } catch let error as UserFacingError {
            throw error
        } catch {
            throw Store.failure(store.folder, error)
        }
    }
}
