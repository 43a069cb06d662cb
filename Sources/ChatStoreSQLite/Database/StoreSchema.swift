import GRDB

/// The tables of the store and the migrations between their versions. A released migration never changes; a further change is a further
/// migration.
enum StoreSchema {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in try db.execute(sql: first) }
        migrator.registerMigration("2") { db in try db.execute(sql: second) }
        migrator.registerMigration("3") { db in try db.execute(sql: third) }
        migrator.registerMigration("4") { db in try db.execute(sql: fourth) }
        migrator.registerMigration("5") { db in try db.execute(sql: fifth) }
        migrator.registerMigration("6") { db in try db.execute(sql: sixth) }
        return migrator
    }()

    // `messages` has one clustered key and no second index: a conversation's messages lie together in their order, and each row is written
    // once.
    // A conversation is a group (its id negated) or a pair of accounts (a row of `pairs`).
    // `sent` holds the nonces of recent messages, for deduplication.
    // `words` is the full-text index. It stores no texts; `indexed` maps each indexed message to its conversation. Both are filled after
    // the commits.
    // `tokens` holds the hashes of resume tokens.
    // A group without members is removed. While its row exists, `folded` holds `-` and its id instead of its name (see GroupRemoval).
    // Times are milliseconds since 1970. A removed account keeps its row, without `folded` and `phc`, as the sender of messages that others
    // still read.
    private static let first = """
        CREATE TABLE accounts(
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, folded TEXT UNIQUE, phc TEXT,
            created INTEGER NOT NULL, last_login INTEGER, blocked INTEGER NOT NULL DEFAULT 0) STRICT;
        CREATE TABLE groups(
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE, founder INTEGER NOT NULL,
            open INTEGER NOT NULL, created INTEGER NOT NULL) STRICT;
        CREATE TABLE members(
            group_id INTEGER NOT NULL, account INTEGER NOT NULL, after INTEGER NOT NULL,
            PRIMARY KEY(group_id, account)) STRICT, WITHOUT ROWID;
        CREATE INDEX members_by_account ON members(account);
        CREATE TABLE invitations(
            group_id INTEGER NOT NULL, account INTEGER NOT NULL, PRIMARY KEY(group_id, account)) STRICT, WITHOUT ROWID;
        CREATE TABLE pairs(
            id INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL, UNIQUE(low, high)) STRICT;
        CREATE INDEX pairs_by_high ON pairs(high);
        CREATE TABLE messages(
            conversation INTEGER NOT NULL, id INTEGER NOT NULL, time INTEGER NOT NULL, sender INTEGER NOT NULL,
            notice INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY(conversation, id)) STRICT, WITHOUT ROWID;
        CREATE TABLE sent(
            message INTEGER PRIMARY KEY, account INTEGER NOT NULL, nonce TEXT NOT NULL, time INTEGER NOT NULL) STRICT;
        CREATE TABLE tokens(
            hash BLOB PRIMARY KEY, account INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX tokens_by_account ON tokens(account);
        CREATE TABLE indexed(id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL) STRICT;
        CREATE VIRTUAL TABLE words USING fts5(text, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2');
        CREATE TABLE lockouts(
            name TEXT PRIMARY KEY, failures INTEGER NOT NULL, blocked_until INTEGER) STRICT, WITHOUT ROWID;
        CREATE TABLE cursors(account INTEGER PRIMARY KEY, message INTEGER NOT NULL) STRICT;
        CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO counters VALUES('last_message', 0), ('last_indexed', 0);
        """

    // Read markers (IRCv3 read-marker). `target` is another account, or a group with its id negated.
    private static let second = """
        CREATE TABLE read_markers(
            account INTEGER NOT NULL, target INTEGER NOT NULL, time INTEGER NOT NULL,
            PRIMARY KEY(account, target)) STRICT, WITHOUT ROWID;
        """

    // The time of a name's last wrong password; the password generation of an account; removed accounts whose data is not deleted
    // completely.
    private static let third = """
        ALTER TABLE lockouts ADD COLUMN last INTEGER NOT NULL DEFAULT 0;
        UPDATE lockouts SET last = CAST(strftime('%s', 'now') AS INTEGER) * 1000;
        ALTER TABLE accounts ADD COLUMN passwords INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE removals(account INTEGER PRIMARY KEY) STRICT;
        """

    // Undelivered ranges: messages with ids after `behind`, up to `up_to`, that a session was sent and did not confirm. `client` is its
    // client's identifier.
    private static let fourth = """
        CREATE TABLE debts(account INTEGER NOT NULL, behind INTEGER NOT NULL, up_to INTEGER NOT NULL, client TEXT) STRICT;
        CREATE INDEX debts_by_account ON debts(account);
        """

    // The index uses the words of SearchText, with their marks. It is rebuilt in the background.
    private static let fifth = """
        DROP TABLE words;
        CREATE VIRTUAL TABLE words USING fts5(
            text, content='', columnsize=0, tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co'");
        DELETE FROM indexed;
        UPDATE counters SET value = 0 WHERE name = 'last_indexed';
        """

    // `entries` holds changes of accounts by other processes, for the running server, which deletes the rows it has applied. The counter
    // `position` is the last position that an entry other than a message has.
    private static let sixth = """
        CREATE TABLE entries(
            position INTEGER PRIMARY KEY, time INTEGER NOT NULL, account INTEGER NOT NULL, name TEXT NOT NULL,
            blocked INTEGER NOT NULL, passwords INTEGER NOT NULL, removed INTEGER NOT NULL) STRICT;
        INSERT INTO counters SELECT 'position', value FROM counters WHERE name = 'last_message';
        ALTER TABLE invitations ADD COLUMN inviter INTEGER NOT NULL DEFAULT 0;
        UPDATE invitations SET inviter = coalesce((SELECT founder FROM groups WHERE id = group_id), 0);
        """
}
